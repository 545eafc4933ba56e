"""The operator's prices: the tariff in force, drafts with their effect, and what was published."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from parts3d.accounts.actors import actor_names
from parts3d.accounts.guards import OperatorDep
from parts3d.accounts.shell import done, page, say
from parts3d.accounts.tables import Account, Role
from parts3d.errors import Parts3dError
from parts3d.quotes.draft_page import PERIODS, Refused, draft_page
from parts3d.quotes.tariff_form import read_form
from parts3d.quotes.tariff_service import (
    brussels_day,
    discard,
    drafts,
    edit_draft,
    events_of,
    find_record,
    known_tariffs,
    new_draft,
    publish,
    tariff_in_force,
    withdraw,
)
from parts3d.quotes.tariff_tables import TariffStatus
from parts3d.quotes.tariff_words import tariff_words
from parts3d.web import (
    ContextDep,
    NowDep,
    ReadDep,
    get_language,
    gettext_of,
    status_of,
)

_HOME = "/operator/prices"
_LONGEST_TEXT = 300

router = APIRouter(prefix=_HOME, include_in_schema=False)
Text = Annotated[str, Form(max_length=_LONGEST_TEXT)]


async def get_typed(request: Request) -> dict[str, str]:
    """Return a form whose fields depend on the materials and printers there are."""
    form = await request.form()
    return {name: value[:_LONGEST_TEXT] for name, value in form.items() if isinstance(value, str)}


TypedDep = Annotated[dict[str, str], Depends(get_typed)]


@router.get("")
def show_prices(request: Request, operator: OperatorDep, session: ReadDep, now: NowDep) -> Response:
    """Show the tariff in force, what is planned, the drafts, and what held before."""
    del operator
    return _prices_page(request, session, now)


@router.post("/drafts")
def start_draft(
    request: Request, operator: OperatorDep, context: ContextDep, now: NowDep, title: Text = ""
) -> Response:
    """Begin a draft as a copy of the tariff in force."""
    try:
        with context.database.unit_of_work() as work:
            actor = _actor(operator)
            record_id = new_draft(work.session, title=title, actor=actor, now=now).id
    except Parts3dError as error:
        with context.database.reading() as session:
            return _prices_page(
                request,
                session,
                now,
                faults={"title": say(request, error.message)},
                status=status_of(error),
            )
    return done(request, f"{_HOME}/drafts/{record_id}")


@router.get("/drafts/{record_id}")
def show_draft(
    request: Request,
    record_id: str,
    operator: OperatorDep,
    context: ContextDep,
    session: ReadDep,
    now: NowDep,
    days: Annotated[int, Query(ge=1, le=3650)] = PERIODS[0],
) -> Response:
    """Show a draft's form and what it would have made of the last orders."""
    del operator
    record = find_record(session, record_id)
    if record.status is not TariffStatus.DRAFT:
        return done(request, _HOME)
    return draft_page(request, session, context, record_id, now, days=days)


@router.post("/drafts/{record_id}")
def change_draft(
    request: Request,
    record_id: str,
    operator: OperatorDep,
    context: ContextDep,
    now: NowDep,
    typed: TypedDep,
) -> Response:
    """Save a draft and show its effect."""
    _ = gettext_of(get_language(request))
    sheet, faults = read_form(typed)
    faults = {name: say(request, sentence) for name, sentence in faults.items()}
    status = 422
    if sheet is not None:
        try:
            with context.database.unit_of_work() as work:
                edit_draft(
                    work.session,
                    record_id,
                    sheet,
                    title=typed.get("title", ""),
                    actor=_actor(operator),
                    now=now,
                )
        except Parts3dError as error:
            if error.place is None:
                raise
            faults, status = {error.place: say(request, error.message)}, status_of(error)
        else:
            said = _("The draft is saved. Below is what it would have made of past orders.")
            return done(request, f"{_HOME}/drafts/{record_id}", said)
    refused = Refused(faults, typed, status=status)
    with context.database.reading() as session:
        return draft_page(request, session, context, record_id, now, refused=refused)


@router.post("/drafts/{record_id}/publish")
def publish_draft(
    request: Request,
    record_id: str,
    operator: OperatorDep,
    context: ContextDep,
    now: NowDep,
    first_day: Text = "",
) -> Response:
    """Publish a draft from a day on."""
    _ = gettext_of(get_language(request))
    refused = Refused({"first_day": _("Choose the first day.")}, first_day=first_day, status=422)
    try:
        day = date.fromisoformat(first_day)
        with context.database.unit_of_work() as work:
            publish(work.session, record_id, day, actor=_actor(operator), now=now)
    except (ValueError, Parts3dError) as error:
        if isinstance(error, Parts3dError):
            if error.place is None:
                raise
            words = {"first_day": say(request, error.message)}
            refused = Refused(words, first_day=first_day, status=status_of(error))
        with context.database.reading() as session:
            return draft_page(request, session, context, record_id, now, refused=refused)
    said = (
        _("Published: it holds from now on.")
        if day == brussels_day(now)
        else _("Published. Until its first day it can be withdrawn.")
    )
    return done(request, _HOME, said)


@router.post("/drafts/{record_id}/discard")
def discard_draft(
    request: Request, record_id: str, operator: OperatorDep, context: ContextDep, now: NowDep
) -> Response:
    """Throw a draft away."""
    _ = gettext_of(get_language(request))
    with context.database.unit_of_work() as work:
        discard(work.session, record_id, actor=_actor(operator), now=now)
    return done(request, _HOME, _("The draft is thrown away."))


@router.post("/tariffs/{record_id}/withdraw")
def withdraw_tariff(
    request: Request, record_id: str, operator: OperatorDep, context: ContextDep, now: NowDep
) -> Response:
    """Take back a tariff that has not begun."""
    _ = gettext_of(get_language(request))
    try:
        with context.database.unit_of_work() as work:
            withdraw(work.session, record_id, actor=_actor(operator), now=now)
    except Parts3dError as error:
        with context.database.reading() as session:
            return _prices_page(
                request,
                session,
                now,
                fault=say(request, error.message),
                status=status_of(error),
            )
    return done(request, _HOME, _("Withdrawn. The tariff before it goes on."))


def _actor(operator: Account) -> str:
    return f"operator:{operator.id}"


def _prices_page(
    request: Request,
    session: Session,
    now: datetime,
    *,
    faults: Mapping[str, str] | None = None,
    fault: str | None = None,
    status: int = 200,
) -> Response:
    language = get_language(request)
    known = known_tariffs(session)
    current = tariff_in_force(session, now)
    today = brussels_day(now)
    events = {
        one.record.id: events_of(session, one.record.id) for one in known if one.record is not None
    }
    names = actor_names(session, [event.actor for told in events.values() for event in told])
    rows: list[dict[str, Any]] = [
        {
            "tariff": one.tariff,
            "record": one.record,
            "words": tariff_words(one.tariff, language),
            "published": events[one.record.id][-1] if one.record is not None else None,
        }
        for one in known
    ]
    values: dict[str, Any] = {
        "current": next(row for row in rows if row["tariff"] == current),
        "planned": [row for row in rows if row["tariff"].effective_from > today],
        "earlier": [
            row
            for row in reversed(rows)
            if row["tariff"].effective_from <= today and row["tariff"] != current
        ],
        "drafts": drafts(session),
        "names": names,
        "faults": faults or {},
        "fault": fault,
    }
    return page(request, Role.OPERATOR, "quotes/prices.html", values, status=status)
