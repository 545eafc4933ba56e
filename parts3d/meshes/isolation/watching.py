"""The parent's eyes on a child: its stages, its memory, its time, and what it leaves behind."""

import os
import re
import select
import stat
import time
from collections.abc import Callable
from pathlib import Path

from parts3d.meshes.isolation.deaths import Death

_STAGE = re.compile(rb"[a-z_]{1,40}")
_STAGE_BYTES = 64_000
_LOOK_EVERY_MS = 20
_ENDING_SECONDS = 0.002


def watch(
    pid: int,
    stages_fd: int,
    ended: Callable[[], bool],
    *,
    until: float,
    resident_bytes: int,
    on_stage: Callable[[str], None] | None,
) -> tuple[Death | None, int]:
    """Wait until a child ends or passes a limit.

    Args:
        pid: the child; its descendants count with it.
        stages_fd: the pipe on which it says its stages, a line each; what else comes is ignored.
        ended: whether it has ended.
        until: when it must have, by ``time.monotonic``.
        resident_bytes: the most memory that it may have resident.
        on_stage: is told each stage.

    Returns:
        The limit that it passed, None if it ended before, and the most memory that was seen.
    """
    poller = select.poll()
    poller.register(stages_fd, select.POLLIN | select.POLLHUP)
    is_open, heard, pending, peak = True, 0, b"", 0
    while not ended():
        if not is_open:
            time.sleep(_ENDING_SECONDS)
        elif poller.poll(_LOOK_EVERY_MS):
            said = os.read(stages_fd, 4096)
            is_open, heard = bool(said), heard + len(said)
            *lines, pending = (pending + said).split(b"\n")
            pending = pending[-100:]
            if on_stage and heard <= _STAGE_BYTES:
                for line in filter(_STAGE.fullmatch, lines):
                    on_stage(line.decode())
        peak = max(peak, _resident_bytes(pid))
        if peak > resident_bytes:
            return Death.MEMORY, peak
        if time.monotonic() > until:
            return Death.WALL, peak
    return None, peak


def _resident_bytes(pid: int) -> int:
    """Return the most that a process and its descendants had resident; 0 without /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has just ended
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)  # a process that is ending has none
    own = 1024 * int(found[1]) if found else 0
    return own + sum(_resident_bytes(int(child)) for child in children)


def read_left(path: Path, most: int) -> bytes | None:
    """Return a file that a child left, None where it is none, a link, or longer than agreed."""
    try:
        # A child that was taken over may have left a pipe or a link to a file of ours.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        content = file.read(most + 1)
    return content if len(content) <= most else None
