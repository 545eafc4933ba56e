"""The agents' endpoints. Only ``claim`` waits; it is woken by the bell of the point."""

import hashlib
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from random import uniform
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from sqlmodel import Session, select

from parts3d import __version__
from parts3d.accounts.agents import revoked
from parts3d.accounts.guards import AgentDep, BodyDep, GreetingAgentDep
from parts3d.accounts.tables import Agent
from parts3d.context import Context
from parts3d.errors import NotFound
from parts3d.jobs.channels import point_channel, ring_order, ring_point
from parts3d.jobs.claims import claim, renew
from parts3d.jobs.commands import commands_for
from parts3d.jobs.keeping.tasks import KEEP
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.lookout import lookout_of
from parts3d.jobs.news import may_have_news
from parts3d.jobs.permits import permit_start
from parts3d.jobs.pictures import keep_picture, read_picture
from parts3d.jobs.printers import (
    dropped_attempts,
    greet,
    hear_printers,
    held_attempts,
    printers_of,
)
from parts3d.jobs.reports import hear
from parts3d.jobs.tables import Attempt, Job
from parts3d.jobs.versions import new_enough, too_old
from parts3d.line import in_line
from parts3d.notices.announce import announce
from parts3d.points.tables import Printer
from parts3d.web import ContextDep, NowDep, ReadDep, system_clock
from printer_agents.protocol import (
    Claim,
    ClaimAnswer,
    Hello,
    HelloAnswer,
    PermitAnswer,
    PermitRequest,
    PrintersAnswer,
    PrintersUpdate,
    Renew,
    RenewAnswer,
    Reports,
    ReportsAnswer,
)

# Each endpoint opens its own unit of work: one that came as a dependency would hold SQLite's one
# writer while the answer waits for a thread, and all threads wait for the writer.
router = APIRouter(prefix="/agent/v1", tags=["agent"])
_SHARE_WAITED = (0.85, 1.0)
_DOWNLOADABLE = frozenset({JobStatus.LEASED, JobStatus.START_PERMITTED})


@router.post("/hello")
def say_hello(
    hello: Hello, agent: GreetingAgentDep, context: ContextDep, now: NowDep
) -> HelloAnswer:
    """Greet an agent and tell it what the server believes it holds."""
    with context.database.unit_of_work() as work:
        last = greet(work.session, agent=agent, hello=hello, now=now)
        return HelloAnswer(
            server_version=__version__,
            last_event_seq=last,
            current=held_attempts(work.session, agent),
            **_printers_told(printers_of(work.session, agent)),
            notice=_notice(hello.version, context),
        )


@router.post("/claim")
async def claim_work(
    request: Claim, agent: AgentDep, context: ContextDep, connection: Request
) -> ClaimAnswer:
    """Answer with work as soon as there is some, or with none when the wait is over."""
    # Who came together (after a restart: all) would come together again each time.
    deadline = time.monotonic() + request.wait_seconds * uniform(*_SHARE_WAITED)
    lookout = lookout_of(context)
    lookout.fresh.add(agent.point_id)
    # Listen before the first look, so that no ring falls between look and wait.
    async with context.bell.listen([point_channel(agent.point_id)]) as ear:
        first = answer = await in_line(_claim_once, context, agent, request, hear=True)
        while not _has_news(request, first, answer):
            # A bell may be lost, the row is the truth: one look for all who wait.
            rung = await lookout.wait(context, ear, agent.point_id, deadline - time.monotonic())
            # In silence the last answer still holds; and nobody who has left hears of a lease.
            if not rung or await connection.is_disconnected():
                break
            # Most likely there is work: past the line of those who only ask whether there is.
            answer = await run_in_threadpool(_claim_once, context, agent, request, hear=False)
        return answer


def _has_news(request: Claim, first: ClaimAnswer, answer: ClaimAnswer) -> bool:
    """Tell whether an agent should hear of this now: work, a command, or what staff have said."""
    news = {command.command_id for command in answer.commands} - set(request.commands_known)
    changed = (answer.bed_clear, answer.loaded) != (first.bed_clear, first.loaded)
    return bool(answer.work or answer.cancel or news or changed)


def _claim_once(context: Context, agent: Agent, request: Claim, *, hear: bool) -> ClaimAnswer:
    now = system_clock()
    with context.database.unit_of_work() as work:
        # Read once and held: a thousand agents ask this all the time.
        row, printers = work.session.get_one(Agent, agent.id), printers_of(work.session, agent)
        if hear:
            hear_printers(
                work.session,
                agent=agent,
                generation=request.agent_generation,
                reports=request.printers,
                now=now,
            )
        if row.revoked_at is not None:
            raise revoked()
        found = None
        worth = may_have_news(work.session, row, {printer.point_id for printer in printers})
        if worth:
            found = claim(
                work.session,
                agent=agent,
                generation=request.agent_generation,
                printers=request.printers,
                secret=context.settings.secret(),
                lease_seconds=context.settings.lease_seconds,
                now=now,
                least_version=context.settings.least_agent_version,
                spools_required=context.settings.spools_required,
            )
        if found is not None:
            job = work.session.get_one(Job, found.ref.job_id)
            announce(context, work, job.order_id, agent.point_id)
        tidings = _tidings(context, work.session, row, printers, now, worth=worth)
        return ClaimAnswer(work=found, **tidings)


