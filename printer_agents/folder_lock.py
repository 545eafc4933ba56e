"""One agent a data folder: two on the same journal would both believe it."""

import sys
from io import TextIOWrapper
from pathlib import Path

from printer_agents.errors import JournalFault


def lock_folder(data_dir: Path) -> TextIOWrapper:
    """Take the folder; the returned file holds it until it is closed or the process ends.

    Raises:
        JournalFault: another agent holds it, or the folder cannot be written.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        file = (data_dir / "agent.lock").open("a", encoding="ascii")
    except OSError as fault:
        raise JournalFault(f"{data_dir}: cannot be written: {fault.strerror or fault}.") from fault
    if sys.platform == "win32":
        return file
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        file.close()
        raise JournalFault(f"{data_dir}: another agent already runs on this folder.") from fault
    return file
