"""The first step of a sandboxed program: limits, then the program itself.

Run as a file by ``sandbox.py`` (``python -I -S sandbox_launch.py JSON``), so that nothing
happens between fork and exec in a server with threads. Imports nothing of ours.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000


def confine(order: dict[str, int]) -> None:
    """Set the limits on this process; the program started after it inherits them."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        # No network. Best effort: a container may forbid namespaces.
        flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWNET | CLONE_NEWUSER
        libc.unshare(flags)
    if os.getppid() != order["parent_pid"]:
        # The parent died before the death signal was set.
        sys.exit(125)
    for limit, value in (
        (resource.RLIMIT_CPU, order["cpu_seconds"]),
        (resource.RLIMIT_FSIZE, order["file_bytes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))
    with contextlib.suppress(OSError):
        os.nice(order["nice"])
    # Python ignores these two, and what is ignored stays so in the program.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def main() -> None:
    """Confine this process and become the program; exit 127 when it cannot be started."""
    order = json.loads(sys.argv[1])
    confine(order["limits"])
    argv = order["argv"]
    try:
        os.execve(argv[0], argv, dict(os.environ))  # noqa: S606  # no shell, by purpose
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error.strerror}\n")
        sys.exit(127)


if __name__ == "__main__":
    main()
