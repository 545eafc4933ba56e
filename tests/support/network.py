"""A small network in rows: parts with finished slices, points with printers. For tests."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlmodel import Session

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.recipe import Recipe
from parts3d.catalogue.safety import SafetyClass
from parts3d.catalogue.tables import Part, Revision
from parts3d.db import Database
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.placing import confirm_contact
from parts3d.jobs.queues import read_queues
from parts3d.jobs.tables import Job
from parts3d.orders.checkout import CONFIRM_WITHIN, CheckoutDetails, Submitted, submit
from parts3d.orders.opening import open_checkout
from parts3d.orders.tables import Order
from parts3d.orders.tokens import confirmation_token
from parts3d.points.tables import Point, Printer, Unattended
from parts3d.settings import Settings
from parts3d.slicing.tables import Slice, SliceStatus

ALWAYS = "24/7"


def settings_for(tmp_path: Path, **changes: object) -> Settings:
    """Return settings that read no environment file and have a fixed secret."""
    return Settings.model_validate(
        {"data_dir": tmp_path, "secret_key": "a secret of the tests", **changes}
    )


@dataclass
class Network:
    """What a test needs to know of the rows that were added."""

    now: datetime
    part_slug: str = "basket-wheel"
    part_id: str = ""
    revision_id: str = ""
    points: dict[str, str] = field(default_factory=dict)
    printers: dict[str, str] = field(default_factory=dict)

    def add_part(
        self,
        session: Session,
        *,
        slug: str = "basket-wheel",
        print_seconds: int | None = 1800,
        models: tuple[str, ...] = ("mk3s",),
        material: str = "PETG",
        status: RevisionStatus = RevisionStatus.APPROVED,
        safety_class: SafetyClass | None = SafetyClass.S1,
        filament_mg: int = 12_000,
    ) -> Revision:
        """Add a part on sale with a slice for each model; no slices without a time."""
        part = Part(slug=slug, category="dishwasher", created_at=self.now)
        session.add(part)
        session.flush()
        recipe = Recipe.model_validate({"material": material})
        revision = Revision(
            part_id=part.id,
            number=1,
            status=status,
            safety_class=safety_class,
            model_sha256=uuid4().hex * 2,
            recipe=recipe.model_dump(mode="json"),
            recipe_sha256=recipe.sha256,
            manifest={"name": {"fr": "Roulette de panier", "en": "Basket wheel"}},
            check_result={},
            uploaded_by="maintainer:1",
            created_at=self.now,
        )
        session.add(revision)
        session.flush()
        part.current_revision_id = revision.id
        for factor, model in enumerate(models, start=1):
            if print_seconds is not None:
                self.add_slice(
                    session,
                    revision,
                    model,
                    print_seconds=print_seconds * factor,
                    filament_mg=filament_mg,
                )
        session.flush()
        self.part_slug, self.part_id, self.revision_id = slug, part.id, revision.id
        return revision

    def add_slice(
        self,
        session: Session,
        revision: Revision,
        model: str,
        *,
        print_seconds: int = 1800,
        filament_mg: int = 12_000,
        status: SliceStatus = SliceStatus.READY,
        engine_version: str = "5.0",
    ) -> Slice:
        """Add a slice."""
        sliced = Slice(
            model_sha256=revision.model_sha256,
            recipe_sha256=revision.recipe_sha256,
            printer_model=model,
            material=revision.recipe["material"],
            engine="cura",
            engine_version=engine_version,
            recipe_json="{}",
            status=status,
            gcode_sha256=uuid4().hex * 2 if status is SliceStatus.READY else None,
            gcode_bytes=1000,
            print_seconds=print_seconds if status is SliceStatus.READY else None,
            filament_mg=filament_mg,
            created_at=self.now,
            finished_at=self.now,
        )
        session.add(sliced)
        session.flush()
        return sliced

    def add_point(
        self,
        session: Session,
        *,
        slug: str = "huy",
        hours: str = ALWAYS,
        models: tuple[str, ...] = ("mk3s",),
        material: str = "PETG",
        latitude: float = 50.52,
        longitude: float = 5.24,
        unattended: Unattended = Unattended.OVERNIGHT,
    ) -> Point:
        """Add a point that is open (always, if not said otherwise), with a printer a model."""
        point = Point(
            slug=slug,
            name=f"Point 3D {slug.title()}",
            street="Rue Neuve 1",
            postcode="4500",
            city=slug.title(),
            latitude=latitude,
            longitude=longitude,
            opening_hours=hours,
            staffed_hours=hours,
            unattended=unattended,
            created_at=self.now,
        )
        session.add(point)
        session.flush()
        self.points[slug] = point.id
        for number, model in enumerate(models, start=1):
            printer = Printer(
                point_id=point.id,
                name=f"{slug} {number}",
                model=model,
                material=material,
                condition="idle",
                # Heard for a day yet: a test may let time pass without an agent.
                last_heard_at=self.now + timedelta(days=1),
                created_at=self.now,
            )
            session.add(printer)
            session.flush()
            self.printers[printer.name] = printer.id
        return point


def small_network(database: Database, now: datetime, **part: object) -> Network:
    """Add one part on sale and one point that is always open; returns what was added."""
    network = Network(now)
    with database.unit_of_work() as work:
        network.add_point(work.session)
        network.add_part(work.session, **part)  # type: ignore[arg-type]  # a test's own words
    return network


def opened(
    database: Database, settings: Settings, network: Network, *, quantity: int = 1
) -> tuple[str, str]:
    """Open a checkout; returns the ids of its promise and its quote."""
    with database.unit_of_work() as work:
        checkout = open_checkout(
            work.session,
            settings,
            parts={network.part_slug: quantity},
            point_slug="huy",
            now=network.now,
            read_queues=read_queues,
        )
        return checkout.promise.id, checkout.quote.id


def details_for(promise_id: str, **changes: object) -> CheckoutDetails:
    """Return what Anne types at checkout."""
    return CheckoutDetails.model_validate(
        {
            "idempotency_key": f"key-{promise_id}",
            "promise_id": promise_id,
            "name": "Anne",
            "email": "anne@example.be",
            "language": "en",
            "accept_terms": True,
            **changes,
        }
    )


def submitted(
    database: Database,
    settings: Settings,
    network: Network,
    *,
    quantity: int = 1,
    **changes: object,
) -> Submitted:
    """Open a checkout and submit it."""
    promise_id, _ = opened(database, settings, network, quantity=quantity)
    with database.unit_of_work() as work:
        return submit(
            work.session,
            settings,
            details_for(promise_id, **changes),
            network.now,
            read_queues=read_queues,
        )


def confirmation_of(settings: Settings, order: Order) -> str:
    """Return the token of the order's confirmation mail."""
    return confirmation_token(settings.secret(), order.id, order.created_at + CONFIRM_WITHIN)


def placed(
    database: Database,
    settings: Settings,
    network: Network,
    *,
    quantity: int = 1,
    **changes: object,
) -> Order:
    """Bring an order to where its jobs wait."""
    order = submitted(database, settings, network, quantity=quantity, **changes).order
    with database.unit_of_work() as work:
        return confirm_contact(
            work.session, settings, confirmation_of(settings, order), network.now
        )


PATH_TO_SHELF = (
    JobStatus.LEASED,
    JobStatus.START_PERMITTED,
    JobStatus.PRINTING,
    JobStatus.PRINTED,
    JobStatus.PASSED,
    JobStatus.READY,
)


def drive_jobs(session: Session, jobs: list[Job], until: JobStatus, now: datetime) -> None:
    """Move jobs along the straight path until a status."""
    for job in jobs:
        for status in PATH_TO_SHELF:
            move_job(session, job, status, actor="agent:1", now=now)
            if status is until:
                break
