"""Waiting agents: what one web process pays for each, and how fast a job reaches its agent.

Part one (``agents_printers.py``): one agent with many virtual printers, as a share of a core.
Part two, here: N agents, each with a point and a printer of its own, hold their long poll at one
web process of ours. While nothing happens, the process's time and memory are read: the idle cost.
Then jobs are committed, one by one, for random points by another process's way (the row, then the
bell through Redis); each agent notes when its work arrives.

Everything is on this machine: latencies contain no network, and the agents share the processor
with the server. Compare the columns of one run, not the figures of two machines.
"""

import argparse
import asyncio
import base64
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agents_printers import memory_mb, used_seconds
from nacl.signing import SigningKey
from sqlmodel import select

from parts3d.accounts.agents import register_agent
from parts3d.bell import Bell
from parts3d.db import Database, new_id
from parts3d.embedded.broker import choose_broker
from parts3d.embedded.children import free_port
from parts3d.jobs.channels import ring_point
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.migrate import upgrade
from parts3d.orders.tables import Order
from parts3d.points.tables import Printer
from parts3d.promises.tables import Promise
from parts3d.settings import Settings
from printer_agents.keys import AgentKey
from printer_agents.protocol import Claim, Hello, PrinterCondition, PrinterReport
from tests.support.network import Network, placed
from tests.support.postgres import running_postgres

WAIT_SECONDS = 25.0
CONNECTED_AT_ONCE = 32
PRINT_SECONDS = 600
SECRET = new_id()


@dataclass
class Waiter:
    """One agent that holds its long poll."""

    key: AgentKey
    point_id: str
    printer_id: str
    asked_at: dict[str, float]
    arrived: list[float] = field(default_factory=list)
    faults: int = 0
    waiting: bool = False

    async def call(self, port: int, verb: str, body: bytes) -> dict[str, object]:
        """Send one signed request on a connection of its own."""
        path = f"/agent/v1/{verb}"
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n"
        for name, value in self.key.headers("POST", path, body).items():
            head += f"{name}: {value}\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(head.encode() + b"\r\n" + body)
            answer = await reader.read()
        finally:
            writer.close()
        status, _, rest = answer.partition(b"\r\n\r\n")
        if b" 200 " not in status[:20]:
            raise OSError(status[:40].decode() + rest[:200].decode())
        return dict(json.loads(rest))

    async def wait_for_work(self, port: int, gate: asyncio.Semaphore) -> None:
        """Hello, then claims without end."""
        hello = Hello(agent_generation=1, version="1", printers=(self.printer_id,))
        async with gate:
            await self.call(port, "hello", hello.model_dump_json().encode())
        report = PrinterReport(
            printer_id=self.printer_id,
            condition=PrinterCondition.IDLE,
            bed_clear=True,
            material="PETG",
        )
        # Agents are not started all in one second.
        wait = random.uniform(0.2, 1.0) * WAIT_SECONDS
        while True:
            claim = Claim(agent_generation=1, printers=(report,), wait_seconds=wait)
            wait = WAIT_SECONDS
            self.waiting = True
            try:
                answer = await self.call(port, "claim", claim.model_dump_json().encode())
            except OSError:
                self.faults += 1
                await asyncio.sleep(1)
                continue
            work = answer.get("work")
            if isinstance(work, dict):
                job_id = work["ref"]["job_id"]
                self.arrived.append(time.monotonic() - self.asked_at[job_id])
                return


def found_network(database: Database, settings: Settings, count: int) -> tuple[Job, list[Waiter]]:
    """Add points, printers and agents; return a job to copy, and the agents."""
    upgrade(database)
    now = datetime.now(UTC)
    network = Network(now)
    asked_at: dict[str, float] = {}
    waiters = []
    with database.unit_of_work() as work:
        network.add_part(work.session, print_seconds=PRINT_SECONDS)
        network.add_point(work.session)
    placed(database, settings, network)
    with database.unit_of_work() as work:
        job = work.session.exec(select(Job)).one()
        job.status = JobStatus.CANCELLED  # only its copies are printed
        for number in range(count):
            point = network.add_point(work.session, slug=f"point-{number}")
            key = SigningKey.generate()
            public = base64.b64encode(bytes(key.verify_key)).decode()
            agent = register_agent(
                work.session, point_id=point.id, name=f"{number}", public_key=public, now=now
            )
            printer_id = network.printers[f"point-{number} 1"]
            work.session.get_one(Printer, printer_id).agent_id = agent.id
            waiters.append(Waiter(AgentKey(agent.id, key), point.id, printer_id, asked_at))
    return job, waiters


def orders_like(database: Database, job: Job, count: int) -> list[str]:
    """Place the order of a job so many times more; each of the jobs to come has its own."""
    with database.unit_of_work() as work:
        order = work.session.get_one(Order, job.order_id)
        promise = work.session.get_one(Promise, order.promise_id)
        copies = []
        for _ in range(count):
            another = Promise(**promise.model_dump() | {"id": new_id()})
            work.session.add(another)
            work.session.flush()
            fresh = {name: new_id() for name in ("id", "number", "token_sha256", "idempotency_key")}
            copy = Order(**order.model_dump() | fresh | {"promise_id": another.id, "version": 1})
            work.session.add(copy)
            work.session.flush()
            copies.append(copy.id)
    return copies


