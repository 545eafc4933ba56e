"""An open checkout changed before it is ordered: with a voucher, or served before others."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from parts3d.errors import Conflict, Invalid, NotFound, TooManyTries
from parts3d.jobs.queues import read_queues
from parts3d.orders.checkout_pages import CheckoutId, show_again
from parts3d.orders.opening import use_rush, use_voucher
from parts3d.quotes.voucher_guesses import check_guesses, note_wrong, source_of
from parts3d.shop import Device, DeviceDep, remember_device, translator
from parts3d.web import ContextDep, LanguageDep, NowDep, status_of

router = APIRouter(prefix="/checkout", include_in_schema=False)
Name = Annotated[str, Form(max_length=100)]
Email = Annotated[str, Form(max_length=254)]


@router.post("/{checkout_id}/voucher")
def use_code(
    request: Request,
    checkout_id: CheckoutId,
    context: ContextDep,
    now: NowDep,
    device: DeviceDep,
    language: LanguageDep,
    code: Annotated[str, Form(max_length=60)] = "",
    name: Name = "",
    email: Email = "",
) -> Response:
    """Ask for the price again with a voucher, or without the one that was used."""
    device, typed = _typed_beside(device, name, email)
    source = source_of(context.settings.secret(), request.client.host if request.client else "")
    try:
        with context.database.unit_of_work() as work:
            if code.strip():
                check_guesses(work.session, source, now)
            opened = use_voucher(
                work.session,
                context.settings,
                checkout_id,
                code.strip() or None,
                now=now,
                read_queues=read_queues,
                language=language,
            )
            address = f"/checkout/{opened.promise.id}"
    except (Conflict, NotFound, TooManyTries) as error:
        if error.code in {"unknown_checkout", "already_ordered"}:
            raise
        if error.code == "voucher_unknown":
            with context.database.unit_of_work() as work:
                note_wrong(work.session, source, now)
        values: dict[str, Any] = {"typed": typed}
        sentence = translator(language)(error.message)
        if error.place == "voucher" and error.code != "saved_quote":
            values |= {"code": code, "code_fault": sentence}
        else:
            values["fault"] = sentence
        return show_again(request, device, checkout_id, now, values, status=status_of(error))
    return _go_on(request, device, address, name + email)


@router.post("/{checkout_id}/rush")
def go_first(
    request: Request,
    checkout_id: CheckoutId,
    context: ContextDep,
    now: NowDep,
    device: DeviceDep,
    language: LanguageDep,
    rush: Annotated[bool, Form()],
    name: Name = "",
    email: Email = "",
) -> Response:
    """Ask for an earlier time for a surcharge, or for the usual one again."""
    device, typed = _typed_beside(device, name, email)
    try:
        with context.database.unit_of_work() as work:
            opened = use_rush(
                work.session,
                context.settings,
                checkout_id,
                rush=rush,
                now=now,
                read_queues=read_queues,
                language=language,
            )
            address = f"/checkout/{opened.promise.id}"
    except (Conflict, Invalid, NotFound) as error:
        if error.code in {"unknown_checkout", "already_ordered"}:
            raise
        values = {"typed": typed, "fault": translator(language)(error.message)}
        return show_again(request, device, checkout_id, now, values, status=status_of(error))
    return _go_on(request, device, address, name + email)


def _typed_beside(device: Device, name: str, email: str) -> tuple[Device, dict[str, str]]:
    """Take along what she has typed beside, so that it is there again."""
    device = replace(device, name=name.strip() or device.name, email=email.strip() or device.email)
    return device, {"name": device.name, "email": device.email}


def _go_on(request: Request, device: Device, address: str, typed: str) -> Response:
    answer = RedirectResponse(address, status_code=303)
    if typed.strip():
        remember_device(request, answer, device)
    return answer
