"""Loading the catalogue's folders: every faultless part becomes a revision; a faulty one, nothing.

What lies in the catalogue's repository was reviewed there, so a loaded revision of a sellable
class goes on sale at once. S4 and unclassified parts stay drafts: they can never be approved.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.manifest_faults import Fault
from parts3d.catalogue.manifest_folder import PartFolder, read_catalogue
from parts3d.catalogue.service import approve, record_revision, submit
from parts3d.context import Context
from parts3d.meshes.report import FileReport, report

_UPLOADED_BY = "catalogue"
_REVIEWED_BY = "catalogue:review"


@dataclass(frozen=True, slots=True)
class LoadedPart:
    """What became of a faultless part."""

    slug: str
    status: RevisionStatus
    fresh: bool


def check_model(model: bytes) -> FileReport:
    """Check a model of the catalogue; its files are in millimetres."""
    return report("model.stl", model, unit="mm")


def load_catalogue(
    context: Context,
    folder: Path,
    *,
    softening_c: Mapping[str, float],
    now: datetime,
    check: Callable[[bytes], FileReport] = check_model,
) -> tuple[list[LoadedPart], list[Fault]]:
    """Load every faultless part below a folder, one commit a part; loading again changes nothing.

    Returns:
        The parts, and every fault of the others.
    """
    folders, faults = read_catalogue(folder, softening_c)
    return [_load(context, part, check(part.model), now) for part in folders], faults


def _load(context: Context, part: PartFolder, checked: FileReport, now: datetime) -> LoadedPart:
    model_sha256 = context.store.put(part.model)
    picture_sha256 = context.store.put(part.picture)
    with context.database.unit_of_work() as work:
        revision = record_revision(
            work.session,
            manifest=part.manifest,
            model_sha256=model_sha256,
            picture_sha256=picture_sha256,
            check_result=checked.model_dump(mode="json"),
            uploaded_by=_UPLOADED_BY,
            now=now,
        )
        fresh = revision.created_at == now
        if fresh and part.manifest.sellable:
            submit(work.session, revision, actor=_UPLOADED_BY, now=now)
            approve(work.session, revision, actor=_REVIEWED_BY, now=now)
            work.after_commit(lambda: context.ring_task("slicing.wish"))
        return LoadedPart(part.manifest.slug, revision.status, fresh)
