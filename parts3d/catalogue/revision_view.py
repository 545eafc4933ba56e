"""What the maintainers' pages show of a revision. Reads only, for the edge."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from parts3d.catalogue.check_view import FindingView, finding_views
from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.tables import ModelCheck, Part, Revision
from parts3d.meshes.report import FindingReport
from parts3d.slicing.plates import Size, copies_per_plate
from parts3d.slicing.profiles import printer_models, profile
from parts3d.slicing.serving import every_serving_slice, part_size, slices_of
from parts3d.slicing.tables import Slice, SliceStatus


@dataclass(frozen=True, slots=True)
class RevisionView:
    """A revision with its part; ``sliced`` of ``slices`` are ready."""

    part: Part
    revision: Revision
    name: str
    manifest: dict[str, Any]
    verdict: str | None
    findings: tuple[FindingView, ...]
    slices: int
    sliced: int
    failed: int


@dataclass(frozen=True, slots=True)
class SliceState:
    """One slice, with its printer model's name."""

    row: Slice
    model: str


@dataclass(frozen=True, slots=True)
class LayersView:
    """The slices whose layers can be looked at; while there are none, whether some will come."""

    choices: tuple[SliceState, ...]
    is_under_way: bool
    has_failed: bool


@dataclass(frozen=True, slots=True)
class SliceFailure:
    """Slices that failed for one reason.

    ``is_served``: earlier slices serve all of them. ``is_too_large``: the part fits none of
    these printer models, so trying again helps nobody.
    """

    words: str
    slices: tuple[SliceState, ...]
    is_served: bool
    is_too_large: bool


def view_of(
    session: Session,
    part: Part | None,
    revision: Revision,
    language: str,
    *,
    with_pictures: bool = False,
) -> RevisionView:
    """Return what is shown of a revision; manifests and reports of older days may lack fields.

    Args:
        session: for reading.
        part: the revision's, where it is at hand.
        revision: the row.
        language: the reader's.
        with_pictures: look for the findings' pictures too.
    """
    names: dict[str, str] = revision.manifest.get("name") or {}
    raw: list[dict[str, Any]] = revision.check_result.get("findings") or []
    found = [FindingReport.model_validate(finding) for finding in raw]
    slices = _present_slices(session, revision)
    check = None
    if with_pictures and revision.model_check_id:
        check = session.get(ModelCheck, revision.model_check_id)
        if check and check.material != revision.recipe.get("material"):
            check = None  # it was checked again, for another material: the marks are others
    return RevisionView(
        part=part or session.get_one(Part, revision.part_id),
        revision=revision,
        name=names.get(language) or names.get("en") or "?",
        manifest=revision.manifest,
        verdict=revision.check_result.get("verdict"),
        findings=finding_views(found, language, check),
        slices=sum(1 for row in slices if row.status is not SliceStatus.UNFIT),
        sliced=sum(1 for row in slices if row.status is SliceStatus.READY),
        failed=sum(1 for row in slices if row.status is SliceStatus.FAILED),
    )


def slice_states(session: Session, revision: Revision) -> Sequence[SliceState]:
    """Return a revision's slices with the names of their printer models, by that name.

    Of each printer model and number of copies: what was wished for last, and what serves.
    """
    return _named(_present_slices(session, revision))


def layers_view(session: Session, revision: Revision) -> LayersView:
    """Return what there is to look at, layer by layer: the slices that serve."""
    states = {row.status for row in slices_of(session, revision)}
    under_way = bool(states & {SliceStatus.WAITING, SliceStatus.SLICING})
    return LayersView(
        choices=tuple(_named(every_serving_slice(session, revision))),
        is_under_way=under_way or (revision.status is RevisionStatus.APPROVED and not states),
        has_failed=SliceStatus.FAILED in states,
    )


def slice_failures(session: Session, revision: Revision) -> Sequence[SliceFailure]:
    """Return why a revision's slices failed: the slicer's findings, one for each reason.

    What an earlier engine failed at, and the present one makes anew, is history.
    """
    served = {(row.printer_model, row.copies) for row in every_serving_slice(session, revision)}
    size = part_size(session, revision)
    brim_mm = float(revision.recipe.get("brim_mm", 0.0))
    by_words: dict[str, list[SliceState]] = {}
    for state in slice_states(session, revision):
        if state.row.status in (SliceStatus.FAILED, SliceStatus.UNFIT):
            by_words.setdefault(state.row.failure or "", []).append(state)
    return [
        SliceFailure(
            words,
            tuple(failed),
            is_served=all((one.row.printer_model, one.row.copies) in served for one in failed),
            is_too_large=size is not None and not any(_takes(one, size, brim_mm) for one in failed),
        )
        for words, failed in by_words.items()
    ]


def _present_slices(session: Session, revision: Revision) -> list[Slice]:
    serving = {row.id for row in every_serving_slice(session, revision)}
    found: list[Slice] = []
    seen: set[tuple[str, int]] = set()
    for row in slices_of(session, revision):  # the newest first
        key = (row.printer_model, row.copies)
        if key not in seen or row.id in serving:
            found.append(row)
        seen.add(key)
    return found


def _takes(state: SliceState, size_mm: Size, brim_mm: float) -> bool:
    if state.row.printer_model not in printer_models():
        return True  # nobody can tell
    printer = profile(state.row.printer_model)
    return copies_per_plate(size_mm, printer, brim_mm) >= state.row.copies


def _named(rows: Sequence[Slice]) -> list[SliceState]:
    known = printer_models()
    states = [
        SliceState(
            row,
            profile(row.printer_model).name if row.printer_model in known else row.printer_model,
        )
        for row in rows
    ]
    return sorted(states, key=lambda state: (state.model, state.row.copies))
