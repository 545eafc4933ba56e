"""What the maintainers' pages show of a revision. Reads only, for the edge."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from parts3d.catalogue.check_view import FindingView, finding_views
from parts3d.catalogue.tables import ModelCheck, Part, Revision
from parts3d.meshes.report import FindingReport
from parts3d.slicing.profiles import printer_models, profile
from parts3d.slicing.serving import slices_of
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
    slices = slices_of(session, revision)
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
        slices=len(slices),
        sliced=sum(1 for row in slices if row.status is SliceStatus.READY),
        failed=sum(1 for row in slices if row.status is SliceStatus.FAILED),
    )


def slice_states(session: Session, revision: Revision) -> Sequence[SliceState]:
    """Return a revision's slices with the names of their printer models, by that name."""
    known = printer_models()
    states = [
        SliceState(
            row,
            profile(row.printer_model).name if row.printer_model in known else row.printer_model,
        )
        for row in slices_of(session, revision)
    ]
    return sorted(states, key=lambda state: state.model)
