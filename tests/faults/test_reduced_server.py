"""The reduced server of the simulation answers as the real one does, whatever is asked of it."""

import os
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from parts3d.accounts.tables import Agent
from parts3d.db import Database
from parts3d.errors import Parts3dError
from parts3d.jobs.bench import clear_bed, decide, print_again
from parts3d.jobs.claims import claim, renew
from parts3d.jobs.permits import permit_start
from parts3d.jobs.printers import dropped_attempts, greet, hear_printers, held_attempts, printers_of
from parts3d.jobs.reports import hear
from parts3d.jobs.stopping import cancel_order
from parts3d.jobs.sweeping import expire_leases, note_silence
from parts3d.jobs.tables import Attempt, Job
from parts3d.points.tables import Printer
from parts3d.slicing.tables import Slice
from parts3d.web import status_of
from printer_agents.protocol import (
    AttemptRef,
    Claim,
    Hello,
    PrinterCondition,
    PrinterReport,
    PrintersUpdate,
    Report,
    ReportKind,
    Reports,
)
from tests.faults.protocol.server import Job as ReducedJob
from tests.faults.protocol.server import Machine, ReducedServer, Refusal
from tests.jobs.bench import Shop

ROUNDS = int(os.environ.get("PARTS3D_FAULT_ROUNDS", "1"))
STEPS = 120
KINDS = [k for k in ReportKind if k not in {ReportKind.OBEYED, ReportKind.DISOBEYED}]


