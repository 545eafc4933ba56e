"""Checkout: the price and the promise that are held, the guest's details, the order."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlmodel import Session

from parts3d.basket import get_basket, keep_basket
from parts3d.catalogue.part_pages import Asked, part_values
from parts3d.catalogue.part_words import about
from parts3d.catalogue.queries import part_on_sale
from parts3d.db import new_id
from parts3d.errors import Conflict, Invalid, NotFound, Parts3dError
from parts3d.jobs.queues import read_queues
from parts3d.notices.announce import announce
from parts3d.orders.agreement import PromiseChanged
from parts3d.orders.checkout import CheckoutDetails, Submitted, submit
from parts3d.orders.checkout_view import change_view, checkout_view, rush_view, where_back
from parts3d.orders.consent_pages import sure_view
from parts3d.orders.form_faults import details_faults
from parts3d.orders.opening import Checkout, find_checkout, open_checkout
from parts3d.orders.rush import rush_offer
from parts3d.shop import (
    Device,
    DeviceDep,
    HolderDep,
    WhereaboutsDep,
    remember_device,
    remember_holder,
    shop_page,
    translator,
)
from parts3d.web import (
    ContextDep,
    LanguageDep,
    NowDep,
    ReadDep,
    get_context,
    get_language,
    gettext_of,
    status_of,
)

router = APIRouter(prefix="/checkout", include_in_schema=False)
CheckoutId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Typed = Annotated[str, Field(max_length=300)]


class TypedDetails(BaseModel):
    """The form as it came; what is wrong with it is said beside the fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    idempotency_key: Typed = ""
    name: Typed = ""
    email: Typed = ""
    accept_terms: Typed = ""
    accepted_ready_at: Typed = ""

    def checked(self, checkout_id: str, language: str) -> CheckoutDetails:
        """Return the details of an order.

        Raises:
            ValidationError: something is missing or cannot be read.
        """
        return CheckoutDetails.model_validate(
            {
                **self.model_dump(),
                "promise_id": checkout_id,
                "language": language,
                "accept_terms": bool(self.accept_terms),
                "accepted_ready_at": self.accepted_ready_at or None,
            }
        )


@router.post("")
def begin_checkout(
    request: Request,
    context: ContextDep,
    now: NowDep,
    device: DeviceDep,
    where: WhereaboutsDep,
    holder: HolderDep,
    part: Annotated[str, Form(max_length=80)],
    point: Annotated[str, Form(max_length=80)],
    quantity: Annotated[int, Form(ge=1, le=1000)] = 1,
) -> Response:
    """Freeze the price, hold capacity, and go to the form; a refusal shows the part again."""
    try:
        with context.database.unit_of_work() as work:
            opened = open_checkout(
                work.session,
                context.settings,
                parts={part: quantity},
                point_slug=point,
                now=now,
                read_queues=read_queues,
                language=get_language(request),
                holder=holder,
            )
            address = f"/checkout/{opened.promise.id}"
    except Conflict as refusal:
        return _part_again(request, device, Asked(part, quantity, where), refusal)
    return _go_to(request, address, holder)


@router.get("")
def leave_checkout() -> RedirectResponse:
    """Go to the shop: a checkout begins with a part."""
    return RedirectResponse("/", status_code=303)


@router.get("/{checkout_id}")
def show_checkout(
    request: Request, checkout_id: CheckoutId, session: ReadDep, device: DeviceDep, now: NowDep
) -> Response:
    """Show what is ordered, and ask for a name and an address."""
    typed = {"name": device.name, "email": device.email}
    return _page(request, session, device, checkout_id, now, {"typed": typed})


