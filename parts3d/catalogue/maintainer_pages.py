"""The maintainers' pages: revisions with their findings, and what is decided about them."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, Response
from sqlmodel import Session

from parts3d.accounts.actors import actor_names
from parts3d.accounts.guards import MaintainerDep
from parts3d.accounts.shell import done, page, say
from parts3d.accounts.tables import Role
from parts3d.catalogue import checks_pages, upload_pages
from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.queries import history, revisions
from parts3d.catalogue.revision_view import (
    layers_view,
    slice_failures,
    slice_states,
    view_of,
)
from parts3d.catalogue.service import approve, get_revision, reject, submit, withdraw
from parts3d.catalogue.tables import Revision
from parts3d.context import Context
from parts3d.errors import NotFound, Parts3dError
from parts3d.web import (
    ContextDep,
    LanguageDep,
    NowDep,
    ReadDep,
    get_language,
    gettext_of,
    render,
    status_of,
)

router = APIRouter(prefix="/maintainer", include_in_schema=False)
Reason = Annotated[str, Form(max_length=500)]
Act = Callable[[Session, Revision], None]
# Before the revisions: nobody's id is "upload", but routes are tried in order.
router.include_router(checks_pages.router)
router.include_router(upload_pages.router)


@router.get("")
def list_revisions(
    request: Request, maintainer: MaintainerDep, session: ReadDep, language: LanguageDep
) -> Response:
    """Show every revision, what waits for a decision first."""
    rows = [view_of(session, part, revision, language) for part, revision in revisions(session)]
    waiting = [row for row in rows if row.revision.status is RevisionStatus.SUBMITTED]
    values = {
        "rows": rows,
        "waiting": waiting,
        "names": actor_names(session, [row.revision.uploaded_by for row in rows]),
        "me": _actor(maintainer.id),
    }
    return page(request, Role.MAINTAINER, "catalogue/revisions.html", values)


@router.get("/revisions/{revision_id}")
def show_revision(
    request: Request, revision_id: str, maintainer: MaintainerDep, session: ReadDep
) -> Response:
    """Show one revision with its findings, its slices and its history."""
    return _revision_page(request, session, _actor(maintainer.id), revision_id)


@router.get("/revisions/{revision_id}/progress")
def show_progress(
    request: Request, revision_id: str, maintainer: MaintainerDep, session: ReadDep
) -> Response:
    """Send the part of the page that changes while the picture is drawn and slices are made."""
    del maintainer
    revision = _revision(session, revision_id)
    values = {
        "revision": revision,
        "slices": slice_states(session, revision),
        "say": lambda sentence: say(request, sentence),
    }
    return render(request, "catalogue/revision_progress.html", values)


@router.get("/revisions/{revision_id}/picture.png")
def send_picture(
    revision_id: str,
    maintainer: MaintainerDep,
    session: ReadDep,
    context: ContextDep,
    size: Literal["96", "320"] | None = None,
) -> FileResponse:
    """Send a revision's picture, on sale or not; a small copy once there is one."""
    del maintainer
    revision = _revision(session, revision_id)
    if revision.picture_sha256 is None:
        raise NotFound("There is no picture of this revision yet.")
    small = (revision.thumbnails or {}).get(size or "")
    path = context.store.path(small or revision.picture_sha256)
    return FileResponse(path, media_type="image/png")


@router.get("/revisions/{revision_id}/model.glb")
def send_model(
    revision_id: str, maintainer: MaintainerDep, session: ReadDep, context: ContextDep
) -> Response:
    """Send a revision's mesh for the viewer, on sale or not."""
    from parts3d.meshes.reader import read
    from parts3d.meshes.viewer import MEDIA_TYPE, viewer_mesh

    del maintainer
    revision = _revision(session, revision_id)
    mesh = read(context.store.read(revision.model_sha256))
    content = viewer_mesh(mesh, tuple(revision.recipe["orientation_deg"]))
    return Response(content, media_type=MEDIA_TYPE)


