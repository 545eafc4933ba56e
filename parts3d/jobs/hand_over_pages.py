"""The customer stands at the counter: confirm an order, hand it over, give a receipt."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from parts3d.accounts.shell import done, page, say
from parts3d.accounts.tables import Role
from parts3d.errors import NotFound, Parts3dError
from parts3d.jobs.counter_desk import CounterDep
from parts3d.jobs.placing import confirm_by_staff
from parts3d.notices.announce import announce
from parts3d.orders.agreement import PromiseChanged
from parts3d.orders.collection import Refused, find_by_code, hand_over
from parts3d.orders.queries import whole_order
from parts3d.orders.receipts import receipt
from parts3d.orders.tables import Order, PaymentMethod
from parts3d.units.service import hand_over_units
from parts3d.web import ContextDep, NowDep, ReadDep, get_language, gettext_of, status_of

router = APIRouter(prefix="/counter", include_in_schema=False)
Typed = Annotated[str, Form(max_length=40)]


@router.get("/hand-over")
def ask_for_code(request: Request, counter: CounterDep, number: str = "") -> Response:
    """Ask for the collection code."""
    del counter
    return _ask_code(request, {"code": "", "number": number[:40]})


@router.post("/hand-over")
def find_order(
    request: Request,
    counter: CounterDep,
    context: ContextDep,
    now: NowDep,
    code: Typed = "",
    number: Typed = "",
) -> Response:
    """Show what belongs to a code and what is to be paid; wrong codes count."""
    with context.database.unit_of_work() as work:
        found = find_by_code(
            work.session, context.settings, counter.desk, code=code, number=number, now=now
        )
    if isinstance(found, Refused):
        return _refused(request, found.error, {"code": code, "number": number})
    with context.database.reading() as session:
        whole = whole_order(session, found.order.id)
        if whole.order.collected_at is not None:
            return done(request, f"/counter/receipts/{whole.order.id}")
        values = {"whole": whole, "code": code}
        return page(request, Role.STAFF, "jobs/hand_over.html", values)


@router.post("/hand-over/pay")
def take_payment(
    request: Request,
    counter: CounterDep,
    context: ContextDep,
    now: NowDep,
    method: Annotated[PaymentMethod, Form()],
    code: Typed = "",
    number: Typed = "",
) -> Response:
    """Hand the order over against its price; a second click gives the same receipt."""
    typed = {"code": code, "number": number}
    try:
        with context.database.unit_of_work() as work:
            outcome = hand_over(
                work.session,
                context.settings,
                counter.desk,
                code=code,
                number=number,
                method=method,
                now=now,
                hand_out=hand_over_units,
            )
            if not isinstance(outcome, Refused):
                order_id = outcome.order.id
                announce(context, work, order_id, counter.desk.point_id)
    except Parts3dError as error:
        return _refused(request, error, typed)
    if isinstance(outcome, Refused):
        return _refused(request, outcome.error, typed)
    _ = gettext_of(get_language(request))
    said = None if outcome.already else _("Handed over and paid. Here is the receipt.")
    return done(request, f"/counter/receipts/{order_id}", said)


@router.get("/receipts/{order_id}")
def show_receipt(
    request: Request, order_id: str, counter: CounterDep, session: ReadDep, context: ContextDep
) -> Response:
    """Show the receipt of an order of this point, to print or to show."""
    order = session.get(Order, order_id)
    if order is None or order.point_id != counter.desk.point_id:
        raise NotFound("There is no such receipt at this point.")
    values = {"receipt": receipt(session, context.settings, order_id)}
    return page(request, Role.STAFF, "jobs/receipt.html", values)


@router.get("/confirm")
def ask_for_number(request: Request, counter: CounterDep) -> Response:
    """Ask which order's customer stands here."""
    del counter
    return _ask_number(request, "")


@router.post("/confirm")
def confirm_order(
    request: Request,
    counter: CounterDep,
    context: ContextDep,
    now: NowDep,
    number: Typed = "",
    accepted_ready_at: Typed = "",
) -> Response:
    """Place an unconfirmed order whose customer is here; a later time is asked for first."""
    try:
        with context.database.unit_of_work() as work:
            order = confirm_by_staff(
                work.session,
                context.settings,
                point_id=counter.desk.point_id,
                number=number,
                actor=counter.desk.actor,
                now=now,
                accepted_ready_at=_moment(accepted_ready_at),
            )
            order_number = order.number
            announce(context, work, order.id, order.point_id)
    except PromiseChanged as changed:
        return _ask_number(request, number, changed=changed, status=409)
    except Parts3dError as error:
        sentence = say(request, error.message)
        return _ask_number(request, number, fault=sentence, status=status_of(error))
    _ = gettext_of(get_language(request))
    return done(request, "/counter", _("Order %(number)s is placed.") % {"number": order_number})


def _refused(request: Request, error: Parts3dError, typed: dict[str, str]) -> Response:
    sentence = say(request, error.message)
    field = "number" if error.place == "number" or error.code == "unknown_order" else "code"
    return _ask_code(request, typed, {field: sentence}, status=status_of(error))


def _ask_code(
    request: Request,
    typed: dict[str, str],
    faults: dict[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    values = {"typed": typed, "faults": faults or {}}
    return page(request, Role.STAFF, "jobs/ask_code.html", values, status=status)


def _ask_number(
    request: Request,
    number: str,
    *,
    fault: str | None = None,
    changed: PromiseChanged | None = None,
    status: int = 200,
) -> Response:
    values: dict[str, Any] = {"number": number, "number_fault": fault, "changed": changed}
    return page(request, Role.STAFF, "jobs/confirm.html", values, status=status)


def _moment(text: str) -> datetime | None:
    """Read the moment that the page of a changed promise carried; None when it is not ours."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
