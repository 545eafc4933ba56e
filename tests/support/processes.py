"""Looking at processes, and waiting for something to become true."""

import time
from collections.abc import Callable
from pathlib import Path


def until(true: Callable[[], object], *, seconds: float = 15, what: str = "it") -> None:
    """Wait until ``true()``; fail with words after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def processes_naming(words: str) -> list[int]:
    """Return the running processes whose command line or environment contains the words."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if words.encode() in text and is_alive(int(folder.name)):
            found.append(int(folder.name))
    return found
