"""The maintainers' view of a revision's slices: their layers, and a failed one tried again."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from sqlmodel import Session

from parts3d.accounts.guards import MaintainerDep
from parts3d.accounts.shell import done, say
from parts3d.catalogue.revision_view import layers_view
from parts3d.catalogue.tables import Revision
from parts3d.errors import NotFound
from parts3d.slicing.drawing import DRAW_TASK
from parts3d.slicing.tables import Slice
from parts3d.slicing.wishes import try_again
from parts3d.web import ContextDep, ReadDep, get_language, gettext_of, render

router = APIRouter(prefix="/maintainer", include_in_schema=False)
# A slice's G-code may be made anew one day, so a browser asks whether its copy still holds.
_CHECKED = {"Cache-Control": "private, no-cache"}
_ASK_AGAIN = {"Cache-Control": "no-store", "Retry-After": "1"}


@router.get("/revisions/{revision_id}/layers")
def show_layers(
    request: Request, revision_id: str, maintainer: MaintainerDep, session: ReadDep
) -> Response:
    """Send the layer viewer's part of a revision's page; it asks again while slices wait."""
    del maintainer
    revision = session.get(Revision, revision_id)
    if revision is None:
        raise NotFound("There is no such revision.")
    values = {
        "revision": revision,
        "layers": layers_view(session, revision),
        "say": lambda sentence: say(request, sentence),
    }
    answer = render(request, "slicing/layers.html", values)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get("/slices/{slice_id}/layers")
def send_layers(
    slice_id: str, maintainer: MaintainerDep, session: ReadDep, context: ContextDep
) -> Response:
    """Send a slice's layers (see ``layers.py``), or say that they are being drawn (202)."""
    del maintainer
    row = _ready(session, slice_id)
    if row.layers_sha256 is None or not context.store.exists(row.layers_sha256):
        context.ring_task(DRAW_TASK, slice_id)
        return JSONResponse({"state": "drawing"}, status_code=202, headers=_ASK_AGAIN)
    return FileResponse(
        context.store.path(row.layers_sha256),
        media_type="application/octet-stream",
        headers={**_CHECKED, "Content-Encoding": "gzip"},
    )


@router.get("/slices/{slice_id}/first-layer.svg")
def send_first_layer(
    slice_id: str, maintainer: MaintainerDep, session: ReadDep, context: ContextDep
) -> Response:
    """Send the picture of a slice's first layer, or say that it is being drawn (202)."""
    del maintainer
    row = _ready(session, slice_id)
    if row.first_layer_sha256 is None or not context.store.exists(row.first_layer_sha256):
        context.ring_task(DRAW_TASK, slice_id)
        return JSONResponse({"state": "drawing"}, status_code=202, headers=_ASK_AGAIN)
    path = context.store.path(row.first_layer_sha256)
    return FileResponse(path, media_type="image/svg+xml", headers=_CHECKED)


@router.post("/revisions/{revision_id}/slices/again")
def slice_again(
    request: Request,
    revision_id: str,
    maintainer: MaintainerDep,
    context: ContextDep,
    slice_id: Annotated[list[str], Form(max_length=100)],
) -> Response:
    """Put failed slices back into the queue, before all others."""
    del maintainer
    _ = gettext_of(get_language(request))
    with context.database.unit_of_work() as work:
        for one in slice_id:
            row = work.session.get(Slice, one, with_for_update=True)
            if row is None:
                raise NotFound("There is no such slice.")
            try_again(work.session, row)
        work.after_commit(lambda: context.ring_task("slicing.slice"))
    said = _("It is being sliced again.")
    return done(request, f"/maintainer/revisions/{revision_id}", said)


def _ready(session: Session, slice_id: str) -> Slice:
    row = session.get(Slice, slice_id)
    if row is None or row.gcode_sha256 is None:
        raise NotFound("There is no such slice, or it is not ready yet.")
    return row
