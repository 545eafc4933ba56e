"""What the operator sees of measured print times: by model, printer and part. Reads only."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.catalogue.queries import title_in
from parts3d.catalogue.tables import Part, Revision
from parts3d.errors import NotFound
from parts3d.jobs.measuring import Tried, read_tries
from parts3d.jobs.print_times_chart import Chart, chart
from parts3d.points.tables import Point, Printer
from parts3d.slicing.correction import (
    LEAST_PRINTS_OF_MODEL,
    LEAST_PRINTS_OF_PART,
    LEAST_PRINTS_OF_PRINTER,
    Scope,
)
from parts3d.slicing.correction_tables import PrintTimeCorrection, PrintTimeLearning
from parts3d.slicing.profiles import profile

_PICTURED = 150
_LISTED_PRINTS = 20
_MOST_ROWS = 40
_MOST_HISTORY = 12


@dataclass(frozen=True, slots=True)
class Row:
    """A correction with the name of what it is about.

    Args:
        name: of the model, printer or part.
        detail: where the printer stands, or the part's revision.
        row: what was learned.
        missing: complete prints that it lacks to be used.
        used: do promises reckon with it? A printer or part never without its model.
    """

    name: str
    detail: str
    row: PrintTimeCorrection
    missing: int
    used: bool


@dataclass(frozen=True, slots=True)
class PrintRow:
    """One of the newest prints, as text beside the picture."""

    ended_at: datetime | None
    printer: str
    part: str
    sliced_seconds: float
    seconds: float
    paused: bool


@dataclass(frozen=True, slots=True)
class ModelView:
    """One printer model.

    Args:
        model: id of its profile.
        row: what was learned of it.
        chart: its newest prints; None when there is none.
        slower: of the pictured complete prints, how many took longer than sliced.
        pictured: how many complete prints are pictured.
        prints: the newest ones.
        printers: the slowest first.
        parts: the slowest first.
        history: what was known before, newest first.
    """

    model: str
    row: Row
    chart: Chart | None
    slower: int
    pictured: int
    prints: tuple[PrintRow, ...]
    printers: tuple[Row, ...]
    parts: tuple[Row, ...]
    history: tuple[PrintTimeCorrection, ...]


@dataclass(frozen=True, slots=True)
class PrintTimesView:
    """The whole page; without a measured print ``models`` is empty."""

    network: PrintTimeCorrection | None
    models: tuple[Row, ...]
    learned_at: datetime | None


def overview_of_models(session: Session) -> PrintTimesView:
    """Return the network's correction and those of its models, most prints first."""
    rows = session.exec(
        select(PrintTimeCorrection).where(
            col(PrintTimeCorrection.scope).in_([Scope.NETWORK, Scope.MODEL]),
            col(PrintTimeCorrection.replaced_at).is_(None),
        )
    ).all()
    state = session.get(PrintTimeLearning, 1)
    network = next((row for row in rows if row.scope is Scope.NETWORK), None)
    models = sorted(
        (row for row in rows if row.scope is Scope.MODEL and (row.prints or row.tries)),
        key=lambda row: (-row.prints, row.printer_model),
    )
    updated = max((row.updated_at for row in rows), default=state.whole_at if state else None)
    return PrintTimesView(network, tuple(_model_row(row) for row in models), updated)


def model_view(session: Session, model: str, language: str, now: datetime) -> ModelView:
    """Return everything about a model.

    Raises:
        NotFound: nothing was measured on it.
    """
    current: dict[Scope, list[PrintTimeCorrection]] = defaultdict(list)
    for row in session.exec(
        select(PrintTimeCorrection)
        .where(
            PrintTimeCorrection.printer_model == model,
            col(PrintTimeCorrection.replaced_at).is_(None),
        )
        .order_by(col(PrintTimeCorrection.log_factor).desc(), col(PrintTimeCorrection.key))
    ):
        current[row.scope].append(row)
    if not current[Scope.MODEL]:
        raise NotFound("No print was measured on a printer of this model yet.")
    own = current[Scope.MODEL][0]
    used = own.prints >= LEAST_PRINTS_OF_MODEL
    tries = read_tries(session, model, now, most=_PICTURED)
    printers = _printers(session, model)
    parts = _parts(
        session,
        {one.revision_id for one in tries} | {row.key for row in current[Scope.PART]},
        language,
    )
    timed = [one for one in tries if one.print and one.print.measures()]
    pairs = [(p.estimated_seconds, p.seconds, p.complete) for one in timed if (p := one.print)]
    whole = [(sliced, seconds) for sliced, seconds, complete in pairs if complete]
    return ModelView(
        model=model,
        row=_model_row(own),
        chart=chart(pairs, own.log_factor if used else 0.0),
        slower=sum(1 for sliced, seconds in whole if seconds > sliced),
        pictured=len(whole),
        prints=_newest(tries, printers, parts),
        printers=_rows(current[Scope.PRINTER], printers, LEAST_PRINTS_OF_PRINTER, model_used=used),
        parts=_rows(current[Scope.PART], parts, LEAST_PRINTS_OF_PART, model_used=used),
        history=tuple(
            session.exec(
                select(PrintTimeCorrection)
                .where(
                    PrintTimeCorrection.scope == Scope.MODEL,
                    PrintTimeCorrection.printer_model == model,
                )
                .order_by(col(PrintTimeCorrection.made_at).desc())
                .limit(_MOST_HISTORY)
            ).all()
        ),
    )


def _model_row(row: PrintTimeCorrection) -> Row:
    missing = max(LEAST_PRINTS_OF_MODEL - row.prints, 0)
    return Row(_model_name(row.printer_model), row.printer_model, row, missing, not missing)


def _model_name(model: str) -> str:
    try:
        return profile(model).name
    except NotFound:
        return model  # a profile that was taken away


def _rows(
    rows: Sequence[PrintTimeCorrection],
    names: dict[str, tuple[str, str]],
    least: int,
    *,
    model_used: bool,
) -> tuple[Row, ...]:
    return tuple(
        Row(
            *names.get(row.key, ("?", "")),
            row,
            max(least - row.prints, 0),
            model_used and row.prints >= least,
        )
        for row in rows
        if row.prints or row.tries
    )[:_MOST_ROWS]


def _printers(session: Session, model: str) -> dict[str, tuple[str, str]]:
    rows = session.exec(
        select(Printer.id, Printer.name, Point.name)
        .join(Point, col(Point.id) == col(Printer.point_id))
        .where(Printer.model == model)
    )
    return {printer_id: (name, point) for printer_id, name, point in rows}


def _parts(session: Session, revision_ids: set[str], language: str) -> dict[str, tuple[str, str]]:
    rows = session.exec(
        select(Revision, Part.slug)
        .join(Part, col(Part.id) == col(Revision.part_id))
        .where(col(Revision.id).in_(revision_ids))
    )
    return {
        revision.id: (title_in(revision, language), f"{slug}/{revision.number}")
        for revision, slug in rows
    }


def _newest(
    tries: Sequence[Tried], printers: dict[str, tuple[str, str]], parts: dict[str, tuple[str, str]]
) -> tuple[PrintRow, ...]:
    return tuple(
        PrintRow(
            one.ended_at,
            printers.get(one.printer_id, ("?", ""))[0],
            parts.get(one.revision_id, ("?", ""))[0],
            one.print.estimated_seconds,
            one.print.seconds,
            one.print.paused,
        )
        for one in tries
        if one.print
    )[:_LISTED_PRINTS]
