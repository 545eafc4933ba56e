"""A network for ``agents.py``: many points, each with a printer and an agent, and jobs for them."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nacl.signing import SigningKey
from sqlmodel import select

from parts3d.accounts.agents import register_agent
from parts3d.db import Database, new_id
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.migrate import upgrade
from parts3d.orders.tables import Order
from parts3d.points.tables import Printer
from parts3d.promises.tables import Promise
from parts3d.settings import Settings
from printer_agents.keys import AgentKey
from tests.support.network import Network, placed

PRINT_SECONDS = 600


@dataclass(frozen=True)
class Member:
    """An agent that is known to the server, with a point and a printer of its own."""

    key: AgentKey
    point_id: str
    printer_id: str


def found_network(database: Database, settings: Settings, count: int) -> tuple[Job, list[Member]]:
    """Add points, printers and agents; return a job to copy, and the agents."""
    upgrade(database)
    now = datetime.now(UTC)
    network = Network(now)
    members = []
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
            members.append(Member(AgentKey(agent.id, key), point.id, printer_id))
    return job, members


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
