import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.testclient import TestClient
from nacl.signing import SigningKey
from sqlmodel import select

from parts3d.bell import Bell
from parts3d.context import Context
from parts3d.db import Database
from parts3d.jobs.agent_api import router
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Attempt, Job
from parts3d.slicing.tables import Slice
from parts3d.store import FolderStore
from parts3d.web import install_error_answers, system_clock
from printer_agents.protocol import (
    HEADER_AGENT,
    HEADER_NONCE,
    HEADER_SIGNATURE,
    Claim,
    Hello,
    Message,
    PermitRequest,
    PrintersUpdate,
    signed_text,
)
from tests.jobs.bench import Shop


class NoTasks:
    """Rings no worker."""

    def ring_task(self, name: str, *args: str | int) -> None:
        del name, args


class SigningAgent:
    """Speaks to the API as an agent does."""

    def __init__(self, client: TestClient, agent_id: str, key: SigningKey) -> None:
        self.client, self.agent_id, self.key = client, agent_id, key
        self.count = 0

    def headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        import base64

        self.count += 1
        nonce = f"1-{self.count}"
        signature = self.key.sign(signed_text(method, path, body, nonce)).signature
        return {
            HEADER_AGENT: self.agent_id,
            HEADER_NONCE: nonce,
            HEADER_SIGNATURE: base64.b64encode(signature).decode(),
            "Content-Type": "application/json",
        }

    def post(self, name: str, message: Message, **changes: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
        path, body = f"/agent/v1/{name}", message.model_dump_json().encode()
        headers = self.headers("POST", path, body) | changes
        return self.client.post(path, content=body, headers=headers)

    def get(self, path: str, **more: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
        return self.client.get(path, headers=self.headers("GET", path, b"") | more)


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return Shop.open(sqlite_database, tmp_path, now)


@pytest.fixture
def client(shop: Shop, tmp_path: Path) -> Iterator[TestClient]:
    store = FolderStore(tmp_path / "files")
    content = b"G28\n" * 100
    with shop.database.unit_of_work() as work:
        for sliced in work.session.exec(select(Slice)).all():
            sliced.gcode_sha256 = store.put(content)
            sliced.gcode_bytes = len(content)
    app = FastAPI()
    app.state.context = Context(
        settings=shop.settings,
        database=shop.database,
        store=store,
        bell=Bell(None),
        tasks=NoTasks(),
    )
    app.state.clock = system_clock
    install_error_answers(app)
    app.include_router(router)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def agent(shop: Shop, client: TestClient) -> SigningAgent:
    return SigningAgent(client, shop.agent.id, shop.key)


def hello(generation: int = 1) -> Hello:
    return Hello(agent_generation=generation, version="0.1.0", printers=())


def test_an_agent_claims_downloads_and_gets_its_permit(agent: SigningAgent, shop: Shop) -> None:
    assert agent.post("hello", hello()).status_code == 200
    claim = Claim(agent_generation=1, printers=(shop.report_of(),), wait_seconds=0)
    work = agent.post("claim", claim).json()["work"]
    whole = agent.get(work["gcode_path"])
    assert hashlib.sha256(whole.content).hexdigest() == work["ref"]["gcode_sha256"]
    rest = agent.get(work["gcode_path"], Range="bytes=100-")
    assert rest.status_code == 206
    assert rest.content == whole.content[100:]
    permit = PermitRequest.model_validate({"ref": work["ref"]})
    assert agent.post("permit", permit).json() == {"permitted": True}


def test_a_wrong_key_is_refused_with_the_remedy(client: TestClient, shop: Shop) -> None:
    stranger = SigningAgent(client, shop.agent.id, SigningKey.generate())
    answer = stranger.post("hello", hello())
    assert answer.status_code == 401
    assert "Register the key" in answer.json()["message"]


def test_a_recorded_request_cannot_be_played_again(agent: SigningAgent) -> None:
    path, body = "/agent/v1/hello", hello().model_dump_json().encode()
    headers = agent.headers("POST", path, body)
    assert agent.client.post(path, content=body, headers=headers).status_code == 200
    answer = agent.client.post(path, content=body, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "repeated_nonce"


def test_a_recorded_claim_leases_nothing_again(agent: SigningAgent, shop: Shop) -> None:
    claim = Claim(agent_generation=1, printers=(shop.report_of(),), wait_seconds=0)
    path, body = "/agent/v1/claim", claim.model_dump_json().encode()
    headers = agent.headers("POST", path, body)
    assert agent.client.post(path, content=body, headers=headers).json()["work"]
    answer = agent.client.post(path, content=body, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["code"] == "repeated_nonce"


@pytest.mark.parametrize("name", ["claim", "printers"])
def test_what_another_key_says_of_a_printer_is_not_believed(
    client: TestClient, shop: Shop, name: str
) -> None:
    stranger = SigningAgent(client, shop.agent.id, SigningKey.generate())
    looks = (shop.report_of(detail="said by a stranger"),)
    said = {
        "claim": Claim(agent_generation=1, printers=looks, wait_seconds=0),
        "printers": PrintersUpdate(agent_generation=1, printers=looks),
    }
    assert stranger.post(name, said[name]).status_code == 401
    assert shop.printer().detail is None
    assert shop.job().status is JobStatus.WAITING


def test_a_poll_without_work_is_one_transaction_of_six_statements(
    agent: SigningAgent, shop: Shop
) -> None:
    with shop.database.unit_of_work() as work:
        work.session.exec(select(Job)).one().status = JobStatus.CANCELLED
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        said.append(statement.split(maxsplit=1)[0])

    sa.event.listen(shop.database.engine, "before_cursor_execute", note)
    claim = Claim(agent_generation=1, printers=(shop.report_of(),), wait_seconds=0)
    assert agent.post("claim", claim).json()["work"] is None
    sa.event.remove(shop.database.engine, "before_cursor_execute", note)
    assert said == ["BEGIN", "SELECT", "INSERT", "SELECT", "UPDATE", "UPDATE", "SELECT"]


def test_an_altered_body_is_refused(agent: SigningAgent) -> None:
    path, body = "/agent/v1/hello", hello().model_dump_json().encode()
    headers = agent.headers("POST", path, body)
    altered = hello(generation=9).model_dump_json().encode()
    assert agent.client.post(path, content=altered, headers=headers).status_code == 401


def test_a_restored_journal_is_refused(agent: SigningAgent) -> None:
    assert agent.post("hello", hello(generation=3)).status_code == 200
    answer = agent.post("hello", hello(generation=2))
    assert answer.status_code == 409
    assert answer.json()["code"] == "stale_generation"


def test_malformed_json_is_refused_with_the_place(agent: SigningAgent) -> None:
    path = "/agent/v1/hello"
    body = b'{"agent_generation": "many"}'
    answer = agent.client.post(path, content=body, headers=agent.headers("POST", path, body))
    assert answer.status_code == 422
    assert answer.json()["place"] == "agent_generation"


def test_broken_json_is_refused_with_the_place_and_the_remedy(agent: SigningAgent) -> None:
    path, body = "/agent/v1/hello", b"{bad"
    answer = agent.client.post(path, content=body, headers=agent.headers("POST", path, body))
    assert answer.status_code == 422
    assert "no valid JSON; look near character 1" in answer.json()["message"]


def test_a_download_of_an_ended_attempt_is_gone(agent: SigningAgent, shop: Shop) -> None:
    claim = Claim(agent_generation=1, printers=(shop.report_of(),), wait_seconds=0)
    work = agent.post("claim", claim).json()["work"]
    with shop.database.unit_of_work() as unit:
        attempt = unit.session.exec(select(Attempt)).one()
        attempt.epoch = 99
    answer = agent.get(work["gcode_path"])
    assert answer.status_code == 404
    assert "Claim the job again" in answer.json()["message"]
