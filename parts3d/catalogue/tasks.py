"""Checks of uploaded models, and pictures of revisions, made by a worker."""

from datetime import UTC, datetime, timedelta

from sqlmodel import col, select

from parts3d.catalogue.checks import EXAMINE_TASK, unanswered
from parts3d.catalogue.examining import examine_check
from parts3d.catalogue.recipe import Recipe
from parts3d.catalogue.tables import Revision
from parts3d.catalogue.uploading import RENDER
from parts3d.context import Context
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
    """Draw a revision's picture as the part is printed, unless it has one."""
    from parts3d.meshes.orient import orient
    from parts3d.meshes.reader import read
    from parts3d.meshes.render import render

    with context.database.reading() as session:
        revision = session.get(Revision, revision_id)
        if revision is None or revision.picture_sha256 is not None:
            return
        model_sha256 = revision.model_sha256
        turn = Recipe.model_validate(revision.recipe).orientation_deg
    mesh = orient(read(context.store.read(model_sha256)), turn)
    picture_sha256 = context.store.put(render(mesh, size=_PICTURE_PIXELS))
    with context.database.unit_of_work() as work:
        row = work.session.get_one(Revision, revision_id, with_for_update=True)
        row.picture_sha256 = row.picture_sha256 or picture_sha256


@sweeper
def ring_for_pictures(context: Context, now: datetime) -> None:
    """Ring again for revisions that still have no picture."""
    with context.database.reading() as session:
        missing = session.exec(
            select(Revision.id).where(
                col(Revision.picture_sha256).is_(None), col(Revision.created_at) > now - _TRY_FOR
            )
        ).all()
    for revision_id in missing:
        context.ring_task(RENDER, revision_id)
