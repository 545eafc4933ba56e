"""``parts3d demo``: set up, start, and say where to look."""

import fcntl
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

import httpx

from parts3d.demo.tree import (
    choose_port,
    environment_of,
    found_network,
    start_broker,
    start_network,
)
from parts3d.embedded.supervisor import Supervisor
from parts3d.errors import Conflict
from parts3d.settings import Settings

_LOOK_SECONDS = 2.0


def say(words: str) -> None:
    """Write a line at once, whoever reads it."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def serve_demo(settings: Settings, catalogue: Path, port: int) -> None:
    """Run the demo until Ctrl-C or SIGTERM.

    Raises:
        Conflict: another demo runs in this data folder.
        Unavailable: a process of the demo does not answer.
    """
    # A handler may interrupt itself, or the wait below: an event's lock would hang then.
    asked: SimpleQueue[None] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.put(None))
    with data_folder_lock(settings.data_dir), Supervisor(settings.data_dir / "logs") as supervisor:
        port = choose_port(port, say)
        url = f"http://127.0.0.1:{port}"
        environment = environment_of(settings, url)
        say(f"Setting up the network in {settings.data_dir}.")
        start_broker(supervisor, settings, say)
        found_network(environment, catalogue, url)
        start_network(supervisor, settings, environment, port, say)
        say("")
        for line in addresses(url):
            say(line)
        if not _show_slicing(url, asked):
            asked.get()
        say("Stopping.")


def addresses(url: str) -> list[str]:
    """Return one address a line: the shop first, then the four logins."""
    return [
        f"{url}/",
        f"{url}/demo/login/customer",
        f"{url}/demo/login/staff",
        f"{url}/demo/login/maintainer",
        f"{url}/demo/login/operator",
    ]


@contextmanager
def data_folder_lock(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for this demo; the lock ends with the process, however it ends.

    Raises:
        Conflict: another demo holds it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"A demo runs in {data_dir} already. Stop it, or give another folder "
                "with --data-dir."
            ) from None
        yield


def _show_slicing(url: str, asked: "SimpleQueue[None]") -> bool:
    """Say on standard error how slicing goes on behind; the addresses stay the last lines.

    Returns:
        Whether it was asked to stop meanwhile.
    """
    shown = None
    while not _came(asked, _LOOK_SECONDS):
        try:
            counts = httpx.get(f"{url}/api/v1/slices/progress", timeout=5).json()
        except (httpx.HTTPError, ValueError):
            continue
        done, total = counts["ready"] + counts["failed"] + counts["unfit"], sum(counts.values())
        if total and done != shown:
            sys.stderr.write(f"Sliced {done} of {total}.\n")
            shown = done
        if total and done == total:
            return False
    return True


def _came(asked: "SimpleQueue[None]", seconds: float) -> bool:
    try:
        asked.get(timeout=seconds)
    except Empty:
        return False
    return True
