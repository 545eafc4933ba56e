"""Which agents are new enough for new work. Pure.

An older one keeps what it has: it prints on, reports, and hears why nothing new comes.
"""

import re

_NUMBER = re.compile(r"\d+")


def new_enough(version: str | None, least: str) -> bool:
    """Tell whether a version is at least another, number by number; no least: all are.

    A version that nobody has told is too old; what follows the numbers (``rc1``) is not looked at.
    """
    if not least.strip():
        return True
    return version is not None and _numbers(version) >= _numbers(least)


def too_old(version: str | None, least: str) -> str:
    """Return what the shop is told."""
    return (
        f"This agent ({version or 'of an unknown version'}) is older than {least}, which this "
        "network asks for: it gets no new work until it is updated. A print that runs goes on."
    )


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(found) for found in _NUMBER.findall(version.partition("+")[0])[:3]]
    return tuple([*numbers, 0, 0, 0][:3])
