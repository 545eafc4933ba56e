"""The demo's processes: a private Redis, one worker, the web server, an agent for each point."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from parts3d.demo.places import POINTS, DemoPoint
from parts3d.embedded.broker import choose_broker, redis_child
from parts3d.embedded.processes import ChildSpec, tied
from parts3d.embedded.supervisor import Supervisor
from parts3d.errors import Unavailable
from parts3d.settings import Settings

Say = Callable[[str], None]
_HOST = "127.0.0.1"
_PORTS_TRIED = 50


def free_port(wanted: int, say: Say) -> int:
    """Return the wanted port, or the next free one, and say so.

    Raises:
        Unavailable: none of the next fifty is free.
    """
    for port in range(wanted, wanted + _PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
        if port != wanted:
            say(f"Port {wanted} is taken; using {port}.")
        return port
    raise Unavailable(f"No port from {wanted} to {wanted + _PORTS_TRIED - 1} is free.")


def environment_of(settings: Settings, url: str) -> dict[str, str]:
    """Return what every child of this network must have."""
    broker = choose_broker(settings)
    return {
        "PARTS3D_DATA_DIR": str(settings.data_dir),
        "PARTS3D_PUBLIC_URL": url,
        "PARTS3D_DEMO": "1",
        "PARTS3D_DEMO_SPEED": str(settings.demo_speed),
        "PARTS3D_SWEEP_SECONDS": str(settings.sweep_seconds),
        **broker.environment(),
    }


def found_network(environment: Mapping[str, str], catalogue: Path, url: str) -> None:
    """Found the network in a process of its own; its lines are shown as they come.

    Raises:
        Unavailable: it failed; its own words stand on the screen.
    """
    answer = subprocess.run(
        tied([sys.executable, "-m", "parts3d.demo.founding", str(catalogue), url]),
        env={**os.environ, **environment},
        check=False,
    )
    if answer.returncode != 0:
        raise Unavailable("The demo's network could not be set up; the reason stands above.")


def start_broker(supervisor: Supervisor, settings: Settings, say: Say) -> None:
    """Start the private Redis, where the settings' broker is one.

    Raises:
        Unavailable: it did not answer in time.
    """
    broker = choose_broker(settings)
    if broker.program is None:
        say("Without Redis: tasks travel through the file system.")
        return
    supervisor.start(redis_child(broker))
    supervisor.wait_ready(["redis"])
    say(f"A private Redis answers ({broker.way}).")


def start_network(
    supervisor: Supervisor, settings: Settings, environment: Mapping[str, str], port: int, say: Say
) -> None:
    """Start web, worker and agents, and wait until all answer.

    Raises:
        Unavailable: one did not answer in time; the sentence holds the end of its log.
    """
    supervisor.start(web_child(environment, port), worker_child(environment))
    supervisor.wait_ready(["web"], seconds=60)
    say("The pages answer.")
    supervisor.start(*(agent_child(settings, point) for point in POINTS))
    supervisor.wait_ready(seconds=60)
    say(f"The worker and {len(POINTS)} printer agents are at work.")


def web_child(environment: Mapping[str, str], port: int) -> ChildSpec:
    """Return the web server as a child."""
    return ChildSpec(
        name="web",
        command=(
            *(sys.executable, "-m", "uvicorn", "--factory", "parts3d.app:create_app"),
            *("--host", _HOST, "--port", str(port), "--no-access-log", "--log-level", "warning"),
            *("--timeout-graceful-shutdown", "1"),
        ),
        environment=environment,
        ready=lambda: answers(f"http://{_HOST}:{port}/healthz"),
    )


def worker_child(environment: Mapping[str, str]) -> ChildSpec:
    """Return the worker, with beat in it, as a child."""
    return ChildSpec(
        name="worker",
        command=(sys.executable, "-m", "parts3d.cli", "worker", "--concurrency", "2"),
        environment=environment,
    )


def agent_child(settings: Settings, point: DemoPoint) -> ChildSpec:
    """Return a point's printer agent as a child."""
    config = settings.data_dir / "agents" / point.slug / "agent.toml"
    return ChildSpec(
        name=point.agent_id,
        command=(sys.executable, "-m", "printer_agents", "run", "--config", str(config)),
    )


def answers(url: str) -> bool:
    """Tell whether an address answers 200."""
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
