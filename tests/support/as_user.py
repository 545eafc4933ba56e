"""Become a user, tie to the parent, run: ``python -IS as_user.py PARENT UID GID PROGRAM ARG…``.

PostgreSQL refuses to run as root. The user changes before the parent-death signal is set,
for the kernel forgets the signal when the user changes; and all is imported before that,
for the new user may not be able to read this Python.
"""

import ctypes
import os
import signal
import sys

libc = ctypes.CDLL(None)
parent, uid, gid = map(int, sys.argv[1:4])
if os.geteuid() == 0 and uid != 0:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
if sys.platform == "linux":
    # SIGQUIT is PostgreSQL's immediate shutdown: it takes its own children along.
    libc.prctl(1, signal.SIGQUIT)
if os.getppid() != parent:
    sys.exit(1)
os.chdir("/")
os.execv(sys.argv[4], sys.argv[4:])  # noqa: S606  # the tests' own command
