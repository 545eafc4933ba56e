"""The children of a whole network on one machine: worker, web server, printer agents."""

import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from parts3d.embedded.broker import Broker
from parts3d.embedded.processes import ChildSpec
from parts3d.errors import Unavailable

_TRIES = 50
_PORTS = 1 << 16
_ANSWER_SECONDS = 2.0


def network_environment(
    data_dir: Path, broker: Broker, more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the variables by which all children agree on folder and broker."""
    return {
        "PARTS3D_DATA_DIR": str(data_dir.absolute()),
        "PYTHONUNBUFFERED": "1",
        # Several allocator arenas a process would cost memory and give two cores nothing.
        "MALLOC_ARENA_MAX": "2",
        **broker.environment(),
        **(more or {}),
    }


def worker_child(environment: Mapping[str, str], *, concurrency: int = 3) -> ChildSpec:
    """Return the Celery worker, which rings its own sweep."""
    command = (sys.executable, "-m", "parts3d", "worker", "--concurrency", str(concurrency))
    return ChildSpec("worker", command, environment, stop_seconds=3.0)


def web_child(environment: Mapping[str, str], port: int) -> ChildSpec:
    """Return the web server; the broker and the migrations are the parent's work."""
    command = (
        *(sys.executable, "-m", "uvicorn", "--factory", "parts3d.app:served_app"),
        *("--host", "127.0.0.1", "--port", str(port), "--no-access-log"),
        # Open pages hold an event stream each: they must not hold up the end.
        *("--timeout-graceful-shutdown", "1"),
    )
    return ChildSpec("web", command, environment, ready=lambda: answers_http(port))


def agent_child(name: str, config: Path) -> ChildSpec:
    """Return a printer agent with its configuration file."""
    command = (
        *(sys.executable, "-m", "printer_agents", "run"),
        *("--config", str(config), "--die-with-parent"),
    )
    return ChildSpec(name, command)


def answers_http(port: int, path: str = "/") -> bool:
    """Tell whether a web server answers on this machine, whatever it says."""
    try:
        with urllib.request.urlopen(  # our own loopback address
            f"http://127.0.0.1:{port}{path}", timeout=_ANSWER_SECONDS
        ):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def free_port(wanted: int, *, host: str = "127.0.0.1", tries: int = _TRIES) -> int:
    """Return the wanted port, or the next one that nobody listens on.

    Raises:
        Unavailable: none of ``tries`` ports is free.
    """
    for port in range(wanted, min(wanted + tries, _PORTS)):
        with socket.socket() as probe:
            # As the server will: a port whose last connections linger is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise Unavailable(f"The ports {wanted} to {wanted + tries - 1} are all taken. Choose another.")