def copy_of(job: Job, order_id: str, point_id: str) -> Job:
    """Return a fresh waiting job of another order at another point."""
    now = datetime.now(UTC)
    values = job.model_dump() | {
        "order_id": order_id,
        "id": new_id(),
        "point_id": point_id,
        "status": JobStatus.WAITING,
        "planned_printer_id": None,
        "due_at": now + timedelta(hours=8),
        "created_at": now,
        "version": 1,
    }
    return Job(**values)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    agents: int
    cpu_share: float
    memory_mb: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    lost: int
    faults: int


async def measure(
    pid: int,
    port: int,
    waiters: list[Waiter],
    job: Job,
    database: Database,
    bell: Bell,
    *,
    idle_seconds: float,
    jobs: int,
    per_second: float,
) -> Row:
    """Let the agents wait, read the idle cost, then send jobs and note when they arrive."""
    gate = asyncio.Semaphore(CONNECTED_AT_ONCE)
    tasks = [asyncio.create_task(waiter.wait_for_work(port, gate)) for waiter in waiters]
    while not all(waiter.waiting for waiter in waiters):  # noqa: ASYNC110 - a thousand events
        await asyncio.sleep(0.2)
    await asyncio.sleep(WAIT_SECONDS / 2)
    before, began = used_seconds(pid), time.monotonic()
    await asyncio.sleep(idle_seconds)
    share = (used_seconds(pid) - before) / (time.monotonic() - began)
    memory = memory_mb(pid)

    def commit(waiter: Waiter, order_id: str) -> None:
        fresh = copy_of(job, order_id, waiter.point_id)
        with database.unit_of_work() as work:
            work.session.add(fresh)
            work.session.flush()
            # After the commit, as everybody rings; the clock starts there.
            work.after_commit(lambda: waiter.asked_at.__setitem__(fresh.id, time.monotonic()))
            work.after_commit(lambda: ring_point(bell, waiter.point_id))

    chosen = random.sample(waiters, min(jobs, len(waiters)))
    orders = await asyncio.to_thread(orders_like, database, job, len(chosen))
    for waiter, order_id in zip(chosen, orders, strict=True):
        await asyncio.to_thread(commit, waiter, order_id)
        await asyncio.sleep(random.expovariate(per_second))
    # A machine at its limit is late, and lost is only what never comes.
    await asyncio.sleep(20)
    arrived = sorted(seconds * 1000 for waiter in chosen for seconds in waiter.arrived)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if not arrived:
        raise SystemExit("No job reached its agent: is this machine too busy, or the bell silent?")
    p99 = arrived[min(len(arrived) - 1, round(0.99 * len(arrived)))]
    return Row(
        agents=len(waiters),
        cpu_share=share,
        memory_mb=memory,
        p50_ms=statistics.median(arrived),
        p99_ms=p99,
        worst_ms=arrived[-1],
        lost=len(chosen) - len(arrived),
        faults=sum(waiter.faults for waiter in waiters),
    )


@contextmanager
def chosen_database(kind: str) -> Iterator[str | None]:
    """Run a PostgreSQL of our own for one row, or none: SQLite in the data folder."""
    if kind == "sqlite":
        yield None
        return
    with running_postgres() as server, server.fresh(empty=True) as url:
        yield url


def row_for(count: int, options: argparse.Namespace) -> Row:
    """Start a web process, let ``count`` agents wait at it, measure."""
    with (
        tempfile.TemporaryDirectory(prefix="parts3d-bench-") as folder,
        chosen_database(options.database) as url,
    ):
        settings = Settings(data_dir=Path(folder), secret_key=SECRET, database_url=url)
        database = Database(settings.database)
        job, waiters = found_network(database, settings, count)
        port = free_port(18_900)
        environment = {**os.environ, "PARTS3D_DATA_DIR": folder, "PARTS3D_SECRET_KEY": SECRET}
        if url is not None:
            environment["PARTS3D_DATABASE_URL"] = url
        command = [sys.executable, "-m", "parts3d", "serve", "--port", str(port)]
        with (Path(folder) / "web.log").open("w") as log:
            web = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_for(port)
            bell = Bell(choose_broker(settings).redis_url)
            row = asyncio.run(
                measure(
                    web.pid,
                    port,
                    waiters,
                    job,
                    database,
                    bell,
                    idle_seconds=options.idle,
                    jobs=options.jobs,
                    per_second=options.per_second,
                )
            )
            bell.close()
        finally:
            web.terminate()
            web.wait(timeout=30)
            database.close()
    return row


def wait_for(port: int) -> None:
    """Wait until the web process listens."""
    import socket

    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("The web process does not start.")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, nargs="*", default=[10, 1000, 5000])
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--idle", type=float, default=25.0, help="seconds of idling to measure")
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--per-second", type=float, default=5.0, help="jobs committed a second")
    options = parser.parse_args()
    print("agents  idle share of a core  per agent    memory  job arrives: p50    p99  worst  lost")
    for count in options.agents:
        row = row_for(count, options)
        each = row.cpu_share / row.agents * 1e6
        print(
            f"{row.agents:6}  {row.cpu_share:19.1%}  {each:6.0f} us/s  {row.memory_mb:4.0f} MB"
            f"  {row.p50_ms:16.0f} {row.p99_ms:6.0f} {row.worst_ms:6.0f} {row.lost:5}"
            + (f"  ({row.faults} requests failed)" if row.faults else ""),
            flush=True,
        )


if __name__ == "__main__":
    main()
