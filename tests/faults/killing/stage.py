"""A real agent, a real server and a host on trial; one of them is killed at a named moment."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from sqlmodel import col, select

from parts3d.accounts.agents import register_agent
from parts3d.db import Database
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import ON_A_PRINTER
from parts3d.jobs.tables import Attempt, Job
from parts3d.points.tables import Printer
from parts3d.slicing.tables import Slice
from parts3d.store import FolderStore
from printer_agents.config import AgentConfig
from printer_agents.keys import make_key
from tests.faults.killing.server_process import settings_of
from tests.hosts.rig import Rig
from tests.hosts.wire import free_port
from tests.support.network import Network, placed
from tests.support.processes import until
from tests.support.schema import make_schema

ROOT = Path(__file__).parents[3]
# Real seconds that a print takes here.
PRINT_SECONDS = 3.0
PATIENCE_SECONDS = 400.0
ENDS = {JobStatus.PRINTED, JobStatus.NEEDS_HUMAN, JobStatus.FAILED}
INTERVALS = {
    "claim_wait_seconds": 2.0,
    "renew_seconds": 1.0,
    "printers_seconds": 1.0,
    "bed_seconds": 0.5,
    "progress_seconds": 1.0,
    "poll_seconds": 0.25,
    "steady_seconds": 1.5,
    "settle_seconds": 2.0,
    "patience_seconds": 20.0,
    "retry_first_seconds": 0.1,
    "retry_most_seconds": 0.5,
    "request_seconds": 10.0,
}


@dataclass(frozen=True)
class Outcome:
    """How a job ended whose world was hit at a moment."""

    brand: str
    moment: str
    victim: str
    status: str
    starts: int
    reason: str | None

    @property
    def double(self) -> bool:
        """More than one start of what was ordered once."""
        return self.starts > 1

    @property
    def lost(self) -> bool:
        """Nobody would ever look at it again, or it counts as printed and never began."""
        told = self.status in {"needs_human", "failed"} and bool(self.reason)
        return not told and not (self.status == "printed" and self.starts == 1)


@dataclass
class Stage:
    """One server and one host for many kills; each kill has an order and an agent of its own."""

    rig: Rig
    folder: Path
    server: subprocess.Popen[bytes] | None = None
    _count: int = 0
    _agents: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.settings = settings_of(self.folder / "server")
        self.settings.data_dir.mkdir()
        self.port = free_port()
        self.database = Database(self.settings.database)
        make_schema(self.database)
        self.network = Network(datetime.now(UTC))
        section = self.rig.section()
        with self.database.unit_of_work() as work:
            self.network.add_point(work.session, material=section.material)
            self.network.add_part(work.session, print_seconds=600, material=section.material)
            gcode = self.rig.gcode(PRINT_SECONDS * self.rig.pace)
            for sliced in work.session.exec(select(Slice)).all():
                sliced.gcode_sha256 = FolderStore(self.settings.files_dir).put(gcode)
                sliced.gcode_bytes = len(gcode)
            key = make_key("pending", self.folder / "agent.key")
            agent = register_agent(
                work.session,
                point_id=self.network.points["huy"],
                name="agent",
                public_key=key.public_key,
                now=self.network.now,
            )
            printer = work.session.exec(select(Printer)).one()
            printer.agent_id = agent.id
            self.agent_id, self.printer_id = agent.id, printer.id
        self.start_server()

    def start_server(self) -> None:
        """Start the web server, and wait until it answers."""
        self.server = self._run("server_process", str(self.settings.data_dir), str(self.port))
        url = f"http://127.0.0.1:{self.port}/agent/v1/hello"

        def answers() -> bool:
            assert self.server is not None
            assert self.server.poll() is None, "the server ended"
            try:
                return httpx.get(url, timeout=10, trust_env=False).status_code > 0
            except httpx.HTTPError:
                return False

        until(answers, seconds=PATIENCE_SECONDS, what="the server")

    def hit(self, moment: str, victim: str) -> Outcome:
        """Place an order, kill the victim at the moment, and see how the order ends."""
        self._count += 1
        folder = self.folder / f"agent-{self._count}"
        self._write_config(folder)
        before = self.rig.starts()
        job_id = self._order()
        agent = self._run("agent_process", str(folder), moment, victim, agent=True)
        until(lambda: self._reached(folder), seconds=PATIENCE_SECONDS, what=moment)
        if victim == "agent":
            agent.wait(timeout=30)
            agent = self._run("agent_process", str(folder), agent=True)
        elif victim == "server":
            assert self.server is not None
            self.server.kill()
            self.server.wait()
            (folder / "go").touch()
            self.start_server()
        else:
            self.rig.kill()
            (folder / "go").touch()
            self.rig.start()
        job = self._end_of(job_id)
        time.sleep(1.0)  # nothing may follow an end
        starts = self.rig.starts() - before
        agent.send_signal(signal.SIGTERM)
        agent.wait(timeout=30)
        journal = self.folder / "journal"
        # A write-ahead log of an earlier kill beside it would be played over the newer file.
        shutil.rmtree(journal, ignore_errors=True)
        shutil.copytree(folder / "data", journal)
        self._tidy(job_id)
        return Outcome(self.rig.brand, moment, victim, job.status.value, starts, job.reason)

    def close(self) -> None:
        """End what was started here."""
        for process in [*self._agents, *([self.server] if self.server else [])]:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.database.close()

    def _run(self, name: str, *words: str, agent: bool = False) -> subprocess.Popen[bytes]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PARTS3D_")}
        with (self.folder / f"{name}.out").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", f"tests.faults.killing.{name}", *words],
                cwd=ROOT,
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        if agent:
            self._agents.append(process)
        return process

    def _write_config(self, folder: Path) -> None:
        folder.mkdir()
        journal = self.folder / "journal"
        if journal.exists():  # the same agent goes on
            shutil.copytree(journal, folder / "data")
        section = self.rig.section().model_dump(mode="json") | {"id": self.printer_id}
        # Secrets of a host are left out of dumps; the rig's own section has them.
        config = AgentConfig.model_validate(
            {
                "server_url": f"http://127.0.0.1:{self.port}",
                "agent_id": self.agent_id,
                "key_file": str(self.folder / "agent.key"),
                "data_dir": str(folder / "data"),
                "intervals": INTERVALS,
                "printers": [section],
            }
        )
        (folder / "agent.json").write_text(config.model_dump_json())

    def _reached(self, folder: Path) -> bool:
        """Tell whether the moment has come."""
        if (folder / "reached").exists():
            return True
        self._keep_bed_clear()
        return False

    def _keep_bed_clear(self) -> None:
        """Say that the bed is clear while nothing of ours is on the printer; nothing lies there."""
        time.sleep(0.2)
        with self.database.unit_of_work() as work:
            printer = work.session.get_one(Printer, self.printer_id)
            held = select(Job.id).where(col(Job.status).in_(ON_A_PRINTER))
            if not printer.bed_clear and work.session.exec(held).first() is None:
                printer.bed_clear = True

    def _order(self) -> str:
        self.network.now = datetime.now(UTC)
        with self.database.unit_of_work() as work:
            printer = work.session.get_one(Printer, self.printer_id)
            printer.condition, printer.bed_clear = "idle", True
            printer.last_heard_at = self.network.now + timedelta(days=1)
        order = placed(self.database, self.settings, self.network)
        with self.database.reading() as session:
            return session.exec(select(Job.id).where(Job.order_id == order.id)).one()

    def _end_of(self, job_id: str) -> Job:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with self.database.reading() as session:
                job = session.get_one(Job, job_id)
            if job.status in ENDS or time.monotonic() > deadline:
                return job
            if job.status is JobStatus.WAITING:
                # The agent may tell only now of the start before: staff look again.
                self._keep_bed_clear()
            time.sleep(0.1)

    def _tidy(self, job_id: str) -> None:
        """The next order finds an empty shop and a printer that is ready."""
        with self.database.unit_of_work() as work:
            job = work.session.get_one(Job, job_id)
            job.status = JobStatus.HANDED_OVER
            for attempt in work.session.exec(
                select(Attempt).where(Attempt.job_id == job_id, col(Attempt.ended_at).is_(None))
            ).all():
                attempt.ended_at = datetime.now(UTC)
        self.rig.fresh()
