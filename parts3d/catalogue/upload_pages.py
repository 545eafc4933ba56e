"""Uploading a part: model and form, or model and ``part.toml``; findings in words."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.responses import Response
from sqlmodel import Session, col, select

from parts3d.accounts.guards import MaintainerDep
from parts3d.accounts.shell import done, page, say
from parts3d.accounts.tables import Role
from parts3d.catalogue.check_view import pose_turn
from parts3d.catalogue.checks import done_check
from parts3d.catalogue.manifest_faults import Fault
from parts3d.catalogue.tables import ModelCheck, Part, Revision
from parts3d.catalogue.upload_form import UploadForm, field_of, judge_tables, tables_of
from parts3d.catalogue.uploading import CheckedModel, check_model, read_manifest, store_upload
from parts3d.context import Context
from parts3d.errors import Parts3dError
from parts3d.meshes.examination import Examination
from parts3d.slicing.profiles import MATERIAL_NAMES, materials, printer_models, profile
from parts3d.web import ContextDep, NowDep, ReadDep, get_language, gettext_of, status_of

router = APIRouter(include_in_schema=False)


@router.get("/upload/part")
def ask_for_words(
    request: Request,
    maintainer: MaintainerDep,
    session: ReadDep,
    context: ContextDep,
    check: Annotated[str, Query(max_length=40)] = "",
    pose: Annotated[int, Query(ge=0, le=99)] = 0,
) -> Response:
    """Show the form; after a check with its model, material and the chosen orientation.

    Licence author and manufacturer are as in the last upload.
    """
    last = session.exec(select(Revision).order_by(col(Revision.created_at).desc())).first()
    known = (last.manifest.get("manufacturer") or {}) if last else {}
    blank = UploadForm(
        author=maintainer.name,
        manufacturer_name=known.get("name", context.settings.seller_name),
        manufacturer_address=known.get("postal_address", ""),
        manufacturer_email=known.get("email", ""),
    )
    return _upload_page(
        request, context, blank.typed() | (_checked(session, check, pose) if check else {})
    )


@router.post("/upload")
def upload_part(
    request: Request,
    maintainer: MaintainerDep,
    context: ContextDep,
    now: NowDep,
    form: Annotated[UploadForm, Form()],
) -> Response:
    """Check the model and the words; a faultless upload becomes a draft."""
    _ = gettext_of(get_language(request))
    typed = form.typed()
    try:
        model = _read_model(context, form)
    except Parts3dError as error:
        typed["kept_model"] = ""
        return _upload_page(
            request, context, typed, {"model": say(request, error.message)}, status=status_of(error)
        )
    softening_c = {name: float(known.softening_c) for name, known in materials().items()}
    toml = _content(form.manifest)
    if toml:
        judged = read_manifest(toml, model, softening_c)
    else:
        judged = judge_tables(tables_of(form, model.bounds_mm), softening_c)
    if isinstance(judged, list):
        # The browser forgets a chosen file; the one that was read is kept for the next try.
        if model.check_id is None:
            typed["kept_model"] = context.store.put(model.data)
        faults, list_of_faults = _by_field(judged, typed, _, in_file=bool(toml))
        return _upload_page(request, context, typed, faults, toml_faults=list_of_faults, status=422)
    revision_id = store_upload(
        context, judged, model, uploaded_by=f"maintainer:{maintainer.id}", now=now
    )
    said = _("The part is a draft now. Read the findings, then submit it.")
    return done(request, f"/maintainer/revisions/{revision_id}", said)


def _checked(session: Session, check_id: str, pose: int) -> dict[str, str]:
    """Return what a check knows already of the form."""
    row = done_check(session, check_id)
    turn = dict(zip(("turn_x", "turn_y", "turn_z"), pose_turn(row, pose), strict=True))
    return {
        "check": row.id,
        "material": row.material,
        "load_direction": ", ".join(f"{number:g}" for number in row.load_direction or ()),
        **{field: f"{degrees:g}" for field, degrees in turn.items()},
    }


def _read_model(context: Context, form: UploadForm) -> CheckedModel:
    """Return the model of the check where it holds for the material; else check the file.

    That is the chosen file, else that of the check, else the one that was kept.
    """
    data = _content(form.model)
    name = (form.model.filename if form.model else None) or "model.stl"
    check_id = None
    if not data and form.check:
        with context.database.reading() as session:
            row = done_check(session, form.check)
        data = context.store.read(row.stl_sha256 or row.model_sha256)
        name, check_id = row.file_name, row.id
        if row.material == form.material:
            found = Examination.model_validate(row.examination)
            return CheckedModel(data, found.report, check_id)
    elif not data and form.kept_model and context.store.exists(form.kept_model):
        data = context.store.read(form.kept_model)
    known = [profile(model) for model in printer_models()]
    return check_model(
        data,
        name=name,
        max_bytes=context.settings.max_upload_bytes,
        beds_mm=[(bed.bed_x_mm, bed.bed_y_mm, bed.height_mm) for bed in known],
        material=form.material,
        check_id=check_id,
    )


def _content(upload: UploadFile | None) -> bytes:
    return upload.file.read() if upload is not None else b""


def _by_field(
    faults: list[Fault], typed: dict[str, str], _: Callable[[str], str], *, in_file: bool
) -> tuple[dict[str, str], list[str]]:
    """Return the form's faults by field; those of a file as a list with their lines."""
    if in_file:
        return {}, [f"{fault.line}: {fault.message} {fault.remedy}" for fault in faults]
    by_field: dict[str, str] = {}
    for fault in faults:
        field = field_of(fault.key)
        if not typed.get(field, "?").strip():
            sentence = _("Fill this in.")
        elif field in {"slug", "category"}:
            # The manifest's own words speak of folders.
            sentence = _("Write small letters, digits and hyphens only, as fridge-shelf-clip.")
        else:
            sentence = f"{fault.message} {fault.remedy}"
        by_field.setdefault(field, sentence)
    return by_field, []


def _upload_page(
    request: Request,
    context: Context,
    typed: dict[str, str],
    faults: dict[str, str] | None = None,
    *,
    toml_faults: list[str] | None = None,
    status: int = 200,
) -> Response:
    with context.database.reading() as session:
        categories = session.exec(select(Part.category).distinct().order_by(Part.category)).all()
        checked = session.get(ModelCheck, typed["check"]) if typed["check"] else None
    values = {
        "typed": typed,
        "faults": faults or {},
        "toml_faults": toml_faults or [],
        "categories": categories,
        "checked": checked,
        "materials": [(name, name) for name in MATERIAL_NAMES],
        "max_megabytes": context.settings.max_upload_bytes // 1_000_000,
    }
    return page(request, Role.MAINTAINER, "catalogue/upload.html", values, status=status)
