"""A brand's tests stay with one worker, so that one host serves them all, one after the other.

What ``--dist loadgroup`` is for; but pytest-xdist 3.8 writes its groups into an attribute that
pytest 9.2 no longer reads, and silently spreads them.
"""

import re
from collections.abc import Collection

from xdist.scheduler.loadscope import LoadScopeScheduling

_PARAMETERS = re.compile(r"\[(.+)\]$")


class BrandScheduling(LoadScopeScheduling):
    """Like ``load``, but for the tests of a brand that shares its host."""

    brands: Collection[str] = ()

    def _split_scope(self, nodeid: str) -> str:
        found = _PARAMETERS.search(nodeid)
        words = found[1].split("-") if found else []
        return next((word for word in words if word in self.brands), nodeid)
