"""Waiting agents: what one web process pays for each, and how fast a job reaches its agent.

Part one (``agents_printers.py``): one agent with many virtual printers, as a share of a core.
Part two, here: N agents, each with a point and a printer of its own, hold their long poll at one
web process of ours. While nothing happens, the process's time and memory are read: the idle cost.
Then jobs are committed, one by one, for random points by another process's way (the row, then the
bell through Redis); each agent notes when its work arrives, and waits again: none leaves.

The first jobs are not counted. They pay what a process pays once after its start (statements
compiled, the worker's doorbell connected): up to 0.3 s each. All else is, collections of garbage
in the server and the agents' polls among it; garbage in this process is not collected meanwhile.

Everything is on this machine: latencies contain no network, and the agents share the processor
with the server. Compare the columns of one run, not the figures of two machines.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agents_network import Member, copy_of, found_network, orders_like
from agents_printers import memory_mb, used_seconds

from parts3d.bell import Bell
from parts3d.db import Database, new_id
from parts3d.embedded.broker import choose_broker
from parts3d.embedded.children import free_port
from parts3d.jobs.channels import ring_point
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.settings import Settings
from printer_agents.protocol import (
    CLAIM_WAIT_SECONDS,
    Claim,
    Hello,
    PrinterCondition,
    PrinterReport,
)
from tests.support.postgres import running_postgres

WAIT_SECONDS = float(CLAIM_WAIT_SECONDS)
CONNECTED_AT_ONCE = 32
NOT_COUNTED = 20
SECRET = new_id()


@dataclass
class Waiter:
    """One agent that holds its long poll."""

    member: Member
    asked_at: dict[str, float]
    arrived: dict[str, float] = field(default_factory=dict)
    given: int = 0
    faults: int = 0
    waiting: bool = False

    @property
    def free(self) -> bool:
        """Whether it waits, and no job is under way to it."""
        return self.waiting and self.given == len(self.arrived)

    async def call(self, port: int, verb: str, body: bytes) -> dict[str, object]:
        """Send one signed request on a connection of its own."""
        path = f"/agent/v1/{verb}"
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\n"
        for name, value in self.member.key.headers("POST", path, body).items():
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

    async def wait_for_work(
        self, port: int, gate: asyncio.Semaphore, take_away: Callable[[str], None]
    ) -> None:
        """Hello, then claims without end; what comes is taken away, and the printer free again."""
        hello = Hello(agent_generation=1, version="1", printers=(self.member.printer_id,))
        async with gate:
            await self.call(port, "hello", hello.model_dump_json().encode())
        report = PrinterReport(
            printer_id=self.member.printer_id,
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
                self.arrived[job_id] = time.monotonic() - self.asked_at[job_id]
                self.waiting = False
                await asyncio.to_thread(take_away, job_id)


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

    def take_away(job_id: str) -> None:
        with database.unit_of_work() as work:
            done = work.session.get_one(Job, job_id)
            done.status, done.printer_id, done.attempt_id = JobStatus.CANCELLED, None, None

    tasks = [asyncio.create_task(one.wait_for_work(port, gate, take_away)) for one in waiters]
    while not all(waiter.waiting for waiter in waiters):  # noqa: ASYNC110 - a thousand events
        await asyncio.sleep(0.2)
    await asyncio.sleep(WAIT_SECONDS / 2)
    # A full collection of ours, with a thousand agents in it, would stop the clock of all.
    gc.collect()
    gc.disable()
    before, began = used_seconds(pid), time.monotonic()
    await asyncio.sleep(idle_seconds)
    share = (used_seconds(pid) - before) / (time.monotonic() - began)
    memory = memory_mb(pid)

    def commit(waiter: Waiter, order_id: str) -> None:
        fresh = copy_of(job, order_id, waiter.member.point_id)
        with database.unit_of_work() as work:
            work.session.add(fresh)
            work.session.flush()
            # After the commit, as everybody rings; the clock starts there.
            work.after_commit(lambda: waiter.asked_at.__setitem__(fresh.id, time.monotonic()))
            work.after_commit(lambda: ring_point(bell, waiter.member.point_id))

    for order_id in await asyncio.to_thread(orders_like, database, job, NOT_COUNTED + jobs):
        while not (free := [waiter for waiter in waiters if waiter.free]):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        chosen = random.choice(free)
        chosen.given += 1
        await asyncio.to_thread(commit, chosen, order_id)
        await asyncio.sleep(random.expovariate(per_second))
    # A machine at its limit is late, and lost is only what never comes.
    await asyncio.sleep(20)
    counted = set(list(waiters[0].asked_at)[NOT_COUNTED:])
    arrived = sorted(
        seconds * 1000
        for waiter in waiters
        for job_id, seconds in waiter.arrived.items()
        if job_id in counted
    )
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    gc.enable()
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
        lost=len(counted) - len(arrived),
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
        job, members = found_network(database, settings, count)
        asked_at: dict[str, float] = {}
        waiters = [Waiter(member, asked_at) for member in members]
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
