"""A whole network as it really runs: web, worker, Redis and agents as processes of their own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parts3d.demo.tree import (
    choose_port,
    environment_of,
    found_network,
    start_broker,
    start_network,
)
from parts3d.embedded.supervisor import Supervisor
from parts3d.settings import Settings

ROOT = Path(__file__).parents[2]
_FIRST_PORT = 18_400


@dataclass(frozen=True, slots=True)
class LiveNetwork:
    """A running network and the handle to its processes."""

    url: str
    settings: Settings
    supervisor: Supervisor


@contextmanager
def live_network(
    folder: Path, *, speed: float, more: Mapping[str, str] | None = None
) -> Iterator[LiveNetwork]:
    """Run the demo's network in a folder; nothing is left when the block ends.

    Args:
        folder: the data folder.
        speed: how many times faster the printers print.
        more: further variables of the environment of every child.
    """
    # The engine from npm is what every machine has; a PrusaSlicer here must not hide it.
    settings = Settings(
        data_dir=folder, demo=True, demo_speed=speed, sweep_seconds=1.0, slicer="cura"
    )
    with Supervisor(folder / "logs") as supervisor:
        # Each xdist worker looks for a port of its own from its own pid on.
        port = choose_port(_FIRST_PORT + hash(str(folder)) % 1000, lambda _words: None)
        url = f"http://127.0.0.1:{port}"
        environment = {
            **environment_of(settings, url),
            "PARTS3D_SLICER": "cura",
            # Two cores slice for what is ordered from here, not for six more models.
            "PARTS3D_SLICED_MODELS": "mk3s,neptune4",
            **(more or {}),
        }
        start_broker(supervisor, settings, lambda _words: None)
        found_network(environment, ROOT / "catalogue", url)
        start_network(supervisor, settings, environment, port, lambda _words: None)
        yield LiveNetwork(url, settings, supervisor)
