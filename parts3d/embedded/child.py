"""Run a program that dies with its parent: ``python -IS child.py PARENT_PID PROGRAM ARG…``.

Run as a file, with the standard library only: it is started for every child and must cost
next to nothing. Linux's parent-death signal survives the ``exec`` and is not inherited, so
a child that starts children of its own ties them in the same way.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, then become the program."""
    parent = int(arguments[0])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died before the tie was made.
    if os.getppid() != parent:
        sys.exit(1)
    os.execvp(arguments[1], arguments[1:])  # noqa: S606  # the program is the caller's choice


if __name__ == "__main__":
    main(sys.argv[1:])
