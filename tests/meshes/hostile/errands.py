"""Errands of a child that was taken over: each tries one thing that a check never needs."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel

from parts3d.meshes.isolation.errands import Desk, Errand

HERE = "tests.meshes.hostile.errands"


class Attempt(BaseModel):
    what: str
    path: str = ""


class Outcome(BaseModel):
    said: str


def _network(_: Attempt) -> str:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
    return "connected"


def _program(_: Attempt) -> str:
    subprocess.run([sys.executable, "-c", ""], check=True)
    return "run"


def _fork(_: Attempt) -> str:
    if os.fork() == 0:
        os._exit(0)
    return "forked"


def _kill_the_parent(_: Attempt) -> str:
    os.kill(os.getppid(), signal.SIGTERM)
    return "killed"


def _thread(_: Attempt) -> str:
    done: list[str] = []
    thread = threading.Thread(target=done.append, args=("a thread ran",))
    thread.start()
    thread.join()
    return done[0]


def _environment(_: Attempt) -> str:
    return " ".join(sorted(os.environ))


def _environment_of_all(_: Attempt) -> str:
    seen = b""
    for process in Path("/proc").glob("[0-9]*/environ"):
        try:
            seen += process.read_bytes()
        except OSError:
            continue
    return seen.replace(b"\0", b" ").decode("utf-8", "replace")


def _read(attempt: Attempt) -> str:
    return Path(attempt.path).read_text()


def _write(attempt: Attempt) -> str:
    Path(attempt.path).write_text("was here")
    return "written"


def _memory(_: Attempt) -> str:
    held = [bytearray(b"x" * 10_000_000) for _ in range(1000)]
    return str(len(held))


def _mapped_memory(attempt: Attempt) -> str:
    # Shared memory counts as no data of the process: only the parent's look at it finds it.
    import mmap

    held = mmap.mmap(-1, int(attempt.path))
    for at in range(0, len(held), 4096):
        held[at] = 1
    time.sleep(60)
    return "held"


def _processor(_: Attempt) -> str:
    while True:
        pass


def _sleep(_: Attempt) -> str:
    time.sleep(60)
    return "slept"


def _die(attempt: Attempt) -> str:
    os.write(2, b"the library's last words\n")
    signal.signal(int(attempt.path), signal.SIG_DFL)
    signal.raise_signal(int(attempt.path))
    return "alive"


def _raise(_: Attempt) -> str:
    raise LookupError("a fault of ours")


def _print_stages(_: Attempt) -> str:
    sys.stdout.write("printed_by_a_library\n")
    sys.stdout.flush()
    return "printed"


_ATTEMPTS: dict[str, Callable[[Attempt], str]] = {
    "network": _network,
    "program": _program,
    "fork": _fork,
    "kill the parent": _kill_the_parent,
    "thread": _thread,
    "environment": _environment,
    "environment of all": _environment_of_all,
    "read": _read,
    "write": _write,
    "memory": _memory,
    "mapped memory": _mapped_memory,
    "processor": _processor,
    "sleep": _sleep,
    "die": _die,
    "raise": _raise,
    "print": _print_stages,
}


def _try(data: bytes, attempt: Attempt, desk: Desk) -> Outcome:
    desk.stage("trying")
    del data
    try:
        return Outcome(said=_ATTEMPTS[attempt.what](attempt))
    except OSError as refused:
        return Outcome(said=f"refused: {type(refused).__name__}")


TRY = Errand(at=f"{HERE}:TRY", orders=Attempt, answer=Outcome, run=_try)


def _leave(data: bytes, attempt: Attempt, desk: Desk) -> Outcome:
    out = desk._folder
    match attempt.what:
        case "as agreed":
            desk.keep("picture.png", data)
        case "another name":
            desk.keep("../escaped.png", data)
        case "too large":
            (out / "picture.png").write_bytes(bytes(1001))
        case "a link":
            (out / "picture.png").symlink_to(attempt.path)
        case "a pipe":
            os.mkfifo(out / "picture.png")
        case "a wrong answer":
            return Outcome.model_construct(said=3)  # type: ignore[arg-type] # what the parent must not believe
        case "a stray file":
            (out / "stray").write_bytes(data)
    return Outcome(said="left")


LEAVE = Errand(
    at=f"{HERE}:LEAVE",
    orders=Attempt,
    answer=Outcome,
    run=_leave,
    files={"picture.png": 1000},
)
