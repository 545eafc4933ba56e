"""How long a pause, a resume or a cancel takes from the counter to the printer.

A real web process, a real agent process that holds its long poll, and a virtual printer that
prints for hours. A command is committed as the counter's page does it; the clock stops when the
printer itself says that it is so. Everything is on this machine: there is no internet between.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from agents import SECRET, free_port, wait_for
from sqlmodel import select

from parts3d.accounts.agents import register_agent
from parts3d.bell import Bell
from parts3d.db import Database
from parts3d.embedded.broker import choose_broker
from parts3d.jobs.channels import ring_point
from parts3d.jobs.commands import ask
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.migrate import upgrade
from parts3d.points.tables import Printer
from parts3d.settings import Settings
from parts3d.slicing.tables import Slice
from parts3d.store import FolderStore
from printer_agents.config import VirtualPrinterSection
from printer_agents.drivers.virtual import VirtualPrinter
from printer_agents.keys import make_key
from printer_agents.protocol import CommandVerb, PrinterCondition
from tests.support.network import Network, placed

PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.01
# Some five hours of moves.
GCODE = b"G28\nG90\nM83\n" + b"".join(b"G1 F600 X%d E1\n" % (150 * (n % 2)) for n in range(1200))
SAYS = {
    CommandVerb.PAUSE: {PrinterCondition.PAUSED},
    CommandVerb.RESUME: {PrinterCondition.PREPARING, PrinterCondition.PRINTING},
    CommandVerb.CANCEL: {PrinterCondition.IDLE},
}


def found_shop(database: Database, settings: Settings, folder: Path, port: int) -> str:
    """Add a point with a printer, its agent and an order; returns the job's id."""
    upgrade(database)
    network = Network(datetime.now(UTC))
    key = make_key("pending", folder / "agent.key")
    with database.unit_of_work() as work:
        point = network.add_point(work.session)
        network.add_part(work.session)
        for sliced in work.session.exec(select(Slice)).all():
            sliced.gcode_sha256 = FolderStore(settings.files_dir).put(GCODE)
            sliced.gcode_bytes = len(GCODE)
        agent = register_agent(
            work.session,
            point_id=point.id,
            name="agent",
            public_key=key.public_key,
            now=network.now,
        )
        printer = work.session.exec(select(Printer)).one()
        printer.agent_id = agent.id
    (folder / "agent.toml").write_text(
        f'server_url = "http://127.0.0.1:{port}"\nagent_id = "{agent.id}"\n'
        'key_file = "agent.key"\ndata_dir = "agent"\nstatus_port = 0\n'
        f'[[printers]]\nid = "{printer.id}"\ndriver = "virtual"\nmaterial = "{printer.material}"\n'
        'options = { folder = "printer" }\n'
    )
    placed(database, settings, network)
    with database.reading() as session:
        return session.exec(select(Job.id)).one()


def measure(database: Database, bell: Bell, job_id: str, folder: Path, rounds: int) -> None:
    """Pause and resume so many times, cancel once, and print what it took."""
    section = VirtualPrinterSection.model_validate(
        {"id": "p", "driver": "virtual", "material": "-", "options": {"folder": folder / "printer"}}
    )
    printer = VirtualPrinter(section)
    took: dict[CommandVerb, list[float]] = {verb: [] for verb in SAYS}

    def status() -> JobStatus:
        with database.reading() as session:
            return session.get_one(Job, job_id).status

    _until(lambda: status() is JobStatus.PRINTING, "the print")
    time.sleep(5)
    for verb in [CommandVerb.PAUSE, CommandVerb.RESUME] * rounds + [CommandVerb.CANCEL]:
        # At any moment between two polls.
        time.sleep(random.uniform(0.5, 2.5))
        with database.unit_of_work() as work:
            job = work.session.get_one(Job, job_id)
            ask(work.session, job, verb, actor="staff:1", now=datetime.now(UTC), seconds=60)
            work.after_commit(lambda point_id=job.point_id: ring_point(bell, point_id))  # type: ignore[misc]
        began = time.monotonic()
        _until(lambda verb=verb: printer.snapshot().condition in SAYS[verb], verb)  # type: ignore[misc]
        took[verb].append(time.monotonic() - began)
    print("command     count    p50    p99  worst")
    for verb, seconds in took.items():
        ordered = sorted(1000 * one for one in seconds)
        p99 = ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]
        print(
            f"{verb:10} {len(ordered):6} {statistics.median(ordered):6.0f} {p99:6.0f} "
            f"{ordered[-1]:6.0f} ms"
        )


def _until(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > until:
            raise SystemExit(f"It did not happen: {what}.")
        time.sleep(LOOK_SECONDS)


def main() -> None:
    """Start the programs, measure, and end them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="pauses, and as many resumes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parts3d-bench-") as name:
        folder = Path(name)
        settings = Settings(data_dir=folder / "server", secret_key=SECRET)
        settings.data_dir.mkdir()
        database = Database(settings.database)
        port = free_port(18_950)
        job_id = found_shop(database, settings, folder, port)
        environment = {
            **os.environ,
            "PARTS3D_DATA_DIR": str(settings.data_dir),
            "PARTS3D_SECRET_KEY": SECRET,
        }
        programs = []
        with (folder / "log").open("w") as log:
            try:
                command = [sys.executable, "-m", "parts3d", "serve", "--port", str(port)]
                programs.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
                wait_for(port)
                command = [sys.executable, "-m", "printer_agents", "run", "--config"]
                command.append(str(folder / "agent.toml"))
                programs.append(subprocess.Popen(command, stdout=log, stderr=log))
                bell = Bell(choose_broker(settings).redis_url)
                measure(database, bell, job_id, folder, options.rounds)
                bell.close()
            finally:
                for program in reversed(programs):
                    program.terminate()
                    program.wait(timeout=30)
                database.close()


if __name__ == "__main__":
    main()
