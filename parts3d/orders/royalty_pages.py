"""The operator's page of royalties: what is owed to whom, by month, and as a file."""

import csv
import io
from datetime import date, timedelta
from typing import Annotated, Any

from babel.dates import format_date
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from parts3d.accounts.guards import OperatorDep
from parts3d.accounts.shell import page
from parts3d.accounts.tables import Role
from parts3d.languages import locale_of
from parts3d.orders.royalties import Owed, accounts, owed
from parts3d.points.hours import BRUSSELS
from parts3d.quotes.tariff_service import brussels_day
from parts3d.web import LanguageDep, NowDep, ReadDep

router = APIRouter(prefix="/operator/royalties", include_in_schema=False)
_MONTHS = 13
# A spreadsheet would run what begins with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Month = Annotated[str, Query(pattern=r"^$|^20\d\d-(0[1-9]|1[0-2])$")]


@router.get("")
def show_royalties(
    request: Request,
    operator: OperatorDep,
    session: ReadDep,
    language: LanguageDep,
    now: NowDep,
    month: Month = "",
) -> Response:
    """Show what the sales of a month owe to each author."""
    del operator
    first = _first_day(month, brussels_day(now))
    found = accounts(owed(session, first, _last_day(first), language))
    values: dict[str, Any] = {
        "month": f"{first:%Y-%m}",
        "title": _words(first, language),
        "months": [(f"{one:%Y-%m}", _words(one, language)) for one in _months(brussels_day(now))],
        "accounts": found,
        "total_cents": sum(account.cents for account in found),
    }
    return page(request, Role.OPERATOR, "orders/royalties.html", values)


@router.get("/month.csv")
def send_royalties(
    operator: OperatorDep,
    session: ReadDep,
    language: LanguageDep,
    now: NowDep,
    month: Month = "",
) -> Response:
    """Send a month's sales that owe royalties, one a line, for a spreadsheet."""
    del operator
    first = _first_day(month, brussels_day(now))
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(
        ("author", "part", "title", "order", "paid_on", "copies", "cents_net", "currency", "tariff")
    )
    for one in owed(session, first, _last_day(first), language):
        rows.writerow(_row(one))
    return Response(
        # The mark lets spreadsheets read accents.
        "\ufeff" + text.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="royalties-{first:%Y-%m}.csv"'},
    )


def _row(one: Owed) -> tuple[str | int, ...]:
    day = one.paid_at.astimezone(BRUSSELS).date().isoformat()
    words = (_plain(one.author), one.part, _plain(one.title), one.order_number, day)
    return (*words, one.quantity, one.cents, "EUR", one.tariff_id)


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _first_day(month: str, today: date) -> date:
    return date.fromisoformat(f"{month}-01") if month else today.replace(day=1)


def _last_day(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _months(today: date) -> list[date]:
    months = [today.replace(day=1)]
    while len(months) < _MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months


def _words(first: date, language: str) -> str:
    return str(format_date(first, "MMMM y", locale=locale_of(language)))
