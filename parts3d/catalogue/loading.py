"""Loading the catalogue's folders: every faultless part becomes a revision; a faulty one, nothing.

What lies in the catalogue's repository was reviewed there, so a loaded revision of a sellable
class goes on sale at once. S4 and unclassified parts stay drafts: they can never be approved.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.manifest_faults import Fault
from parts3d.catalogue.manifest_folder import check_part_folder
from parts3d.catalogue.service import approve, record_revision, submit
from parts3d.context import Context
from parts3d.meshes.report import report

_UPLOADED_BY = "catalogue"
_REVIEWED_BY = "catalogue:review"


@dataclass(frozen=True, slots=True)
class LoadedPart:
    """What became of one folder."""

    folder: Path
    slug: str | None
    status: RevisionStatus | None
    faults: tuple[Fault, ...] = ()
    fresh: bool = False


def load_catalogue(
    context: Context, folder: Path, *, softening_c: dict[str, float], now: datetime
) -> Iterator[LoadedPart]:
    """Load every part below a folder, one commit a part; yields each as it is done."""
    for path in sorted(folder.glob("*/*/part.toml")):
        yield _load_part(context, path.parent, softening_c, now)


def _load_part(
    context: Context, folder: Path, softening_c: dict[str, float], now: datetime
) -> LoadedPart:
    manifest = check_part_folder(folder, softening_c=softening_c)
    if isinstance(manifest, list):
        return LoadedPart(folder, None, None, tuple(manifest))
    model = (folder / "model.stl").read_bytes()
    picture = folder / "picture.png"
    checked = report("model.stl", model, unit="mm")
    model_sha256 = context.store.put(model)
    picture_sha256 = context.store.put(picture.read_bytes()) if picture.exists() else None
    with context.database.unit_of_work() as work:
        revision = record_revision(
            work.session,
            manifest=manifest,
            model_sha256=model_sha256,
            picture_sha256=picture_sha256,
            check_result=checked.model_dump(mode="json"),
            uploaded_by=_UPLOADED_BY,
            now=now,
        )
        fresh = revision.status is RevisionStatus.DRAFT and revision.decided_at is None
        if fresh and manifest.sellable:
            submit(work.session, revision, actor=_UPLOADED_BY, now=now)
            approve(work.session, revision, actor=_REVIEWED_BY, now=now)
        if fresh:
            work.after_commit(lambda: context.ring_task("slicing.wish"))
        return LoadedPart(folder, manifest.slug, revision.status, fresh=fresh)
