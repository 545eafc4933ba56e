"""The counter's tablet: what to do, the printers and the shelf, live."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlmodel import Session

from parts3d.accounts.shell import page, say
from parts3d.accounts.tables import Role
from parts3d.context import Context
from parts3d.jobs import hand_over_pages, part_pages, printer_pages
from parts3d.jobs.bench import clear_bed
from parts3d.jobs.bench_view import Bench, bench_of
from parts3d.jobs.channels import point_channel
from parts3d.jobs.counter_desk import Counter, CounterDep, act_at
from parts3d.orders.collection import Desk
from parts3d.units.stock import take_out
from parts3d.web import ContextDep, LanguageDep, NowDep, ReadDep, get_language, render

router = APIRouter(include_in_schema=False)
# Without a ring the counter looks again after so long: a printer that went offline is shown.
_LOOK_AGAIN_SECONDS = 20.0


@router.get("/counter")
def show_counter(
    request: Request, counter: CounterDep, session: ReadDep, language: LanguageDep
) -> Response:
    """Show what is to be done, the printers and the shelf."""
    return _counter_page(request, session, counter, language)


@router.get("/counter/live", response_class=EventSourceResponse)
async def follow_counter(
    request: Request, counter: CounterDep, context: ContextDep
) -> AsyncIterator[ServerSentEvent]:
    """Send the counter's list again whenever it has changed."""
    shown = request.headers.get("last-event-id")
    async with context.bell.listen([point_channel(counter.desk.point_id)]) as ear:
        while not await request.is_disconnected():
            html = await asyncio.to_thread(_fragment, request, context, counter)
            mark = _mark(html)
            if mark != shown:
                shown = mark
                yield ServerSentEvent(raw_data=html, id=mark)
            await ear.wait(_LOOK_AGAIN_SECONDS)


@router.post("/counter/printers/{printer_id}/clear")
def confirm_clear_bed(
    request: Request, printer_id: str, counter: CounterDep, context: ContextDep, now: NowDep
) -> Response:
    """Take staff's word that a bed is clear."""

    def act(session: Session, desk: Desk) -> None:
        clear_bed(session, point_id=desk.point_id, printer_id=printer_id, actor=desk.actor, now=now)

    def refused(session: Session, sentence: str, status: int) -> Response:
        language = get_language(request)
        return _counter_page(request, session, counter, language, fault=sentence, status=status)

    return act_at(request, context, counter, act, refused=refused)


@router.post("/counter/stock/{unit_id}/out")
def take_out_of_stock(
    request: Request,
    unit_id: str,
    counter: CounterDep,
    context: ContextDep,
    now: NowDep,
    why: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Take a part out of the point's stock."""

    def act(session: Session, desk: Desk) -> None:
        take_out(session, point_id=desk.point_id, unit_id=unit_id, why=why, now=now)

    def refused(session: Session, sentence: str, status: int) -> Response:
        language = get_language(request)
        return _counter_page(request, session, counter, language, fault=sentence, status=status)

    return act_at(request, context, counter, act, refused=refused)


router.include_router(part_pages.router)
router.include_router(printer_pages.router)
router.include_router(hand_over_pages.router)


def _counter_page(
    request: Request,
    session: Session,
    counter: Counter,
    language: str,
    *,
    fault: str | None = None,
    status: int = 200,
) -> Response:
    bench = bench_of(session, counter.desk.point_id, language)
    html = _draw(request, bench)
    values = {"bench": bench, "fault": fault, "last_id": _mark(html)}
    return page(request, Role.STAFF, "jobs/counter.html", values, status=status)


def _fragment(request: Request, context: Context, counter: Counter) -> str:
    with context.database.reading() as session:
        bench = bench_of(session, counter.desk.point_id, get_language(request))
        return _draw(request, bench)


def _draw(request: Request, bench: Bench) -> str:
    values = {"bench": bench, "say": lambda sentence: say(request, sentence)}
    return bytes(render(request, "jobs/bench.html", values).body).decode()


def _mark(html: str) -> str:
    """Return the identity of what is shown: the same list is not sent twice."""
    return hashlib.sha256(html.encode()).hexdigest()[:16]
