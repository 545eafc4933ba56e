"""A shop with an agent and placed orders, for the tests of jobs."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from nacl.signing import SigningKey
from sqlmodel import select

from parts3d.accounts.agents import register_agent
from parts3d.accounts.tables import Agent
from parts3d.db import Database
from parts3d.jobs.claims import claim
from parts3d.jobs.permits import permit_start
from parts3d.jobs.reports import hear
from parts3d.jobs.tables import Job
from parts3d.points.tables import Printer
from parts3d.settings import Settings
from printer_agents.protocol import (
    AttemptRef,
    PrinterCondition,
    PrinterReport,
    Report,
    ReportKind,
    Work,
)
from tests.support.network import Network, placed, settings_for, small_network


@dataclass
class Shop:
    """One point, one printer, one agent, and the orders placed there."""

    database: Database
    settings: Settings
    network: Network
    agent: Agent
    now: datetime
    key: SigningKey
    seq: int = 0

    @classmethod
    def open(cls, database: Database, folder: Path, now: datetime, *, orders: int = 1) -> "Shop":
        settings = settings_for(folder, max_unpaid_orders=100)
        network = small_network(database, now, print_seconds=600)
        key = SigningKey.generate()
        with database.unit_of_work() as work:
            agent = register_agent(
                work.session,
                point_id=network.points["huy"],
                name="agent",
                public_key=base64.b64encode(bytes(key.verify_key)).decode(),
                now=now,
            )
            for printer in work.session.exec(select(Printer)).all():
                printer.agent_id = agent.id
        for _ in range(orders):
            placed(database, settings, network)
        return cls(database, settings, network, agent, now, key)

    @property
    def printer_id(self) -> str:
        return self.network.printers["huy 1"]

    def printer(self) -> Printer:
        with self.database.reading() as session:
            return session.get_one(Printer, self.printer_id)

    def add_printers(self, count: int) -> None:
        """Add printers p0, p1 and so on of the shop's agent."""
        with self.database.unit_of_work() as work:
            for number in range(count):
                work.session.add(
                    Printer(
                        id=f"p{number}",
                        point_id=self.network.points["huy"],
                        agent_id=self.agent.id,
                        name=f"p{number}",
                        model="mk3s",
                        material="PETG",
                        created_at=self.now,
                    )
                )

    def jobs(self) -> list[Job]:
        with self.database.reading() as session:
            return list(session.exec(select(Job).order_by(Job.created_at)).all())  # type: ignore[arg-type]

    def job(self) -> Job:
        (job,) = self.jobs()
        return job

    def report_of(self, **changes: object) -> PrinterReport:
        return PrinterReport.model_validate(
            {
                "printer_id": self.printer_id,
                "condition": PrinterCondition.IDLE,
                "bed_clear": True,
                **changes,
            }
        )

    def claim(
        self, *, generation: int = 1, after_seconds: float = 0, **printer: object
    ) -> Work | None:
        with self.database.unit_of_work() as work:
            leased = claim(
                work.session,
                agent=self.agent,
                generation=generation,
                printers=[self.report_of(**printer)],
                secret=self.settings.secret(),
                lease_seconds=60,
                now=self.now + timedelta(seconds=after_seconds),
            )
            return leased.work if leased else None

    def must_claim(self) -> Work:
        work = self.claim()
        assert work is not None
        return work

    def permit(self, ref: AttemptRef) -> None:
        with self.database.unit_of_work() as work:
            permit_start(work.session, agent=self.agent, ref=ref, now=self.now)

    def tell(
        self, ref: AttemptRef, kind: ReportKind, *, seq: int | None = None, **more: object
    ) -> str:
        if seq is None:
            self.seq += 1
            seq = self.seq
        report = Report.model_validate({"ref": ref, "event_seq": seq, "kind": kind, **more})
        with self.database.unit_of_work() as work:
            result, _ = hear(
                work.session, agent=self.agent, generation=1, report=report, now=self.now
            )
        return result.outcome
