"""How many examples a property is tried with: few in ``make test``, many in ``make examples``."""

import os

from hypothesis import settings

LONG = bool(os.environ.get("PARTS3D_TEST_LONG"))
_MORE = 40


def examples(few: int) -> settings:
    """Return settings for a costly property, with so many examples in the short run."""
    return settings(max_examples=_MORE * few if LONG else few)
