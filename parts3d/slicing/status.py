"""How slicing stands, for the operator: by printer model and engine version, with what failed."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from parts3d.catalogue.tables import Part, Revision
from parts3d.slicing.profiles import printer_models, profile
from parts3d.slicing.tables import Slice, SliceStatus

# Long enough to smooth parts of all sizes, short enough to see a worker that was added.
_RATE_OVER = timedelta(minutes=30)
_PARTS_NAMED = 5


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """How many slices of one printer model and engine version stand where."""

    printer_model: str
    name: str
    engine: str
    engine_version: str
    ready: int = 0
    slicing: int = 0
    waiting: int = 0
    failed: int = 0
    unfit: int = 0


@dataclass(frozen=True, slots=True)
class FailureStatus:
    """One reason for which slices failed; ``parts`` names a few of them by their slug."""

    words: str
    count: int
    printer_models: tuple[str, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SlicingStatus:
    """How slicing stands. ``per_minute`` is of the last half hour; None: nothing was made."""

    models: tuple[ModelStatus, ...]
    failures: tuple[FailureStatus, ...]
    per_minute: float | None
    seconds_left: int | None

    @property
    def left(self) -> int:
        """How many slices wait or are being made."""
        return sum(one.waiting + one.slicing for one in self.models)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**asdict(self), "left": self.left}


def slicing_status(session: Session, now: datetime) -> SlicingStatus:
    """Return how slicing stands.

    Args:
        session: only read from.
        now: the moment, for the rate.
    """
    models = _models(session)
    left = sum(one.waiting + one.slicing for one in models)
    per_minute = rate_per_minute(session, now)
    seconds = round(60 * left / per_minute) if left and per_minute else None
    return SlicingStatus(models, _failures(session), per_minute, 0 if not left else seconds)


def rate_per_minute(session: Session, now: datetime) -> float | None:
    """Return how many slices were finished a minute of late, by all workers; None: none was."""
    count, first = session.execute(
        sa.select(sa.func.count(), sa.func.min(col(Slice.started_at))).where(
            col(Slice.status).in_([SliceStatus.READY, SliceStatus.FAILED]),
            col(Slice.finished_at) > now - _RATE_OVER,
            col(Slice.started_at).is_not(None),
        )
    ).one()
    if not count:
        return None
    minutes: float = max((now - max(first, now - _RATE_OVER)).total_seconds() / 60, 1 / 60)
    rate: float = count / minutes
    return rate


def _models(session: Session) -> tuple[ModelStatus, ...]:
    key = (col(Slice.printer_model), col(Slice.engine), col(Slice.engine_version))
    rows = session.execute(
        sa.select(*key, col(Slice.status), sa.func.count()).group_by(*key, col(Slice.status))
    ).all()
    counts: dict[tuple[str, str, str], dict[str, int]] = {}
    for model, engine, version, status, count in rows:
        counts.setdefault((model, engine, version), {})[SliceStatus(status).value] = count
    return tuple(
        ModelStatus(model, _name(model), engine, version, **counts[model, engine, version])
        for model, engine, version in sorted(counts)
    )


def _failures(session: Session) -> tuple[FailureStatus, ...]:
    rows = session.execute(
        sa.select(col(Slice.id), col(Slice.failure), col(Slice.printer_model), col(Part.slug))
        .select_from(Slice)
        .outerjoin(
            Revision,
            (col(Revision.model_sha256) == col(Slice.model_sha256))
            & (col(Revision.recipe_sha256) == col(Slice.recipe_sha256)),
        )
        .outerjoin(Part, col(Part.id) == col(Revision.part_id))
        .where(col(Slice.status) == SliceStatus.FAILED, ~_wished_anew())
    ).all()
    ids: dict[str, set[str]] = {}
    models: dict[str, set[str]] = {}
    parts: dict[str, set[str]] = {}
    for slice_id, words, model, slug in rows:
        said = words or "no reason was given"
        ids.setdefault(said, set()).add(slice_id)
        models.setdefault(said, set()).add(model)
        parts.setdefault(said, set()).update({slug} if slug else set())
    found = [
        FailureStatus(
            said,
            len(ids[said]),
            tuple(sorted(models[said])),
            tuple(sorted(parts[said])[:_PARTS_NAMED]),
        )
        for said in ids
    ]
    return tuple(sorted(found, key=lambda one: (-one.count, one.words)))


def _wished_anew() -> sa.ColumnElement[bool]:
    """Whether a later engine or profile has its own wish for what failed: that is history."""
    later = aliased(Slice)
    return sa.exists().where(
        col(later.model_sha256) == col(Slice.model_sha256),
        col(later.recipe_sha256) == col(Slice.recipe_sha256),
        col(later.printer_model) == col(Slice.printer_model),
        col(later.copies) == col(Slice.copies),
        col(later.created_at) > col(Slice.created_at),
    )


def _name(model: str) -> str:
    return profile(model).name if model in printer_models() else model
