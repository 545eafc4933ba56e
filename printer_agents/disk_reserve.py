"""Room on the disk that is kept for the journal: given up when the disk fills.

A full disk lets nothing new start. What prints goes on, and its events are still written: into the
room that this file held. It is taken again once there is plenty.
"""

import contextlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger("parts3d.agent")

# Room for the journal's write-ahead log, some times over, and for days of events.
RESERVE_BYTES = 4 << 20
# With less than this beside it, the reserve is given up; with so much, it is taken again.
LEAST_FREE_BYTES = 1 << 20
PLENTY_BYTES = 32 << 20
FULL = "The agent's disk is full: nothing new is started. Remove old files."


def free_bytes(folder: Path) -> int:
    """Return what is free on the disk of a folder."""
    return shutil.disk_usage(folder).free


class DiskReserve:
    """One file that takes up room. ``free`` tells how much is left beside it, in bytes."""

    def __init__(self, path: Path, free: Callable[[Path], int] = free_bytes) -> None:
        self._path = path
        self._free = free
        self.held = False
        self.take()
        self.watch()

    def take(self) -> None:
        """Take the room up, where there is plenty; a reserve of an earlier life is kept."""
        with contextlib.suppress(OSError):  # not now: it is tried again
            kept = self._path.exists() and self._path.stat().st_size >= RESERVE_BYTES
            if not kept and self._free(self._path.parent) >= PLENTY_BYTES:
                with self._path.open("wb") as file:
                    _take_up(file.fileno())
                kept = True
            self.held = kept

    def watch(self) -> None:
        """Give the room up if little else is left."""
        with contextlib.suppress(OSError):
            if self.held and self._free(self._path.parent) < LEAST_FREE_BYTES:
                self.give_up()

    def hear(self, fault: sqlite3.Error) -> None:
        """SQLite could not write: on a full disk, its next life has more room."""
        if getattr(fault, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            self.give_up()

    def give_up(self) -> None:
        """Give the room to the journal."""
        if self.held:
            log.error("%s What prints goes on and is reported.", FULL)
        self.held = False
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def _take_up(file: int) -> None:
    if hasattr(os, "posix_fallocate"):  # at once, and really: not when it is written out
        os.posix_fallocate(file, 0, RESERVE_BYTES)
    else:
        os.write(file, bytes(RESERVE_BYTES))
        os.fsync(file)
