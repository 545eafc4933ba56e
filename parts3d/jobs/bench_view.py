"""What the counter's pages show: the bench of a point, and one job at it. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from parts3d.catalogue.queries import title_in
from parts3d.catalogue.tables import Revision
from parts3d.errors import NotFound
from parts3d.jobs.commands import COMMANDABLE, last_command
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.pictures import pictures_of_job
from parts3d.jobs.tables import Job, JobEvent, PrinterCommand, PrinterPicture
from parts3d.jobs.todo import Act, PrinterView, Todo, count_jobs, printers_of, todo_list
from parts3d.points.tables import Point, Printer
from parts3d.units.service import units_of
from parts3d.units.stock import StockedPart, stock_of


@dataclass(frozen=True, slots=True)
class Bench:
    """A point's counter at one moment."""

    point_name: str
    todo: tuple[Todo, ...]
    shelf: tuple[Todo, ...]
    printers: tuple[PrinterView, ...]
    waiting: int
    printing: int
    stock: tuple[StockedPart, ...] = ()


@dataclass(frozen=True, slots=True)
class JobView:
    """One job with its part, for the people who hold it in their hands."""

    job: Job
    title: str
    description: str
    load: str
    dimensions_mm: tuple[float, float, float] | None
    picture_sha256: str | None
    printer: str | None
    serials: tuple[str, ...]
    events: Sequence[JobEvent]
    command: PrinterCommand | None
    commandable: bool
    picture: PrinterPicture | None


def bench_of(session: Session, point_id: str, language: str) -> Bench:
    """Return what a point has to do and to hand over, and its printers.

    Raises:
        NotFound: there is no such point.
    """
    point = session.get(Point, point_id)
    if point is None:
        raise NotFound("Your account belongs to no point. Ask the operator.")
    todo = todo_list(session, point_id, language)
    return Bench(
        point_name=point.name,
        todo=tuple(entry for entry in todo if entry.act is not Act.HAND_OVER),
        shelf=tuple(entry for entry in todo if entry.act is Act.HAND_OVER),
        printers=tuple(printers_of(session, point_id, language)),
        waiting=count_jobs(session, point_id, [JobStatus.WAITING, JobStatus.LEASED]),
        printing=count_jobs(session, point_id, [JobStatus.START_PERMITTED, JobStatus.PRINTING]),
        stock=tuple(stock_of(session, point_id, language)),
    )


def job_view(session: Session, point_id: str | None, job_id: str, language: str) -> JobView:
    """Return a job, for staff of its point or (with no point) for the operator.

    Raises:
        NotFound: there is none, or it is another point's.
    """
    job = session.get(Job, job_id)
    if job is None or (point_id is not None and job.point_id != point_id):
        raise NotFound("There is no such job at this point.")
    revision = session.get_one(Revision, job.revision_id)
    printer = session.get(Printer, job.printer_id) if job.printer_id else None
    serials = [unit.serial for unit in units_of(session, job)]
    return JobView(
        job=job,
        title=title_in(revision, language),
        description=_text(revision, language, "description"),
        load=_text(revision, language, "limits", "load"),
        dimensions_mm=_dimensions(revision),
        picture_sha256=revision.picture_sha256,
        printer=printer.name if printer else None,
        serials=tuple(serials),
        command=last_command(session, job.attempt_id) if job.attempt_id else None,
        commandable=job.status in COMMANDABLE,
        picture=next(iter(pictures_of_job(session, job.id, most=1)), None),
        events=session.exec(
            select(JobEvent).where(JobEvent.job_id == job_id).order_by(col(JobEvent.id))
        ).all(),
    )


def _text(revision: Revision, language: str, *keys: str) -> str:
    table = revision.manifest
    for key in keys:
        table = table.get(key) or {}
    return str(table.get(language) or table.get("en") or "")


def _dimensions(revision: Revision) -> tuple[float, float, float] | None:
    box = revision.manifest.get("dimensions_mm")
    return (box["x"], box["y"], box["z"]) if box else None
