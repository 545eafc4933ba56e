"""A shop to look at: the shipped catalogue, two points that are open, and slices that are done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from fastapi.testclient import TestClient
from sqlmodel import Session, select

from parts3d.app import create_app
from parts3d.bell import Bell
from parts3d.catalogue.loading import check_model, load_catalogue
from parts3d.catalogue.tables import Part, Revision
from parts3d.context import Context
from parts3d.db import Database
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.notices.service import mailbox, write_due
from parts3d.orders.tables import Order
from parts3d.settings import Settings
from parts3d.slicing.profiles import materials
from parts3d.slicing.tables import SliceStatus
from parts3d.store import FolderStore
from tests.support.network import Network, drive_jobs

CATALOGUE = Path(__file__).parents[2] / "catalogue"
# What a print of each part takes on the first printer model, about as the slicers say.
PRINT_SECONDS = {
    "dishwasher-basket-wheel": 2400,
    "drawer-runner-stop": 1500,
    "fridge-shelf-clip": 1300,
    "furniture-foot": 4800,
    "oven-knob-d-shaft": 5400,
    "vacuum-hose-latch": 2100,
}
# The shipped models never change while tests run: each is checked once a process.
_check_once = cache(check_model)


@dataclass
class RungTasks:
    """A doorbell that remembers who rang, and runs nothing."""

    rung: list[tuple[str, tuple[str | int, ...]]] = field(default_factory=list)

    def ring_task(self, name: str, *args: str | int) -> None:
        self.rung.append((name, args))


@dataclass
class Shop:
    """A seeded network, its moment, and what happens in it between two requests."""

    context: Context
    network: Network
    now: datetime

    def client(self, language: str = "en") -> TestClient:
        """Return a browser of its own, with its own cookies."""
        app = create_app(self.context, lambda: self.now)
        return TestClient(
            app,
            base_url="http://127.0.0.1:8000",
            headers={"accept-language": language, "accept": "text/html"},
            follow_redirects=True,
        )

    def pass_time(self, **delta: float) -> None:
        """Let time go by."""
        self.now += timedelta(**delta)

    def write_mails(self) -> list[str]:
        """Do what the worker does after a ring; returns the mails' texts, newest first."""
        with self.context.database.unit_of_work() as work:
            for order in work.session.exec(select(Order)).all():
                write_due(work.session, self.context.settings, order.id, self.now)
        with self.context.database.reading() as session:
            return [text for _, text in mailbox(session, self.context.settings)]

    def drive(self, until: JobStatus, *, progress: float | None = None) -> None:
        """Let the printers do their work."""

        def move(session: Session) -> None:
            jobs = list(session.exec(select(Job)).all())
            drive_jobs(session, jobs, until, self.now)
            for job in jobs:
                job.progress = progress
                job.remaining_seconds = None if progress is None else 600.0

        self.write(move)

    def write(self, act: Callable[[Session], object]) -> None:
        """Change rows behind the pages' back."""
        with self.context.database.unit_of_work() as work:
            act(work.session)


def open_shop(
    database: Database, settings: Settings, now: datetime, *, sliced: bool = True
) -> Shop:
    """Seed a network: the catalogue's parts, two points; sliced, or not yet."""
    context = Context(
        settings=settings,
        database=database,
        store=FolderStore(settings.data_dir / "files"),
        bell=Bell(None),
        tasks=RungTasks(),
    )
    softening_c = {name: material.softening_c for name, material in materials().items()}
    load_catalogue(context, CATALOGUE, softening_c=softening_c, now=now, check=_check_once)
    network = Network(now)
    with database.unit_of_work() as work:
        network.add_point(work.session, models=("mk3s", "neptune4"))
        network.add_point(
            work.session,
            slug="namur",
            hours="Mo-Sa 09:30-18:30; PH off",
            latitude=50.4669,
            longitude=4.8675,
        )
        network.add_point(
            work.session, slug="liege", material="ASA", latitude=50.6403, longitude=5.5666
        )
        rows = work.session.exec(
            select(Part, Revision).where(Part.current_revision_id == Revision.id)
        ).all()
        for part, revision in rows:
            for number, model in enumerate(("mk3s", "neptune4")):
                network.add_slice(
                    work.session,
                    revision,
                    model,
                    print_seconds=int(PRINT_SECONDS[part.slug] * (1 - 0.3 * number)),
                    filament_mg=9_400 if sliced else 0,
                    status=SliceStatus.READY if sliced else SliceStatus.WAITING,
                )
    return Shop(context, network, now)
