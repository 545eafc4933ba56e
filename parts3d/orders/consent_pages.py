"""The customer's choice, when her part could be ready in time at another point: go, or stay.

Asked on the tracking page and answered by one tap. A link in a mail only shows the question:
mail scanners follow every link.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from parts3d.errors import Conflict
from parts3d.jobs.channels import ring_point
from parts3d.jobs.keeping.elsewhere import accept, decline
from parts3d.jobs.keeping.seen import keeping_of
from parts3d.languages import locale_of
from parts3d.notices.announce import announce
from parts3d.orders.compensation import amount_of
from parts3d.orders.queries import order_by_token
from parts3d.orders.tables import Order
from parts3d.points.closing import hours_of
from parts3d.points.geography import Place, distance_km
from parts3d.points.tables import Point
from parts3d.promises.words import moment_words, percent_words
from parts3d.settings import Settings
from parts3d.shop import DeviceDep, shop_page, translator
from parts3d.templating import clock_time, euros
from parts3d.web import ContextDep, LanguageDep, NowDep, gettext_of, status_of

router = APIRouter(prefix="/orders", include_in_schema=False)


@router.post("/{token}/move/{rescue_id}")
def answer_question(
    request: Request,
    token: Annotated[str, Path(max_length=200)],
    rescue_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")],
    answer: Annotated[Literal["go", "stay"], Form()],
    context: ContextDep,
    device: DeviceDep,
    now: NowDep,
    language: LanguageDep,
) -> Response:
    """Take her answer; a second tap changes nothing."""
    try:
        with context.database.unit_of_work() as work:
            order = order_by_token(work.session, token)
            act = accept if answer == "go" else decline
            row = act(work.session, order.id, rescue_id, now)
            announce(context, work, order.id, row.to_point_id)
            work.after_commit(lambda: ring_point(context.bell, row.from_point_id))
    except Conflict as error:
        values = {"message": translator(language)(error.message), "token": token}
        return shop_page(
            request, device, "orders/too_late.html", values, status=status_of(error), private=True
        )
    return RedirectResponse(f"/orders/{token}", status_code=303)


def keeping_view(session: Session, order: Order, now: datetime, language: str) -> dict[str, Any]:
    """Return what the tracking page shows of what is done for the promise."""
    _, locale = gettext_of(language), locale_of(language)
    found = keeping_of(session, order.id, now)

    def words(at: datetime | None) -> str | None:
        return moment_words(at, now=now, _=_, locale=locale) if at else None

    asked, there = found.question, found.there
    question = None
    if found.open and asked is not None and there is not None and asked.ready_after is not None:
        here = session.get_one(Point, asked.from_point_id)
        closes_at = hours_of(session, there, now).closes_at(asked.ready_after)
        km = distance_km(_place(here), _place(there))
        question = {
            "id": asked.id,
            "here": here.name,
            "there": there.name,
            "address": f"{there.street}, {there.postcode} {there.city}",
            "when": words(asked.ready_after),
            "until": clock_time(closes_at) if closes_at else None,
            "stays": words(asked.ready_before),
            "answer_by": clock_time(asked.answer_by) if asked.answer_by else "",
            "distance": _("{km} km from {here}").format(km=f"{km:.1f}", here=here.name),
        }
    given = found.compensation
    return {
        "question": question,
        "expected": words(found.expected_at),
        "missed": words(given.promised_at) if given else None,
        "voucher": found.voucher.code if found.voucher else None,
        "voucher_worth": euros(given.amount_cents, language) if given else None,
    }


def sure_view(settings: Settings, handling_cents: int, language: str) -> dict[str, str | None]:
    """Return how sure a promise is, and what is given when it slips."""
    cents = amount_of(handling_cents, settings)
    return {
        "percent": percent_words(settings.promise_quantile, language),
        "apology": euros(cents, language) if cents else None,
    }


def _place(point: Point) -> Place:
    return Place(point.latitude, point.longitude, point.city)