@router.post("/{checkout_id}")
def submit_checkout(
    request: Request,
    checkout_id: CheckoutId,
    typed: Annotated[TypedDetails, Form()],
    now: NowDep,
    device: DeviceDep,
    language: LanguageDep,
) -> Response:
    """Order; a second press of the button gives the same order."""
    shown = typed.model_dump()
    try:
        details = typed.checked(checkout_id, language)
        result, found = _submit(request, details, now)
    except ValidationError as error:
        faults = details_faults(error, gettext_of(language))
        return show_again(request, device, checkout_id, now, {"typed": shown, "faults": faults})
    except PromiseChanged as change:
        values = {"typed": shown, "change": change}
        return show_again(request, device, checkout_id, now, values, status=409)
    except (Invalid, Conflict, NotFound) as error:
        if error.code == "unknown_checkout":
            raise
        sentence = translator(language)(error.message)
        if error.place == "voucher":
            values = {"typed": shown, "fault": sentence, "code_fault": sentence}
        elif error.place == "email":
            values = {"typed": shown, "faults": {"email": sentence}}
        else:
            values = {"typed": shown, "fault": sentence}
        return show_again(request, device, checkout_id, now, values, status=status_of(error))
    answer = RedirectResponse(f"/orders/{result.token}", status_code=303)
    remember_device(request, answer, device.with_order(details.name, details.email, result.token))
    bought = {one.part.slug: one.line.quantity for one in found.lines}
    keep_basket(request, answer, get_basket(request).without(bought))
    return answer


def _go_to(request: Request, address: str, holder: str) -> Response:
    answer = RedirectResponse(address, status_code=303)
    remember_holder(request, answer, holder)
    return answer


def _submit(
    request: Request, details: CheckoutDetails, now: datetime
) -> tuple[Submitted, Checkout]:
    context = get_context(request)
    with context.database.unit_of_work() as work:
        result = submit(work.session, context.settings, details, now, read_queues=read_queues)
        announce(context, work, result.order.id, result.order.point_id)
        return result, find_checkout(work.session, details.promise_id)


def _part_again(request: Request, device: Device, asked: Asked, refusal: Parts3dError) -> Response:
    """Show the part's page with what is possible now, and why the chosen thing is not."""
    context, language = get_context(request), get_language(request)
    with context.database.reading() as session:
        shown = part_on_sale(session, asked.slug)
        values = part_values(request, session, context, asked)
        values |= {"fault": translator(language)(refusal.message), **about(shown, language)}
        status = status_of(refusal)
        return shop_page(request, device, "catalogue/part.html", values, status=status)


def show_again(
    request: Request,
    device: Device,
    checkout_id: str,
    now: datetime,
    values: dict[str, Any],
    *,
    status: int = 422,
) -> Response:
    """Show a checkout again, with what was typed and what was wrong with it."""
    with get_context(request).database.reading() as session:
        return _page(request, session, device, checkout_id, now, values, status=status)


def _rush(
    request: Request, session: Session, found: Checkout, now: datetime, language: str
) -> dict[str, Any] | None:
    settings = get_context(request).settings
    offer = rush_offer(session, settings, found, now, read_queues=read_queues)
    return rush_view(offer, found, now, language) if offer else None


def _page(
    request: Request,
    session: Session,
    device: Device,
    checkout_id: str,
    now: datetime,
    values: dict[str, Any],
    *,
    status: int = 200,
) -> Response:
    language = get_language(request)
    found = find_checkout(session, checkout_id)
    change: PromiseChanged | None = values.get("change")
    nothing_typed = dict.fromkeys(TypedDetails.model_fields, "")
    no_faults = dict.fromkeys(("name", "email", "accept_terms", "form"))
    shown = {
        "fault": None,
        "code": "",
        "code_fault": None,
        **values,
        "typed": nothing_typed | values["typed"],
        "faults": no_faults | values.get("faults", {}),
        **checkout_view(session, found, now, language),
        "rush": _rush(request, session, found, now, language),
        **sure_view(get_context(request).settings, found.quote.handling_cents, language),
        **where_back(session, get_context(request).settings, found, language),
        "key": values["typed"].get("idempotency_key") or new_id(),
        "change": change and change_view(change, now, language),
    }
    return shop_page(request, device, "orders/checkout.html", shown, status=status, private=True)
