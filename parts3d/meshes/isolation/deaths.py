"""How a child ended that gave no answer, in words for the person who uploaded the file."""

import signal
from enum import StrEnum

from parts3d.errors import Unreadable

_SHELL_SIGNAL = 128  # bubblewrap and shells give 128 + signal as exit code


class Death(StrEnum):
    """What ended the child."""

    WALL = "wall"
    PROCESSOR = "processor"
    MEMORY = "memory"
    CRASH = "crash"


def by_exit_code(code: int) -> Death:
    """Return what an exit code other than 0 means (negative: the signal that ended it)."""
    number = -code if code < 0 else code - _SHELL_SIGNAL
    # At the hard limit on processor time the kernel sends SIGKILL, and so it does without memory.
    if number in {signal.SIGXCPU, signal.SIGKILL}:
        return Death.PROCESSOR if number == signal.SIGXCPU else Death.MEMORY
    return Death.CRASH


def refusal(death: Death, wall_seconds: float, cpu_seconds: int) -> Unreadable:
    """Return the refusal that says which limit was passed, and what to do."""
    coarser = "Export the model again with a coarser resolution."
    if death is Death.WALL:
        return Unreadable(
            f"The check of this file took too long: it was stopped after {wall_seconds:g} s. "
            f"{coarser}",
            code="check_took_too_long",
        )
    if death is Death.PROCESSOR:
        return Unreadable(
            f"The check of this file took too long: it was stopped after {cpu_seconds} s of "
            f"processor time. {coarser}",
            code="check_took_too_long",
        )
    if death is Death.MEMORY:
        return Unreadable(
            f"The check of this file needs more memory than it may have. {coarser}",
            code="check_needs_too_much_memory",
        )
    return Unreadable(
        "The check of this file stopped halfway; the file is damaged in an unusual way. Export "
        "the model again from the drawing program.",
        code="check_stopped",
    )
