"""The demo's processes: a private Redis, one worker, the web server, an agent for each point."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from parts3d.demo.places import POINTS, DemoPoint
from parts3d.embedded.broker import choose_broker, redis_child
from parts3d.embedded.children import (
    agent_child,
    free_port,
    network_environment,
    web_child,
    worker_child,
)
from parts3d.embedded.processes import ChildSpec, tied
from parts3d.embedded.supervisor import Supervisor
from parts3d.errors import Unavailable
from parts3d.settings import Settings

Say = Callable[[str], None]


def choose_port(wanted: int, say: Say) -> int:
    """Return the wanted port, or the next free one, and say so.

    Raises:
        Unavailable: none of the next ones is free.
    """
    port = free_port(wanted)
    if port != wanted:
        say(f"Port {wanted} is taken; using {port}.")
    return port


def environment_of(settings: Settings, url: str) -> dict[str, str]:
    """Return what every child of this network must have."""
    return network_environment(
        settings.data_dir,
        choose_broker(settings),
        {
            "PARTS3D_PUBLIC_URL": url,
            "PARTS3D_DEMO": "1",
            "PARTS3D_DEMO_SPEED": str(settings.demo_speed),
            "PARTS3D_SWEEP_SECONDS": str(settings.sweep_seconds),
        },
    )


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
    supervisor.start(web_child(environment, port), worker_child(environment, concurrency=2))
    supervisor.wait_ready(["web"], seconds=60)
    say("The pages answer.")
    supervisor.start(*(agent_of(settings, point) for point in POINTS))
    supervisor.wait_ready(seconds=60)
    say(f"The worker and {len(POINTS)} printer agents are at work.")


def agent_of(settings: Settings, point: DemoPoint) -> ChildSpec:
    """Return a point's printer agent as a child."""
    config = settings.data_dir / "agents" / point.slug / "agent.toml"
    return agent_child(point.agent_id, config)
