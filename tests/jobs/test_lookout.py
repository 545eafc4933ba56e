"""A thousand waiting agents look at the rows together; none of them is forgotten."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from parts3d.accounts.tables import Agent
from parts3d.bell import Bell
from parts3d.context import Context
from parts3d.db import Database
from parts3d.jobs.agent_api import router
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.lookout import read_marks
from parts3d.jobs.revoking import revoke
from parts3d.jobs.tables import Job
from parts3d.points.tables import Printer
from parts3d.store import FolderStore
from parts3d.web import install_error_answers, system_clock
from printer_agents.protocol import Claim, Hello
from tests.jobs.bench import Shop
from tests.jobs.test_agent_api import NoTasks, SigningAgent


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return Shop.open(sqlite_database, tmp_path, now)


@pytest.fixture
def client(shop: Shop, tmp_path: Path) -> Iterator[TestClient]:
    app = FastAPI()
    # No Redis, and nobody rings: only the look at the rows can find what changed.
    app.state.context = Context(
        settings=shop.settings,
        database=shop.database,
        store=FolderStore(tmp_path / "files"),
        bell=Bell(None),
        tasks=NoTasks(),
    )
    app.state.clock = system_clock
    install_error_answers(app)
    app.include_router(router)
    with TestClient(app) as client:
        yield client


def silently(shop: Shop, change: Callable[[Session], object]) -> None:
    """Commit something whose ring is lost."""
    with shop.database.unit_of_work() as work:
        change(work.session)


def hide_the_job(session: Session) -> None:
    session.exec(select(Job)).one().status = JobStatus.CANCELLED


def bring_the_job(session: Session) -> None:
    session.exec(select(Job)).one().status = JobStatus.WAITING


def test_work_whose_ring_was_lost_reaches_a_waiting_agent(shop: Shop, client: TestClient) -> None:
    silently(shop, hide_the_job)
    agent = SigningAgent(client, shop.agent.id, shop.key)
    agent.post("hello", Hello(agent_generation=1, version="1", printers=(shop.printer_id,)))
    claim = Claim(agent_generation=1, printers=(shop.report_of(),), wait_seconds=20)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(agent.post, "claim", claim)
        time.sleep(1.5)  # it has been woken once, and found nothing
        assert not waiting.done()
        silently(shop, bring_the_job)
        answer = waiting.result(timeout=15)
    assert answer.json()["work"]["ref"]["job_id"] == shop.job().id


def test_a_revoked_agent_is_refused_although_its_ring_was_lost(
    shop: Shop, client: TestClient
) -> None:
    silently(shop, hide_the_job)
    agent = SigningAgent(client, shop.agent.id, shop.key)
    agent.post("hello", Hello(agent_generation=1, version="1", printers=(shop.printer_id,)))
    claim = Claim(agent_generation=1, printers=(shop.report_of(),), wait_seconds=20)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(agent.post, "claim", claim)
        time.sleep(1.5)
        silently(
            shop,
            lambda session: revoke(
                session,
                point_id=shop.network.points["huy"],
                agent_id=shop.agent.id,
                actor="test",
                now=shop.now,
            ),
        )
        answer = waiting.result(timeout=15)
    assert (answer.status_code, answer.json()["code"]) == (401, "revoked_agent")


def test_each_thing_that_concerns_waiting_agents_changes_their_point_s_mark(shop: Shop) -> None:
    point_id = shop.network.points["huy"]

    def mark() -> object:
        with shop.database.reading() as session:
            return read_marks(session).get(point_id)

    seen = [mark()]
    silently(shop, lambda session: setattr(session.exec(select(Job)).one(), "material", "PLA"))
    seen.append(mark())
    silently(shop, hide_the_job)
    seen.append(mark())
    later = shop.now + timedelta(minutes=1)
    silently(shop, lambda session: setattr(session.exec(select(Agent)).one(), "revoked_at", later))
    seen.append(mark())
    assert len(set(seen)) == len(seen)
    silently(shop, lambda session: setattr(session.exec(select(Printer)).one(), "detail", "x"))
    assert mark() == seen[-1]


def test_more_agents_than_threads_may_say_hello_at_once(shop: Shop, client: TestClient) -> None:
    """The writer must never wait for a thread while all threads wait for the writer."""
    hello = Hello(agent_generation=1, version="1", printers=(shop.printer_id,))
    agent = SigningAgent(client, shop.agent.id, shop.key)
    path, body = "/agent/v1/hello", hello.model_dump_json().encode()
    signed = [agent.headers("POST", path, body) for _ in range(60)]
    with ThreadPoolExecutor(60) as pool:
        answers = list(
            pool.map(lambda headers: client.post(path, content=body, headers=headers), signed)
        )
    # Stuck, they would wait for SQLite's fifteen seconds and be told that it is busy.
    assert {answer.status_code for answer in answers} == {200}
