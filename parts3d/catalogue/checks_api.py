"""Checks of uploads over HTTP, for a signed-in maintainer: ask, follow, read, fetch files."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import FileResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict

from parts3d.accounts.guards import MaintainerDep
from parts3d.catalogue.checks import (
    EXAMINE_TASK,
    Wish,
    ask_for_check,
    check_channel,
    get_check,
    keep_upload,
    load_of,
    read_load,
)
from parts3d.catalogue.lifecycle import CHECK_LIFECYCLE, CheckStatus
from parts3d.catalogue.recipe import Material
from parts3d.catalogue.tables import ModelCheck
from parts3d.context import Context
from parts3d.errors import NotFound
from parts3d.meshes.examination import Examination, Pose
from parts3d.meshes.mesh import Unit, Vector
from parts3d.web import ContextDep, NowDep, ReadDep

router = APIRouter(prefix="/api/v1/checks", tags=["catalogue"])
# Without a ring the row is looked at again after so long.
_LOOK_AGAIN_SECONDS = 5.0
_MEDIA_TYPES = {"png": "image/png", "stl": "model/stl"}
# What a check left never changes, but only maintainers may see it.
_CACHE = {"Cache-Control": "private, max-age=31536000, immutable"}


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Asked(_Answer):
    """A check that was asked for: where to look."""

    id: str
    href: str


class Refusal(_Answer):
    """Why a file could not be checked, and where in it."""

    code: str
    message: str
    place: str | None


class Repair(_Answer):
    """A repair that can be taken; its report is of the repaired file."""

    steps: tuple[str, ...]
    moved_mm: float
    volume_change_percent: float | None
    report: dict[str, object]


class CheckAnswer(_Answer):
    """A check: how far it is, and what it came to.

    ``report`` is as ``parts3d check --json`` gives it; ``files`` are addresses by name.
    """

    id: str
    file: str
    sha256: str
    unit: str | None
    material: str
    load_direction: Vector | None
    status: CheckStatus
    stage: str | None
    refusal: Refusal | None
    report: dict[str, object] | None
    poses: tuple[Pose, ...]
    repair: Repair | None
    repair_refused: str | None
    stl_sha256: str | None
    files: dict[str, str]


class Step(_Answer):
    """How far a check is: one event of the stream."""

    status: CheckStatus
    stage: str | None


@router.post("", status_code=202)
def ask(
    response: Response,
    maintainer: MaintainerDep,
    context: ContextDep,
    now: NowDep,
    model: UploadFile,
    unit: Annotated[Unit | None, Form()] = None,
    material: Annotated[Material, Form()] = "PETG",
    load_direction: Annotated[str, Form(max_length=80)] = "",
) -> Asked:
    """Take a model file and have it checked; the answer says where to follow."""
    wish = Wish(
        file_name=model.filename or "model",
        model_sha256=keep_upload(context, model.file.read()),
        unit=unit,
        material=material,
        load_direction=read_load(load_direction),
    )
    with context.database.unit_of_work() as work:
        row = ask_for_check(work.session, wish, created_by=f"maintainer:{maintainer.id}", now=now)
        work.after_commit(lambda: context.ring_task(EXAMINE_TASK, row.id))
    href = f"/api/v1/checks/{row.id}"
    response.headers["Location"] = href
    return Asked(id=row.id, href=href)


@router.get("/{check_id}")
def show(check_id: str, maintainer: MaintainerDep, session: ReadDep) -> CheckAnswer:
    """Return a check."""
    del maintainer
    row = get_check(session, check_id)
    found = Examination.model_validate(row.examination) if row.examination else None
    offer = found.repair if found else None
    return CheckAnswer(
        id=row.id,
        file=row.file_name,
        sha256=row.model_sha256,
        unit=row.unit,
        material=row.material,
        load_direction=load_of(row),
        status=row.status,
        stage=row.stage,
        refusal=_refusal(row),
        report=found.report.as_json_object() if found else None,
        poses=found.poses if found else (),
        repair=Repair(
            steps=tuple(step.message for step in offer.steps),
            moved_mm=offer.moved_mm,
            volume_change_percent=offer.volume_change_percent,
            report=offer.after.as_json_object(),
        )
        if offer
        else None,
        repair_refused=found.repair_refused if found else None,
        stl_sha256=row.stl_sha256,
        files={name: f"/api/v1/checks/{row.id}/files/{name}" for name in sorted(row.files)},
    )


@router.get("/{check_id}/events", response_class=EventSourceResponse)
async def follow(
    request: Request, check_id: str, maintainer: MaintainerDep, context: ContextDep
) -> AsyncIterator[ServerSentEvent]:
    """Send each step as it begins, until the check has come to an end."""
    del maintainer
    shown: Step | None = None
    async with context.bell.listen([check_channel(check_id)]) as ear:
        while not await request.is_disconnected():
            step = await asyncio.to_thread(_step, context, check_id)
            if step is not None and step != shown:
                shown = step
                yield ServerSentEvent(data=step.model_dump(mode="json"), event="step")
            if step is None or step.status in CHECK_LIFECYCLE.ends():
                return
            await ear.wait(_LOOK_AGAIN_SECONDS)


@router.get("/{check_id}/files/{name}")
def send_file(
    check_id: str, name: str, maintainer: MaintainerDep, session: ReadDep, context: ContextDep
) -> FileResponse:
    """Send a picture, or the repaired file."""
    del maintainer
    return file_of(get_check(session, check_id), name, context)


def file_of(row: ModelCheck, name: str, context: Context) -> FileResponse:
    """Answer with a file that a check left; it never changes.

    Raises:
        NotFound: the check left no such file.
    """
    sha256 = row.files.get(name)
    if sha256 is None:
        raise NotFound("This check left no such file.")
    kind = name.rsplit(".", 1)[-1]
    saved_as: dict[str, Any] = {} if kind == "png" else {"filename": name}
    return FileResponse(
        context.store.path(sha256), media_type=_MEDIA_TYPES[kind], headers=_CACHE, **saved_as
    )


def _step(context: Context, check_id: str) -> Step | None:
    with context.database.reading() as session:
        row = session.get(ModelCheck, check_id)
        return Step(status=row.status, stage=row.stage) if row else None


def _refusal(row: ModelCheck) -> Refusal | None:
    if row.refusal_code is None:
        return None
    return Refusal(
        code=row.refusal_code, message=row.refusal_message or "", place=row.refusal_place
    )
