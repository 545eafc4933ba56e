"""Checks of uploads as pages: choose a file, watch, read the findings, repair, check again."""

from typing import Annotated, get_args

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import FileResponse, Response
from sqlmodel import Session

from parts3d.accounts.guards import MaintainerDep
from parts3d.accounts.shell import done, page, say
from parts3d.accounts.tables import Account, Role
from parts3d.catalogue.check_view import check_view, is_closed
from parts3d.catalogue.checks import (
    EXAMINE_TASK,
    Wish,
    ask_for_check,
    get_check,
    keep_upload,
    load_of,
    read_load,
    recent_checks,
    wish_for_repaired,
)
from parts3d.catalogue.checks_api import file_of
from parts3d.catalogue.recipe import Material
from parts3d.context import Context
from parts3d.errors import Invalid, Parts3dError
from parts3d.meshes.mesh import Unit
from parts3d.web import (
    ContextDep,
    LanguageDep,
    ReadDep,
    get_language,
    get_now,
    gettext_of,
    render,
    status_of,
)

router = APIRouter(include_in_schema=False)
Typed = Annotated[str, Form(max_length=80)]
_UNITS: tuple[Unit, ...] = get_args(Unit)
_MATERIALS: tuple[Material, ...] = get_args(Material)


@router.get("/upload")
def ask_for_model(
    request: Request, maintainer: MaintainerDep, session: ReadDep, context: ContextDep
) -> Response:
    """Show the first step: the model's file, its unit and material."""
    return _choose_page(request, session, context, maintainer, {"material": "PETG"})


@router.post("/checks")
def upload_model(
    request: Request,
    maintainer: MaintainerDep,
    context: ContextDep,
    model: UploadFile | None = None,
    unit: Typed = "",
    material: Typed = "PETG",
    load_direction: Typed = "",
) -> Response:
    """Take a model's file and have it checked; the check's page shows how far it is."""
    typed = {"unit": unit, "material": material, "load_direction": load_direction}
    try:
        wish = Wish(
            file_name=(model.filename if model else None) or "model",
            model_sha256=keep_upload(context, model.file.read() if model else b""),
            unit=_unit(unit),
            material=_material(material),
            load_direction=read_load(load_direction),
        )
    except Parts3dError as error:
        faults = {error.place or "model": say(request, error.message)}
        with context.database.reading() as session:
            return _choose_page(
                request, session, context, maintainer, typed, faults, status=status_of(error)
            )
    return _ask(request, context, maintainer, wish)


@router.get("/checks/{check_id}")
def show_check(
    request: Request,
    check_id: str,
    maintainer: MaintainerDep,
    session: ReadDep,
    language: LanguageDep,
) -> Response:
    """Show how far a check is, then what it came to."""
    del maintainer
    view = check_view(get_check(session, check_id), language, gettext_of(language))
    return page(request, Role.MAINTAINER, "catalogue/check.html", _values(view))


@router.get("/checks/{check_id}/state")
def show_state(
    request: Request,
    check_id: str,
    maintainer: MaintainerDep,
    session: ReadDep,
    language: LanguageDep,
) -> Response:
    """Send the part of the page that changes while the check is made."""
    del maintainer
    view = check_view(get_check(session, check_id), language, gettext_of(language))
    values = {**_values(view), "say": lambda sentence: say(request, sentence)}
    return render(request, "catalogue/check_state.html", values)


@router.get("/checks/{check_id}/files/{name}")
def send_file(
    check_id: str, name: str, maintainer: MaintainerDep, session: ReadDep, context: ContextDep
) -> FileResponse:
    """Send a picture of a check, or the repaired file."""
    del maintainer
    return file_of(get_check(session, check_id), name, context)


@router.post("/checks/{check_id}/again")
def check_again(
    request: Request,
    check_id: str,
    maintainer: MaintainerDep,
    context: ContextDep,
    unit: Typed = "",
    material: Typed = "",
    load_direction: Annotated[str | None, Form(max_length=80)] = None,
) -> Response:
    """Check the same file with what the maintainer says now; the earlier check is kept."""
    with context.database.reading() as session:
        row = get_check(session, check_id)
    wish = Wish(
        file_name=row.file_name,
        model_sha256=row.model_sha256,
        unit=_unit(unit),
        material=_material(material or row.material),
        load_direction=load_of(row) if load_direction is None else read_load(load_direction),
        repaired_from_id=row.repaired_from_id,
    )
    return _ask(request, context, maintainer, wish)


@router.post("/checks/{check_id}/repaired")
def take_repaired(
    request: Request, check_id: str, maintainer: MaintainerDep, context: ContextDep
) -> Response:
    """Go on with the repaired file, which is checked as any other; the original is kept."""
    with context.database.reading() as session:
        wish = wish_for_repaired(get_check(session, check_id))
    return _ask(request, context, maintainer, wish)


def _ask(request: Request, context: Context, maintainer: Account, wish: Wish) -> Response:
    with context.database.unit_of_work() as work:
        row = ask_for_check(
            work.session, wish, created_by=f"maintainer:{maintainer.id}", now=get_now(request)
        )
        work.after_commit(lambda: context.ring_task(EXAMINE_TASK, row.id))
    return done(request, f"/maintainer/checks/{row.id}")


def _unit(typed: str) -> Unit | None:
    for unit in _UNITS:
        if unit == typed:
            return unit
    if typed:
        raise Invalid("Choose the unit from the list.", place="unit")
    return None


def _material(typed: str) -> Material:
    for material in _MATERIALS:
        if material == typed:
            return material
    raise Invalid("Choose the material from the list.", place="material")


def _values(view: object) -> dict[str, object]:
    return {"view": view, "closed": is_closed, "materials": [(name, name) for name in _MATERIALS]}


def _choose_page(
    request: Request,
    session: Session,
    context: Context,
    maintainer: Account,
    typed: dict[str, str],
    faults: dict[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    language = get_language(request)
    values = {
        "typed": typed,
        "faults": faults or {},
        "materials": [(name, name) for name in _MATERIALS],
        "max_megabytes": context.settings.max_upload_bytes // 1_000_000,
        "recent": [
            check_view(row, language, gettext_of(language))
            for row in recent_checks(session, f"maintainer:{maintainer.id}")
        ],
    }
    return page(request, Role.MAINTAINER, "catalogue/choose_model.html", values, status=status)