@router.post("/revisions/{revision_id}/submit")
def submit_revision(
    request: Request,
    revision_id: str,
    maintainer: MaintainerDep,
    context: ContextDep,
    now: NowDep,
) -> Response:
    """Offer a draft for approval."""
    _ = gettext_of(get_language(request))
    actor = _actor(maintainer.id)

    def act(session: Session, revision: Revision) -> None:
        submit(session, revision, actor=actor, now=now)

    said = _("Submitted. A second maintainer approves it.")
    return _do(request, context, actor, revision_id, act, said)


@router.post("/revisions/{revision_id}/approve")
def approve_revision(
    request: Request,
    revision_id: str,
    maintainer: MaintainerDep,
    context: ContextDep,
    now: NowDep,
) -> Response:
    """Put a revision on sale; it is sliced for every printer model from now on."""
    _ = gettext_of(get_language(request))
    actor = _actor(maintainer.id)

    def act(session: Session, revision: Revision) -> None:
        approve(session, revision, actor=actor, now=now)

    said = _("Approved. It is being sliced; it can be ordered as soon as that is done.")
    return _do(request, context, actor, revision_id, act, said, ring="slicing.wish")


@router.post("/revisions/{revision_id}/reject")
def reject_revision(
    request: Request,
    revision_id: str,
    maintainer: MaintainerDep,
    context: ContextDep,
    now: NowDep,
    reason: Reason = "",
) -> Response:
    """Refuse a draft or a submitted revision."""
    _ = gettext_of(get_language(request))
    actor = _actor(maintainer.id)

    def act(session: Session, revision: Revision) -> None:
        reject(session, revision, actor=actor, reason=reason, now=now)

    return _do(request, context, actor, revision_id, act, _("Rejected."))


@router.post("/revisions/{revision_id}/withdraw")
def withdraw_revision(
    request: Request,
    revision_id: str,
    maintainer: MaintainerDep,
    context: ContextDep,
    now: NowDep,
    reason: Reason = "",
) -> Response:
    """Take a revision off sale."""
    _ = gettext_of(get_language(request))
    actor = _actor(maintainer.id)

    def act(session: Session, revision: Revision) -> None:
        withdraw(session, revision, actor=actor, reason=reason, now=now)

    return _do(request, context, actor, revision_id, act, _("It is no longer on sale."))


def _actor(account_id: str) -> str:
    return f"maintainer:{account_id}"


def _revision(session: Session, revision_id: str) -> Revision:
    revision = session.get(Revision, revision_id)
    if revision is None:
        raise NotFound("There is no such revision.")
    return revision


def _do(
    request: Request,
    context: Context,
    actor: str,
    revision_id: str,
    act: Act,
    said: str,
    *,
    ring: str | None = None,
) -> Response:
    """Decide in one commit; a refusal is told on the revision's page."""
    try:
        with context.database.unit_of_work() as work:
            act(work.session, get_revision(work.session, revision_id))
            if ring:
                work.after_commit(lambda: context.ring_task(ring))
    except NotFound:
        raise
    except Parts3dError as error:
        sentence = say(request, error.message)
        with context.database.reading() as session:
            return _revision_page(
                request,
                session,
                actor,
                revision_id,
                faults={error.place: sentence} if error.place else {},
                fault=None if error.place else sentence,
                status=status_of(error),
            )
    return done(request, f"/maintainer/revisions/{revision_id}", said)


def _revision_page(
    request: Request,
    session: Session,
    actor: str,
    revision_id: str,
    *,
    faults: dict[str, str] | None = None,
    fault: str | None = None,
    status: int = 200,
) -> Response:
    revision = _revision(session, revision_id)
    events = history(session, revision)
    language = get_language(request)
    values: dict[str, Any] = {
        "view": view_of(session, None, revision, language, with_pictures=True),
        "slices": slice_states(session, revision),
        "failures": slice_failures(session, revision),
        "layers": layers_view(session, revision),
        "events": events,
        "names": actor_names(
            session,
            [revision.uploaded_by, revision.approved_by, *(event.actor for event in events)],
        ),
        "is_mine": revision.uploaded_by == actor,
        "faults": faults or {},
        "fault": fault,
    }
    return page(
        request,
        Role.MAINTAINER,
        "catalogue/revision.html",
        {**values, "revision": revision},
        status=status,
    )
