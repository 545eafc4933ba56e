"""The basket: what lies in it, what all of it costs, where and when all of it is ready."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from parts3d.basket import Basket, BasketDep, keep_basket
from parts3d.catalogue.queries import part_on_sale
from parts3d.errors import Conflict, Invalid, NotFound, Parts3dError
from parts3d.jobs.queues import read_queues
from parts3d.orders.basket_view import Asked, basket_view
from parts3d.orders.opening import open_checkout
from parts3d.orders.queries import order_by_token, whole_order
from parts3d.quotes.service import MOST_LINES
from parts3d.shop import (
    Device,
    DeviceDep,
    HolderDep,
    WhereaboutsDep,
    remember_holder,
    remember_place,
    shop_page,
    translator,
)
from parts3d.web import ContextDep, NowDep, ReadDep, get_context, get_language, status_of

router = APIRouter(prefix="/basket", include_in_schema=False)
Slug = Annotated[str, Form(max_length=80)]
Many = Annotated[int, Form(ge=0, le=1000)]


@router.get("")
def show_basket(
    request: Request,
    session: ReadDep,
    basket: BasketDep,
    device: DeviceDep,
    where: WhereaboutsDep,
    added: Annotated[str, Query(max_length=80)] = "",
    removed: Annotated[str, Query(max_length=80)] = "",
    quantity: Annotated[int, Query(ge=1, le=1000)] = 1,
    place: Annotated[int, Query(ge=0, le=MOST_LINES)] = 0,
) -> Response:
    """Show the basket; what was taken out a moment ago can be put back."""
    said = {"added": added, "removed": removed, "quantity": quantity, "place": place}
    status = 422 if where.error else 200
    answer = _page(request, session, device, Asked(basket, where, said), status=status)
    remember_place(request, answer, where)
    return answer


@router.post("/add")
def add_part(
    request: Request,
    session: ReadDep,
    context: ContextDep,
    basket: BasketDep,
    device: DeviceDep,
    where: WhereaboutsDep,
    part: Slug,
    quantity: Annotated[int, Form(ge=1, le=1000)] = 1,
) -> Response:
    """Put a part in the basket; of one that lies there already, so many more."""
    part_on_sale(session, part)
    most = context.settings.max_quantity
    wanted = basket.quantity_of(part) + quantity
    if basket.is_full and part not in dict(basket.parts):
        fault = Invalid(
            f"The basket is full: it holds {MOST_LINES} different parts. Order these first."
        )
        return _refused(request, device, Asked(basket, where), fault)
    if wanted > most:
        # As many as may be ordered; the page says so instead of losing the wish.
        fault = Invalid(
            f"{wanted} copies cannot be ordered here. Choose from 1 to {most}.", place="quantity"
        )
        return _refused(request, device, Asked(basket.with_part(part, most), where), fault)
    return _changed(request, basket.with_part(part, wanted), f"/basket?added={part}")


@router.post("/change")
def change_quantity(
    request: Request,
    context: ContextDep,
    basket: BasketDep,
    device: DeviceDep,
    where: WhereaboutsDep,
    part: Slug,
    quantity: Many,
) -> Response:
    """Set how many of a part are wanted; none takes it out."""
    if quantity == 0:
        return remove_part(request, basket, part)
    if part not in dict(basket.parts):
        return RedirectResponse("/basket", status_code=303)
    most = context.settings.max_quantity
    if quantity > most:
        fault = Invalid(
            f"{quantity} copies cannot be ordered here. Choose from 1 to {most}.", place="quantity"
        )
        return _refused(request, device, Asked(basket, where), fault)
    return _changed(request, basket.with_part(part, quantity), "/basket")


@router.post("/remove")
def remove_part(request: Request, basket: BasketDep, part: Slug) -> Response:
    """Take a part out; the page offers to put it back where it was."""
    many, place = basket.quantity_of(part), basket.place_of(part)
    if not many:
        return RedirectResponse("/basket", status_code=303)
    address = f"/basket?removed={part}&quantity={many}&place={place}"
    return _changed(request, basket.with_part(part, 0), address)


@router.post("/undo")
def put_back(
    request: Request,
    basket: BasketDep,
    part: Slug,
    quantity: Annotated[int, Form(ge=1, le=1000)],
    place: Annotated[int, Form(ge=0, le=MOST_LINES)],
) -> Response:
    """Put back what was taken out, where it stood."""
    if basket.is_full:
        return RedirectResponse("/basket", status_code=303)
    return _changed(request, basket.with_part(part, quantity, place), "/basket")


@router.post("/again")
def order_again(
    request: Request,
    session: ReadDep,
    basket: BasketDep,
    order: Annotated[str, Form(max_length=200)],
) -> Response:
    """Put all parts of an order in the basket."""
    whole = whole_order(session, order_by_token(session, order).id)
    for one in whole.sold:
        if not basket.is_full:
            basket = basket.with_part(one.part.slug, one.line.quantity)
    return _changed(request, basket, "/basket")


@router.post("/checkout")
def begin_checkout(
    request: Request,
    session: ReadDep,
    context: ContextDep,
    now: NowDep,
    basket: BasketDep,
    device: DeviceDep,
    where: WhereaboutsDep,
    holder: HolderDep,
    point: Annotated[str, Form(max_length=80)],
) -> Response:
    """Freeze the price of all that can be ordered, hold capacity, and go to the form."""
    asked = Asked(basket, where)
    parts = basket_view(request, session, context, asked).orderable
    try:
        with context.database.unit_of_work() as work:
            opened = open_checkout(
                work.session,
                context.settings,
                parts=parts,
                point_slug=point,
                now=now,
                read_queues=read_queues,
                language=get_language(request),
                holder=holder,
            )
            address = f"/checkout/{opened.promise.id}"
    except (Conflict, Invalid, NotFound) as refusal:
        return _refused(request, device, asked, refusal)
    answer = RedirectResponse(address, status_code=303)
    remember_holder(request, answer, holder)
    return answer


def _changed(request: Request, basket: Basket, address: str) -> Response:
    answer = RedirectResponse(address, status_code=303)
    keep_basket(request, answer, basket)
    return answer


def _refused(request: Request, device: Device, asked: Asked, refusal: Parts3dError) -> Response:
    sentence = translator(get_language(request))(refusal.message)
    with get_context(request).database.reading() as session:
        answer = _page(request, session, device, asked, fault=sentence, status=status_of(refusal))
    keep_basket(request, answer, asked.basket)
    return answer


def _page(
    request: Request,
    session: Session,
    device: Device,
    asked: Asked,
    *,
    fault: str | None = None,
    status: int = 200,
) -> Response:
    shown = basket_view(request, session, get_context(request), asked)
    values: dict[str, Any] = {**shown.values, "fault": fault, "basket_count": asked.basket.count}
    return shop_page(request, device, "orders/basket.html", values, status=status, private=True)
