"""The memory of a virtual printer: a folder on disk, which outlives the agent's process.

=================  ================================================================
``files/``         what was uploaded
``starts.log``     one JSON line for every start, appended and synced: *the* start
``device.json``    session, and how each job since then has paused or ended
``control.json``   orders from outside: see ``Control``
``camera.jpg``     what its camera sees; no file, no camera
=================  ================================================================

A start is one append of one line, so a kill at any moment leaves it either done or not done,
as with a real printer: the running job is the last line whose end is not recorded.
"""

import json
import os
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

HISTORY_JOBS = 50


class Control(BaseModel):
    """What ``control.json`` may say. A missing file or key means: behave."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fail_at: float | None = None  # fail at this progress (0 to 1), once
    stall_at: float | None = None  # stand still at this progress while it is set
    vanish_at: float | None = None  # stop answering from this progress on while it is set
    offline: bool = False  # do not answer while it is set
    reboot: bool = False  # lose the print and the memory, once
    lose_start_answer: bool = False  # start, but let the answer get lost, once
    ignore_start: bool = False  # neither start nor answer, once
    damage_upload: bool = False  # let the next upload arrive short, once


class Start(BaseModel):
    """One line of ``starts.log``. Times are the device's clock, in seconds."""

    number: int
    file_name: str
    sha256: str
    session: str
    started_at: float
    total_seconds: float  # of the model, before the speed factor
    preparing_seconds: float


class Course(BaseModel):
    """How a started job has gone on, beyond the passing of time."""

    lost_seconds: float = 0.0  # real seconds spent paused or stalled
    stopped_at: float | None = None  # since when it is paused or stalled
    paused: bool = False  # by order; a stall is not a pause
    outcome: str | None = None
    ended_at: float | None = None
    detail: str | None = None


class Memory(BaseModel):
    """``device.json``."""

    session: str = Field(default_factory=lambda: secrets.token_hex(8))
    first_start: int = 0  # starts before this line belong to an earlier session
    courses: dict[int, Course] = Field(default_factory=dict)


class DeviceFolder:
    """Reads and writes a virtual printer's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        self._starts = folder / "starts.log"
        self._read: list[Start] = []
        self._read_bytes = -1

    def control(self) -> Control:
        """Read the orders from outside; a half-written file counts as none."""
        try:
            return Control.model_validate_json((self.folder / "control.json").read_bytes())
        except (FileNotFoundError, ValidationError):
            return Control()

    def obey_once(self, control: Control, order: str) -> None:
        """Strike out an order that has been obeyed."""
        left = control.model_dump(exclude_defaults=True, exclude={order})
        self._replace("control.json", json.dumps(left))

    def picture(self) -> bytes | None:
        """What the camera sees now."""
        try:
            return (self.folder / "camera.jpg").read_bytes()
        except FileNotFoundError:
            return None

    def memory(self) -> Memory:
        """Read ``device.json``; a fresh folder gets a fresh session."""
        try:
            return Memory.model_validate_json((self.folder / "device.json").read_bytes())
        except (FileNotFoundError, ValidationError):
            memory = Memory(first_start=len(self.starts()))
            self.remember(memory)
            return memory

    def remember(self, memory: Memory) -> None:
        """Write ``device.json`` in one piece; only the newest jobs are kept."""
        for number in sorted(memory.courses)[:-HISTORY_JOBS]:
            del memory.courses[number]
        self._replace("device.json", memory.model_dump_json())

    def starts(self) -> list[Start]:
        """Every start there ever was, oldest first."""
        try:
            size = self._starts.stat().st_size
        except FileNotFoundError:
            return []
        # The file only ever grows, so its size tells whether there is anything new.
        if size != self._read_bytes:
            # A torn last line has no newline behind it: that start did not happen.
            lines = self._starts.read_bytes().split(b"\n")[:-1]
            self._read = [start for line in lines if (start := _start_of(line)) is not None]
            self._read_bytes = size
        return list(self._read)

    def append_start(self, start: Start) -> None:
        """The start itself: one synced line."""
        line = start.model_dump_json().encode() + b"\n"
        handle = os.open(self._starts, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                line = b"\n" + line  # a torn line is closed off, and stays unread
            os.write(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)

    def _replace(self, name: str, text: str) -> None:
        draft = self.folder / f".{name}.{secrets.token_hex(4)}"
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / name)


def _start_of(line: bytes) -> Start | None:
    try:
        return Start.model_validate_json(line)
    except ValidationError:
        return None
