"""Slices a price and a ready time can be taken from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from parts3d.catalogue.tables import Revision
from parts3d.slicing.serving import serving_slices
from parts3d.slicing.tables import Slice, SliceStatus


@dataclass(frozen=True, slots=True)
class ReadySlice:
    """What a finished slice says of one bed on one printer model."""

    slice_id: str
    gcode_sha256: str
    printer_model: str
    material: str
    print_seconds: int
    filament_mg: int


@dataclass(frozen=True, slots=True)
class SlicingProgress:
    """How far the slicing of a revision is, over the printer models in use."""

    ready: int
    failed: int
    total: int


def ready_slices(
    session: Session, revision: Revision, printer_models: Collection[str], *, copies: int = 1
) -> Mapping[str, ReadySlice]:
    """Return the slice that serves a revision, for each printer model that has one ready.

    With ``copies``, that of a plate of so many.
    """
    return {
        model: ReadySlice(
            slice_id=row.id,
            gcode_sha256=row.gcode_sha256 or "",
            printer_model=model,
            material=row.material,
            print_seconds=row.print_seconds or 0,
            filament_mg=row.filament_mg or 0,
        )
        for model, row in serving_slices(session, revision, printer_models, copies).items()
    }


def slicing_progress(
    session: Session, revision: Revision, printer_models: Collection[str]
) -> SlicingProgress:
    """Return how many printer models have their slice."""
    best: dict[str, SliceStatus] = {}
    for row in session.exec(select(Slice).where(*_of(revision, printer_models))):
        if best.get(row.printer_model) is not SliceStatus.READY:
            best[row.printer_model] = row.status
    statuses = list(best.values())
    return SlicingProgress(
        ready=statuses.count(SliceStatus.READY),
        failed=statuses.count(SliceStatus.FAILED),
        # What is too large for a model is not made on it, ever.
        total=max(len(statuses), len(set(printer_models))) - statuses.count(SliceStatus.UNFIT),
    )


class PlateState(StrEnum):
    """How far the slices of a plate are."""

    UNASKED = "unasked"
    UNDER_WAY = "under_way"
    FAILED = "failed"  # for one model at least, and nothing more comes


def plate_states(
    session: Session, revision: Revision, sizes: Collection[int], printer_models: Collection[str]
) -> Mapping[int, PlateState]:
    """Return how far the plates of these numbers of copies are, over the models given."""
    seen: dict[int, dict[str, set[SliceStatus]]] = {copies: {} for copies in sizes}
    for copies in sizes:
        for row in session.exec(select(Slice).where(*_of(revision, printer_models, copies))):
            seen[copies].setdefault(row.printer_model, set()).add(row.status)
    return {copies: _plate_state(models, len(printer_models)) for copies, models in seen.items()}


def _plate_state(models: Mapping[str, set[SliceStatus]], wanted: int) -> PlateState:
    hopeless = {SliceStatus.FAILED, SliceStatus.UNFIT}
    if any(statuses <= hopeless for statuses in models.values()):
        return PlateState.FAILED
    return PlateState.UNDER_WAY if len(models) == wanted else PlateState.UNASKED


def _of(revision: Revision, printer_models: Collection[str], copies: int = 1) -> tuple[Any, ...]:
    return (
        Slice.model_sha256 == revision.model_sha256,
        Slice.recipe_sha256 == revision.recipe_sha256,
        Slice.material == revision.recipe["material"],
        Slice.copies == copies,
        col(Slice.printer_model).in_(list(printer_models)),
    )
