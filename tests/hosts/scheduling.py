"""A brand's tests stay with one worker, so that one host serves them all, one after the other.

What ``--dist loadgroup`` is for; but pytest-xdist 3.8 writes its groups into an attribute that
pytest 9.2 no longer reads, and silently spreads them.
"""

import re
from collections.abc import Collection

from xdist.scheduler.loadscope import LoadScopeScheduling

_PARAMETERS = re.compile(r"\[(.+)\]$")


class BrandScheduling(LoadScopeScheduling):
    """A brand that shares its host is one unit of work; of the rest, each file is."""

    brands: Collection[str] = ()

    def _split_scope(self, nodeid: str) -> str:
        found = _PARAMETERS.search(nodeid)
        words = found[1].split("-") if found else []
        shared = (word for word in words if word in self.brands)
        # Everything else by its file, whose tests may share what they have started.
        return next(shared, super()._split_scope(nodeid))
