"""Checks of uploaded models, and pictures of revisions, made by a worker."""

from datetime import UTC, datetime, timedelta

from sqlmodel import col, select

from parts3d.catalogue.checks import EXAMINE_TASK, unanswered
from parts3d.catalogue.examining import examine_check
from parts3d.catalogue.recipe import Recipe
from parts3d.catalogue.tables import Revision
from parts3d.catalogue.uploading import RENDER
from parts3d.context import Context
from parts3d.meshes.mesh import Vector
from parts3d.slicing.profiles import printer_models, profile
from parts3d.tasks import sweeper, task

_PICTURE_PIXELS = 640
# A model that could not be drawn for so long never will be; the page shows a placeholder.
_TRY_FOR = timedelta(hours=1)


@task(EXAMINE_TASK)
def examine_upload(context: Context, check_id: str) -> None:
    """Examine an uploaded model, unless that is done or another worker is at it."""
    beds = [profile(model) for model in printer_models()]
    examine_check(
        context,
        check_id,
        clock=lambda: datetime.now(UTC),
        beds_mm=[(bed.bed_x_mm, bed.bed_y_mm, bed.height_mm) for bed in beds],
    )


@sweeper
def ring_for_checks(context: Context, now: datetime) -> None:
    """Ring again for checks that nobody has begun, or whose worker died."""
    with context.database.reading() as session:
        waiting = unanswered(session, now)
    for check_id in waiting:
        context.ring_task(EXAMINE_TASK, check_id)


@task(RENDER)
def render_picture(context: Context, revision_id: str) -> None:
    """Draw a revision's picture as the part is printed, and small copies, unless it has them."""
    with context.database.reading() as session:
        revision = session.get(Revision, revision_id)
        if revision is None or revision.thumbnails is not None:
            return
        picture_sha256 = revision.picture_sha256
        model_sha256 = revision.model_sha256
        turn = Recipe.model_validate(revision.recipe).orientation_deg
    if picture_sha256 is None:
        picture_sha256 = context.store.put(_drawn(context.store.read(model_sha256), turn))
    small = _small_copies(context, picture_sha256)
    with context.database.unit_of_work() as work:
        row = work.session.get_one(Revision, revision_id, with_for_update=True)
        row.picture_sha256 = row.picture_sha256 or picture_sha256
        row.thumbnails = row.thumbnails or small


def _drawn(model: bytes, turn: Vector) -> bytes:
    from parts3d.meshes.orient import orient
    from parts3d.meshes.reader import read
    from parts3d.meshes.render import render

    return render(orient(read(model), turn), size=_PICTURE_PIXELS)


def _small_copies(context: Context, picture_sha256: str) -> dict[str, str]:
    """Store small copies by their pixels a side; a photo too small for one gives none."""
    from parts3d.meshes.thumbnails import thumbnails

    try:
        copies = thumbnails(context.store.read(picture_sha256))
    except ValueError:
        return {}
    return {str(size): context.store.put(copy) for size, copy in copies.items()}


@sweeper
def ring_for_pictures(context: Context, now: datetime) -> None:
    """Ring again for revisions that still have no picture, or no small copies of it."""
    with context.database.reading() as session:
        missing = session.exec(
            select(Revision.id).where(
                col(Revision.thumbnails).is_(None), col(Revision.created_at) > now - _TRY_FOR
            )
        ).all()
    for revision_id in missing:
        context.ring_task(RENDER, revision_id)
