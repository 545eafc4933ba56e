"""The agents' endpoints. Only ``claim`` waits; it is woken by the bell of the point."""

import hashlib
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from random import uniform

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from sqlmodel import select

from parts3d import __version__
from parts3d.accounts.agents import revoked
from parts3d.accounts.guards import AgentDep, BodyDep, GreetingAgentDep, Signed, SignedDep
from parts3d.accounts.tables import Agent
from parts3d.context import Context
from parts3d.db import Work
from parts3d.errors import NotFound
from parts3d.jobs.channels import point_channel, ring_order, ring_point
from parts3d.jobs.claims import claim, renew
from parts3d.jobs.keeping.tasks import KEEP
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.lookout import lookout_of
from parts3d.jobs.news import news_for
from parts3d.jobs.permits import permit_start
from parts3d.jobs.pictures import keep_picture, read_picture
from parts3d.jobs.printers import (
    greet,
    hear_printers,
    held_attempts,
    printers_of,
)
from parts3d.jobs.reports import hear
from parts3d.jobs.tables import Attempt, Job
from parts3d.jobs.tidings import notice, printers_told, tidings
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
            **printers_told(printers_of(work.session, agent)),
            notice=notice(hello.version, context.settings.least_agent_version),
        )


@router.post("/claim")
async def claim_work(
    request: Claim, signed: SignedDep, context: ContextDep, connection: Request
) -> ClaimAnswer:
    """Answer with work as soon as there is some, or with none when the wait is over."""
    # Who came together (after a restart: all) would come together again each time.
    deadline = time.monotonic() + request.wait_seconds * uniform(*_SHARE_WAITED)
    lookout = lookout_of(context)
    # Listen before the first look, so that no ring falls between look and wait. Whose point it is,
    # that look tells.
    async with context.bell.listen_to_all() as ear:
        agent, first = await in_line(_first_look, context, signed, request)
        ear.follow([point_channel(agent.point_id)])
        lookout.fresh.add(agent.point_id)
        answer = first
        while not _has_news(request, first, answer):
            # A bell may be lost, the row is the truth: one look for all who wait.
            rung = await lookout.wait(context, ear, agent.point_id, deadline - time.monotonic())
            # In silence the last answer still holds; and nobody who has left hears of a lease.
            if not rung or await connection.is_disconnected():
                break
            # Most likely there is work: past the line of those who only ask whether there is.
            answer = await run_in_threadpool(_look_again, context, agent, request)
        return answer


def _has_news(request: Claim, first: ClaimAnswer, answer: ClaimAnswer) -> bool:
    """Tell whether an agent should hear of this now: work, a command, or what staff have said."""
    news = {command.command_id for command in answer.commands} - set(request.commands_known)
    changed = (answer.bed_clear, answer.loaded) != (first.bed_clear, first.loaded)
    return bool(answer.work or answer.cancel or news or changed)


def _first_look(context: Context, signed: Signed, request: Claim) -> tuple[Agent, ClaimAnswer]:
    """Check the signature, take in what the printers look like, and look for work.

    One commit, as a thousand agents ask this all the time. A look that fails was never heard: its
    nonce is as unused as its lease is ungiven.
    """
    now = system_clock()
    with context.database.unit_of_work() as work:
        agent = signed.agent(work.session, now)
        printers = printers_of(work.session, agent)
        hear_printers(
            work.session,
            agent=agent,
            generation=request.agent_generation,
            reports=request.printers,
            now=now,
        )
        return agent, _look(context, work, agent, printers, request, now)


def _look_again(context: Context, agent: Agent, request: Claim) -> ClaimAnswer:
    now = system_clock()
    with context.database.unit_of_work() as work:
        # Read once and held: all below finds them in the session.
        row, printers = work.session.get_one(Agent, agent.id), printers_of(work.session, agent)
        if row.revoked_at is not None:
            raise revoked()
        return _look(context, work, row, printers, request, now)


def _look(
    context: Context,
    work: Work,
    agent: Agent,
    printers: Sequence[Printer],
    request: Claim,
    now: datetime,
) -> ClaimAnswer:
    news = news_for(work.session, agent, {printer.point_id for printer in printers})
    leased = None
    if news.jobs:
        leased = claim(
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
    if leased is not None:
        announce(context, work, leased.order_id, agent.point_id)
    least = context.settings.least_agent_version
    told = tidings(work.session, agent, printers, news, now, least_version=least)
    return ClaimAnswer(work=leased.work if leased else None, **told)


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
    request: PrintersUpdate, signed: SignedDep, context: ContextDep, now: NowDep
) -> PrintersAnswer:
    """Store what the printers look like now."""
    with context.database.unit_of_work() as work:
        agent = signed.agent(work.session, now)
        # Read once and held: all below finds them in the session.
        printers = printers_of(work.session, agent)
        touched = hear_printers(
            work.session,
            agent=agent,
            generation=request.agent_generation,
            reports=request.printers,
            now=now,
        )
        for order_id in touched:
            work.after_commit(lambda order_id=order_id: ring_order(context.bell, order_id))  # type: ignore[misc]
        news = news_for(work.session, agent, {printer.point_id for printer in printers})
        least = context.settings.least_agent_version
        told = tidings(work.session, agent, printers, news, now, least_version=least)
        return PrintersAnswer(**told)


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