class Both:
    """The same act on the real services and on the reduced ones; the answers must be equal."""

    def __init__(self, shop: Shop, chance: random.Random) -> None:
        self.shop, self.chance, self.now = shop, chance, 0.0
        with shop.database.reading() as session:
            jobs = session.exec(select(Job).order_by(col(Job.due_at), col(Job.created_at))).all()
            sliced = session.exec(select(Slice)).one()
        self.orders = {job.id: job.order_id for job in jobs}
        self.reduced = ReducedServer(
            {shop.printer_id: Machine()},
            {job.id: ReducedJob(job.id) for job in jobs},
            gcode_bytes=sliced.gcode_bytes or 0,
            gcode_sha256=sliced.gcode_sha256 or "",
        )
        self.refs: list[AttemptRef] = []
        self.generation, self.seq, self.starts, self.presses = 1, 0, 0, 0
        self.batons: list[str | None] = [None]

    def real(self, act: Any) -> Any:
        try:
            with self.shop.database.unit_of_work() as work:
                agent = work.session.get_one(Agent, self.shop.agent.id)
                moment = self.shop.now + timedelta(seconds=self.now)
                return act(work.session, agent, moment)
        except Parts3dError as error:
            return (status_of(error), error.code)

    def small(self, act: Any) -> Any:
        try:
            return act()
        except Refusal as no:
            return (no.status, no.code)

    def agree(self, what: str, real: Any, small: Any) -> None:
        assert real == small, what
        with self.shop.database.reading() as session:
            rows = session.exec(select(Job)).all()
            there = {job.id: (job.status.value, job.epoch) for job in rows}
            clear = session.get_one(Printer, self.shop.printer_id).bed_clear
            held = {ref.job_id for ref in held_attempts(session, self.shop.agent)}
            dropped = {ref.job_id for ref in dropped_attempts(session, self.shop.agent)}
        here = {job.job_id: (job.status, job.epoch) for job in self.reduced.jobs.values()}
        assert there == here, what
        assert clear == self.reduced.printers[self.shop.printer_id].bed_clear, what
        on_a_printer = {"leased", "start_permitted", "printing", "unknown", "needs_human"}
        assert held == {ref.job_id for ref in self.reduced._refs(on_a_printer)}, what
        assert dropped == {ref.job_id for ref in self.reduced._refs({"cancelled"})}, what

    def look(self) -> PrinterReport:
        if self.chance.random() < 0.2:
            self.starts += 1
        if self.chance.random() < 0.2:
            self.presses += 1
        idle = self.chance.random() < 0.7
        running = self.refs[-1].file_name if self.refs and not idle else None
        return PrinterReport(
            printer_id=self.shop.printer_id,
            condition=PrinterCondition.IDLE if idle else PrinterCondition.PRINTING,
            bed_clear=self.chance.random() < 0.8,
            starts=max(self.starts - self.chance.choice([0, 0, 0, 1]), 0),
            bed_confirmed=self.presses,
            file_name=running,
        )

    def hello(self) -> None:
        if self.chance.random() < 0.3:
            self.generation += self.chance.choice([-1, 1, 1])
            self.generation = max(self.generation, 1)
            self.seq = 0
        held, following = self.chance.choice(self.batons), f"{self.chance.getrandbits(64):016x}"
        message = Hello(
            agent_generation=self.generation,
            version="1",
            printers=(),
            last_event_seq=max(self.seq - self.chance.choice([0, 0, 1]), 0),
            baton_held=held,
            baton_next=self.chance.choice([following, held]),
        )
        self.batons.append(message.baton_next)
        real = self.real(lambda s, a, now: greet(s, agent=a, hello=message, now=now))
        small = self.small(lambda: self.reduced.hello(message, self.now).last_event_seq)
        self.agree("hello", real, small)

    def claim(self) -> None:
        looks = (self.look(),)
        message = Claim(agent_generation=self.generation, printers=looks)

        def real(session: Any, agent: Agent, now: Any) -> Any:
            hear_printers(session, agent=agent, generation=self.generation, reports=looks, now=now)
            leased = claim(
                session,
                agent=agent,
                generation=self.generation,
                printers=looks,
                secret=b"s",
                lease_seconds=60,
                now=now,
            )
            return (
                leased.work.ref if leased else None,
                {p.id: p.bed_clear for p in printers_of(session, agent)},
            )

        def small() -> Any:
            answer = self.reduced.claim(message, self.now)
            return (answer.work.ref if answer.work else None, answer.bed_clear)

        found = self.real(real)
        self.agree("claim", found, self.small(small))
        if isinstance(found[0], AttemptRef):
            self.refs.append(found[0])

    def tell_printers(self) -> None:
        looks = (self.look(),)
        message = PrintersUpdate(agent_generation=self.generation, printers=looks)
        self.real(
            lambda s, a, now: hear_printers(
                s, agent=a, generation=self.generation, reports=looks, now=now
            )
        )
        self.small(lambda: self.reduced.printers_update(message, self.now))
        self.agree("printers", None, None)

    def _ref(self) -> AttemptRef | None:
        if not self.refs:
            return None
        return self.refs[-1] if self.chance.random() < 0.8 else self.chance.choice(self.refs)

    def permit(self) -> None:
        ref = self._ref()
        if ref is not None:
            real = self.real(lambda s, a, now: permit_start(s, agent=a, ref=ref, now=now))
            self.agree("permit", real, self.small(lambda: self.reduced.permit(ref, self.now)))

    def renew(self) -> None:
        ref = self._ref()
        if ref is not None:
            real = self.real(
                lambda s, a, now: renew(s, agent=a, ref=ref, lease_seconds=60.0, now=now)
            )
            self.agree("renew", real, self.small(lambda: self.reduced.renew(ref, self.now)))

    def report(self) -> None:
        ref = self._ref()
        if ref is None:
            return
        self.seq += 1
        seq = self.chance.choice([self.seq, self.seq, max(self.seq - 1, 1)])
        usual = [ReportKind.STARTING, ReportKind.PRINTING, ReportKind.PROGRESS]
        kind = self.chance.choice(usual if self.chance.random() < 0.5 else KINDS)
        report = Report(ref=ref, event_seq=seq, kind=kind)
        message = Reports(agent_generation=self.generation, reports=(report,))
        real = self.real(
            lambda s, a, now: (
                hear(s, agent=a, generation=self.generation, report=report, now=now)[0].outcome
            )
        )
        small = self.small(lambda: self.reduced.reports(message, self.now).results[0].outcome)
        self.agree(f"report {report.kind}", real, small)

    def time(self) -> None:
        self.now += self.chance.choice([5.0, 70.0, 400.0])

        def sweep(session: Any, _agent: Agent, now: Any) -> None:
            expire_leases(session, now)
            note_silence(session, now, 300.0)

        self.real(sweep)
        self.reduced.sweep(self.now)
        self.agree("sweep", None, None)

    def clear(self) -> None:
        point, printer = self.shop.network.points["huy"], self.shop.printer_id
        real = self.real(
            lambda s, _a, now: clear_bed(
                s, point_id=point, printer_id=printer, actor="staff:1", now=now
            )
        )
        self.agree("clear", isinstance(real, Printer), self.reduced.clear_bed(printer))

    def settle(self) -> None:
        point = self.shop.network.points["huy"]
        for job in self.reduced.jobs.values():
            names: dict[str, Any] = {"point_id": point, "job_id": job.job_id, "actor": "staff:1"}
            if job.status in {"needs_human", "unknown"}:
                printed = self.chance.random() < 0.5
                self.real(
                    lambda s, _a, now, n=names, p=printed: decide(
                        s, printed=p, why="", now=now, **n
                    )
                )
                self.reduced.decide(job.job_id, printed=printed)
                self.agree("decide", None, None)
            elif job.status == "failed":
                self.real(lambda s, _a, now, n=names: print_again(s, now=now, **n))
                self.reduced.print_again(job.job_id)
                self.agree("again", None, None)

    def cancel(self) -> None:
        job_id = self.chance.choice(list(self.orders))
        order_id = self.orders[job_id]
        real = self.real(
            lambda s, _a, now: cancel_order(s, order_id, actor="customer", now=now).status
        )
        over = self.reduced.jobs[job_id].status == "cancelled"
        done = self.reduced.cancel(job_id) or over
        self.agree("cancel", not isinstance(real, tuple), done)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(2 * ROUNDS))
def test_the_reduced_server_answers_as_the_real_one(
    sqlite_database: Database, tmp_path: Path, now: Any, seed: int
) -> None:
    shop = Shop.open(sqlite_database, tmp_path, now, orders=2)
    with shop.database.unit_of_work() as work:
        for attempt in work.session.exec(select(Attempt)).all():
            work.session.delete(attempt)
    both = Both(shop, random.Random(seed))
    acts = [
        *(3 * [both.claim]),
        *(3 * [both.report]),
        *(2 * [both.permit]),
        both.hello,
        both.tell_printers,
        both.renew,
        both.time,
        both.clear,
        both.settle,
    ]
    both.hello()
    for step in range(STEPS):
        both.chance.choice(acts)()
        if step == STEPS - 10:
            both.cancel()
