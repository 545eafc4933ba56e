"""Corrections as rows: the current ones to compute with, and how new ones replace them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from math import log
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.slicing.correction import (
    NO_TRIES,
    NOTHING_MEASURED,
    Correction,
    FailureRate,
    Scope,
    careful_failure,
    share_of_printer,
    time_of_next,
)
from parts3d.slicing.correction_tables import PrintTimeCorrection

# A change below these, on the same day, is written into the row instead of beside it.
_NOTABLE_FACTOR = log(1.01)
_NOTABLE_CHANCE = 0.01
_A_DAY = timedelta(days=1)
_COPIED = (
    "log_shift",
    "log_error",
    "log_factor",
    "sigma",
    "prints",
    "running",
    "left_out",
    "weight",
    "printer_spread",
    "part_spread",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of one scope: its times and its failures.

    ``since`` is the end of the oldest complete print that counted.
    """

    correction: Correction
    failures: FailureRate = NO_TRIES
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Corrections:
    """The current corrections: of all models, and of the printers and revisions asked for.

    Parts are keyed by (printer model, revision id).
    """

    network: Measured = Measured(NOTHING_MEASURED)
    models: Mapping[str, Measured] = field(default_factory=dict)
    printers: Mapping[str, Measured] = field(default_factory=dict)
    parts: Mapping[tuple[str, str], Measured] = field(default_factory=dict)

    def of_part(self, model: str, revision_id: str | None) -> tuple[float, float]:
        """Return (log factor, its variance for one print) on a printer not yet chosen."""
        part = self.parts.get((model, revision_id or ""))
        return time_of_next(
            self.network.correction, self._model(model), part.correction if part else None
        )

    def of_printer(self, model: str, printer_id: str) -> tuple[float, float]:
        """Return (log factor, its variance) that this printer adds."""
        printer = self.printers.get(printer_id)
        return share_of_printer(self._model(model), printer.correction if printer else None)

    def failure_probability(self, model: str, printer_id: str | None = None) -> float:
        """Return the chance to plan with that one attempt gives no good part."""
        rates = self.models.get(model)
        known = rates.failures if rates else self.network.failures
        printer = self.printers.get(printer_id or "")
        if printer_id is None:
            return careful_failure(known)
        return careful_failure(known, printer.failures if printer else _newcomer(known))

    def _model(self, model: str) -> Correction | None:
        known = self.models.get(model)
        return known.correction if known else None


def current_corrections(
    session: Session, *, printers: Collection[str] = (), revisions: Collection[str] = ()
) -> Corrections:
    """Read the current corrections of the network, all models, and these printers and parts."""
    asked = {"printers": list(printers), "revisions": list(revisions)}
    return as_corrections(session.scalars(_current(), asked).all())


@cache  # to build it takes as long as to ask it
def _current() -> sa.Select[PrintTimeCorrection]:
    row = PrintTimeCorrection
    printers: sa.BindParameter[str] = sa.bindparam("printers", expanding=True)
    revisions: sa.BindParameter[str] = sa.bindparam("revisions", expanding=True)
    return sa.select(row).where(
        col(row.replaced_at).is_(None),
        sa.or_(
            col(row.scope).in_([Scope.NETWORK, Scope.MODEL]),
            sa.and_(col(row.scope) == Scope.PRINTER, col(row.key).in_(printers)),
            sa.and_(col(row.scope) == Scope.PART, col(row.key).in_(revisions)),
        ),
    )


def as_corrections(rows: Sequence[PrintTimeCorrection]) -> Corrections:
    """Return current rows as values."""
    network, models, printers, parts = Measured(NOTHING_MEASURED), {}, {}, {}
    for row in rows:
        measured = _measured(row)
        if row.scope is Scope.NETWORK:
            network = measured
        elif row.scope is Scope.MODEL:
            models[row.printer_model] = measured
        elif row.scope is Scope.PRINTER:
            printers[row.key] = measured
        else:
            parts[row.printer_model, row.key] = measured
    return Corrections(network, models, printers, parts)


def keep(
    session: Session,
    scope: Scope,
    model: str,
    found: Mapping[str, Measured],
    now: datetime,
) -> int:
    """Make ``found`` (by key) the current corrections of a scope; returns how many rows are new.

    The caller holds the lock of ``PrintTimeLearning``. A printer or part that was found before
    and no longer is (its prints are too old) is replaced by nothing.
    """
    current = {
        row.key: row
        for row in session.exec(
            select(PrintTimeCorrection).where(
                PrintTimeCorrection.scope == scope,
                PrintTimeCorrection.printer_model == model,
                col(PrintTimeCorrection.replaced_at).is_(None),
            )
        )
    }
    fresh: list[PrintTimeCorrection] = []
    for key, measured in found.items():
        values = _values(measured)
        row = current.pop(key, None)
        if row is not None and not _notable(row, measured, now):
            for name, value in values.items():
                setattr(row, name, value)
            row.updated_at = now
            continue
        if row is not None:
            row.replaced_at = now
        fresh.append(
            PrintTimeCorrection(
                scope=scope, printer_model=model, key=key, made_at=now, updated_at=now, **values
            )
        )
    for row in current.values():
        row.replaced_at = now
    session.flush()  # the old ones first: only one row of a scope may be current
    session.add_all(fresh)
    session.flush()
    return len(fresh)


def _newcomer(model: FailureRate) -> FailureRate:
    """A printer without a try: the model's chance, but young."""
    return FailureRate(model.probability)


def _notable(row: PrintTimeCorrection, measured: Measured, now: datetime) -> bool:
    another_day = now - row.made_at >= _A_DAY and row.prints != measured.correction.prints
    return (
        another_day
        or abs(row.log_factor - measured.correction.log_factor) > _NOTABLE_FACTOR
        or abs(row.failure_probability - measured.failures.probability) > _NOTABLE_CHANCE
    )


def _values(measured: Measured) -> dict[str, Any]:
    return {name: getattr(measured.correction, name) for name in _COPIED} | {
        "failure_probability": measured.failures.probability,
        "tries": measured.failures.tries,
        "failures": measured.failures.failures,
        "measured_since": measured.since,
    }


def _measured(row: PrintTimeCorrection) -> Measured:
    return Measured(
        Correction(**{name: getattr(row, name) for name in _COPIED}),
        FailureRate(row.failure_probability, row.tries, row.failures),
        row.measured_since,
    )
