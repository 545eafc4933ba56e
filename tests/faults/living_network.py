"""A whole network that lives: real web, worker, Redis and agent processes, to be killed at will.

One point that is always open, one agent, several printers of the same model; one small part.
"""

import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import httpx
from sqlmodel import col, select

import parts3d.tables  # noqa: F401  # tables name one another, wherever a row is read
from parts3d.db import Database
from parts3d.demo.places import POINTS, DemoPoint
from parts3d.demo.tree import agent_of, environment_of, found_network, start_broker
from parts3d.embedded.children import web_child, worker_child
from parts3d.embedded.supervisor import Supervisor
from parts3d.points.tables import Point, Printer
from parts3d.settings import Settings
from printer_agents.drivers.virtual_device import DeviceFolder
from tests.support.processes import until

CATALOGUE = Path(__file__).parents[2] / "catalogue"
PART = "drawer-runner-stop"
POINT = POINTS[0]
AGENT = POINT.agent_id
MATERIAL = "PETG"
_MODEL = "mk3s"

# A print takes about four seconds at this speed, most of them heating.
_SPEED = 420.0
# Short, so that leases run out and silence is noticed within the test.
_SHORT = {"PARTS3D_LEASE_SECONDS": "6", "PARTS3D_SILENCE_SECONDS": "3"}
# Whatever happens to be on this machine: the engine that everybody has.
_ENGINE = {"PARTS3D_SLICER": "cura", "PARTS3D_SLICED_MODELS": "mk3s,neptune4"}
_SHORTER_INTERVALS = {
    "steady_seconds = 1.0": "steady_seconds = 0.4",
    "settle_seconds = 2.0": "settle_seconds = 0.8",
    "printers_seconds = 5.0": "printers_seconds = 1.0\nrenew_seconds = 2.0",
}


@dataclass(frozen=True)
class LivingNetwork:
    """A running network and where its things lie."""

    url: str
    settings: Settings
    supervisor: Supervisor
    database: Database
    environment: Mapping[str, str]

    def started_files(self) -> list[str]:
        """Return the file name of every start that any printer ever made."""
        printers = self.settings.data_dir / "agents" / POINT.slug / "memory" / "printers"
        return [
            start.file_name
            for folder in sorted(printers.iterdir())
            for start in DeviceFolder(folder).starts()
        ]


@contextmanager
def living_network(
    data_dir: Path, *, broker: Literal["wheel", "filesystem"] = "wheel", printers: int = 4
) -> Iterator[LivingNetwork]:
    """Found a network, start it, wait until its part is sliced; nothing is left of it behind."""
    settings = Settings(
        data_dir=data_dir, demo=True, demo_speed=_SPEED, sweep_seconds=1.0, broker=broker
    )
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**environment_of(settings, url), **_SHORT, **_ENGINE}
    with Supervisor(data_dir / "logs") as supervisor:
        start_broker(supervisor, settings, lambda _words: None)
        found_network(environment, _catalogue_of_one(data_dir / "catalogue"), url)
        database = Database(settings.database)
        _furnish(database, settings, POINT, printers)
        supervisor.start(
            web_child(environment, port),
            worker_child(environment, concurrency=2),
            agent_of(settings, POINT),
        )
        supervisor.wait_ready(seconds=60)
        until(lambda: _is_sliced(url), seconds=90, what="the part's slices")
        # Slices may be quicker than the agent's first word.
        until(lambda: _is_heard(database, POINT), seconds=60, what="the agent's first word")
        try:
            yield LivingNetwork(url, settings, supervisor, database, environment)
        finally:
            database.close()


def _is_heard(database: Database, place: DemoPoint) -> bool:
    with database.reading() as session:
        rows = session.exec(
            select(Printer.last_heard_at)
            .join(Point, col(Point.id) == col(Printer.point_id))
            .where(Point.slug == place.slug)
        ).all()
    return bool(rows) and all(heard is not None for heard in rows)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _catalogue_of_one(folder: Path) -> Path:
    source = next(CATALOGUE.glob(f"*/{PART}"))
    shutil.copytree(source, folder / source.parent.name / PART)
    return folder


def _furnish(database: Database, settings: Settings, place: DemoPoint, count: int) -> None:
    """Give the point so many printers of one model, in rows and in the agent's file."""
    config = settings.data_dir / "agents" / place.slug / "agent.toml"
    text = config.read_text(encoding="utf-8")
    for slow, quick in _SHORTER_INTERVALS.items():
        assert slow in text
        text = text.replace(slow, quick)
    with database.unit_of_work() as work:
        point = work.session.exec(select(Point).where(Point.slug == place.slug)).one()
        for number in range(2, count + 1):
            name = f"{place.slug}-mk3s-{number}"
            work.session.add(
                Printer(
                    id=name,
                    point_id=point.id,
                    agent_id=place.agent_id,
                    name=f"Prusa {number} of {place.slug}",
                    model=_MODEL,
                    material=MATERIAL,
                    created_at=datetime.now(UTC),
                )
            )
            text += (
                f'\n[[printers]]\nid = "{name}"\ndriver = "virtual"\n'
                f'material = "{MATERIAL}"\noptions = {{ speed = {settings.demo_speed} }}\n'
            )
    config.write_text(text, encoding="utf-8")


def _is_sliced(url: str) -> bool:
    counts: dict[str, int] = httpx.get(f"{url}/api/v1/slices/progress", timeout=10).json()
    return sum(counts.values()) > 0 and counts["ready"] == sum(counts.values())
