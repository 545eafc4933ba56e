"""The operator's vouchers: make one, see how often each was used, stop one."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlmodel import Session

from parts3d.accounts.guards import OperatorDep
from parts3d.accounts.shell import done, page, say
from parts3d.accounts.tables import Role
from parts3d.errors import Parts3dError
from parts3d.forms import faults_by_field
from parts3d.quotes.part_choices import part_choices
from parts3d.quotes.tariff_service import brussels_day
from parts3d.quotes.voucher_service import (
    VoucherTerms,
    create_voucher,
    list_vouchers,
    stop_voucher,
)
from parts3d.quotes.voucher_tables import VoucherRecord
from parts3d.web import ContextDep, NowDep, ReadDep, get_language, get_now, gettext_of, status_of

_HOME = "/operator/vouchers"

router = APIRouter(prefix=_HOME, include_in_schema=False)


class VoucherForm(BaseModel):
    """A voucher as typed; ``VoucherTerms`` judges it."""

    model_config = ConfigDict(frozen=True)

    code: str = ""
    euros: str = ""
    percent: str = ""
    first_day: str = ""
    last_day: str = ""
    most_uses: str = ""
    first_order_only: str = ""
    part: str = ""
    note: str = ""


@router.get("")
def show_vouchers(request: Request, operator: OperatorDep, session: ReadDep) -> Response:
    """Show all vouchers, and a form for the next one."""
    del operator
    return _vouchers_page(request, session)


@router.post("")
def make_voucher(
    request: Request,
    operator: OperatorDep,
    context: ContextDep,
    now: NowDep,
    form: Annotated[VoucherForm, Form()],
) -> Response:
    """Make a voucher."""
    _ = gettext_of(get_language(request))
    typed = form.model_dump()
    try:
        terms = _terms(form)
        with context.database.unit_of_work() as work:
            actor = f"operator:{operator.id}"
            code = create_voucher(work.session, terms, actor=actor, now=now).code
    except ValidationError as error:
        found = faults_by_field(error, _)
        faults = {_FIELD_OF.get(name, name): words for name, words in found.items()}
        status = 422
    except Parts3dError as error:
        faults, status = {error.place or "code": say(request, error.message)}, status_of(error)
    else:
        return done(request, _HOME, _("The voucher %(code)s may be used.") % {"code": code})
    with context.database.reading() as session:
        return _vouchers_page(request, session, typed, faults, status=status)


@router.post("/{voucher_id}/stop")
def end_voucher(
    request: Request, voucher_id: str, operator: OperatorDep, context: ContextDep, now: NowDep
) -> Response:
    """Stop a voucher."""
    _ = gettext_of(get_language(request))
    with context.database.unit_of_work() as work:
        actor = f"operator:{operator.id}"
        code = stop_voucher(work.session, voucher_id, actor=actor, now=now).code
    return done(request, _HOME, _("The voucher %(code)s is stopped.") % {"code": code})


# Faults of a whole are told where it begins.
_FIELD_OF = {"": "euros", "amount_cents": "euros"}


def _terms(form: VoucherForm) -> VoucherTerms:
    return VoucherTerms.model_validate(
        {
            "code": form.code,
            "amount_cents": _cents(form.euros),
            "percent": form.percent.strip() or None,
            "first_day": form.first_day or None,
            "last_day": form.last_day or None,
            "most_uses": form.most_uses.strip() or None,
            "first_order_only": bool(form.first_order_only),
            "part": form.part or None,
            "note": form.note,
        }
    )


def _cents(typed: str) -> Decimal | str | None:
    text = typed.strip().replace(",", ".")
    if not text:
        return None
    try:
        return Decimal(text) * 100
    except InvalidOperation:
        # The terms say that this is no number.
        return text


def _state(record: VoucherRecord, uses: int, today: date) -> str:
    if record.stopped_at is not None:
        return "stopped"
    if record.last_day is not None and today > record.last_day:
        return "over"
    if record.most_uses is not None and uses >= record.most_uses:
        return "used_up"
    if record.first_day is not None and today < record.first_day:
        return "not_yet"
    return "usable"


def _vouchers_page(
    request: Request,
    session: Session,
    typed: Mapping[str, Any] | None = None,
    faults: Mapping[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    today = brussels_day(get_now(request))
    parts = part_choices(session, get_language(request))
    titles = dict(parts)
    values = {
        "rows": [
            {
                "voucher": one.record,
                "uses": one.uses,
                "given_back": one.given_back,
                "part": titles.get(one.part, one.part) if one.part else None,
                "state": _state(one.record, one.uses, today),
            }
            for one in list_vouchers(session)
        ],
        "parts": parts,
        "typed": typed or VoucherForm().model_dump(),
        "faults": faults or {},
        "today": today.isoformat(),
    }
    return page(request, Role.OPERATOR, "quotes/vouchers.html", values, status=status)