def _tidings(
    context: Context,
    session: Session,
    agent: Agent,
    printers: Sequence[Printer],
    now: datetime,
    *,
    worth: bool,
) -> dict[str, Any]:
    """Return what every answer brings along, as the fields of ``Tidings``.

    ``worth`` says whether there may be more than beds and materials.
    """
    return {
        **_printers_told(printers),
        "cancel": dropped_attempts(session, agent) if worth else (),
        "commands": commands_for(session, agent, now) if worth else (),
        "notice": _notice(agent.version, context),
    }


def _printers_told(printers: Sequence[Printer]) -> dict[str, Any]:
    return {
        "bed_clear": {printer.id: printer.bed_clear for printer in printers},
        "loaded": {printer.id: printer.material for printer in printers},
    }


def _notice(version: str | None, context: Context) -> str | None:
    least = context.settings.least_agent_version
    return None if new_enough(version, least) else too_old(version, least)


@router.post("/renew")
def renew_lease(request: Renew, agent: AgentDep, context: ContextDep, now: NowDep) -> RenewAnswer:
    """Extend a lease."""
    with context.database.unit_of_work() as work:
        seconds = renew(
            work.session,
            agent=agent,
            ref=request.ref,
            lease_seconds=context.settings.lease_seconds,
            now=now,
        )
        return RenewAnswer(lease_seconds=seconds)


@router.get("/gcode/{token}")
def download_gcode(
    token: str, agent: AgentDep, session: ReadDep, context: ContextDep
) -> FileResponse:
    """Send the file of one attempt; ranges are answered, so a download can be resumed."""
    token_sha256 = hashlib.sha256(token.encode()).hexdigest()
    row = session.exec(
        select(Attempt, Job)
        .where(Attempt.job_id == Job.id, Attempt.download_sha256 == token_sha256)
        .where(Attempt.agent_id == agent.id)
    ).first()
    if row is None or row[0].epoch != row[1].epoch or row[1].status not in _DOWNLOADABLE:
        raise NotFound("This download has ended. Claim the job again.", code="download_ended")
    path: Path = context.store.path(row[0].gcode_sha256)
    return FileResponse(path, media_type="text/x.gcode", headers={"Cache-Control": "no-store"})


@router.post("/permit")
def ask_permit(
    request: PermitRequest, agent: AgentDep, context: ContextDep, now: NowDep
) -> PermitAnswer:
    """Permit a start. The commit comes before the answer leaves."""
    with context.database.unit_of_work() as work:
        permit_start(work.session, agent=agent, ref=request.ref, now=now)
        job = work.session.get_one(Job, request.ref.job_id)
        announce(context, work, job.order_id, agent.point_id)
        return PermitAnswer()


@router.post("/reports")
def take_reports(
    request: Reports, agent: AgentDep, context: ContextDep, now: NowDep
) -> ReportsAnswer:
    """Take in a batch of reports, in their order, in one commit."""
    with context.database.unit_of_work() as work:
        results = []
        for report in request.reports:
            result, job = hear(
                work.session,
                agent=agent,
                generation=request.agent_generation,
                report=report,
                now=now,
            )
            results.append(result)
            if job is not None:
                announce(context, work, job.order_id, agent.point_id)
                if job.status in _PUTS_PROMISES_AT_RISK:
                    work.after_commit(lambda: context.ring_task(KEEP, agent.point_id))
        return ReportsAnswer(results=tuple(results))


_PUTS_PROMISES_AT_RISK = frozenset({JobStatus.FAILED, JobStatus.NEEDS_HUMAN})


@router.post("/printers")
def take_printers(
    request: PrintersUpdate, agent: AgentDep, context: ContextDep, now: NowDep
) -> PrintersAnswer:
    """Store what the printers look like now."""
    with context.database.unit_of_work() as work:
        row, printers = work.session.get_one(Agent, agent.id), printers_of(work.session, agent)
        touched = hear_printers(
            work.session,
            agent=agent,
            generation=request.agent_generation,
            reports=request.printers,
            now=now,
        )
        for order_id in touched:
            work.after_commit(lambda order_id=order_id: ring_order(context.bell, order_id))  # type: ignore[misc]
        worth = may_have_news(work.session, row, {printer.point_id for printer in printers})
        return PrintersAnswer(**_tidings(context, work.session, row, printers, now, worth=worth))


@router.post("/pictures/{printer_id}", status_code=204)
def take_picture(
    printer_id: str,
    body: BodyDep,
    agent: AgentDep,
    context: ContextDep,
    now: NowDep,
) -> None:
    """Keep what a printer's camera sees."""
    picture = read_picture(body)
    picture_sha256 = context.store.put(picture.jpeg)
    with context.database.unit_of_work() as work:
        printer = keep_picture(
            work.session,
            agent=agent,
            printer_id=printer_id,
            picture=picture,
            picture_sha256=picture_sha256,
            now=now,
        )
        point_id = printer.point_id
        work.after_commit(lambda: ring_point(context.bell, point_id))
