"""Pairing by a code: the agent's own client against the server's pages and endpoints."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from nacl.signing import SigningKey
from sqlmodel import select

from parts3d.accounts.tables import Account, Agent, Role
from parts3d.db import Database
from parts3d.errors import TooManyTries
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.points.pairing import typed_code
from parts3d.points.tables import Printer
from printer_agents.client import ServerClient
from printer_agents.config import AgentConfig
from printer_agents.errors import Refused, Rejected, Unreachable
from printer_agents.keys import AgentKey
from printer_agents.pairing import NotPaired, PairingClient, pair
from printer_agents.pairing_protocol import PairingState
from printer_agents.protocol import Claim, Hello, PrinterCondition, PrinterReport
from tests.support.network import Network, placed, settings_for, small_network
from tests.support.site import Site


class Town:
    """A network with one point and one printer, and a fresh agent that calls it."""

    def __init__(self, site: Site, point_id: str, printer_id: str) -> None:
        self.site, self.point_id, self.printer_id = site, point_id, printer_id
        self.key = AgentKey("", SigningKey.generate())
        self.client = PairingClient(self.config(), self.key, self.wire())

    def wire(self) -> httpx.MockTransport:
        caller = TestClient(self.site.app)

        def carry(request: httpx.Request) -> httpx.Response:
            answer = caller.request(
                request.method,
                str(request.url),
                headers=dict(request.headers),
                content=request.content,
            )
            return httpx.Response(answer.status_code, content=answer.content)

        return httpx.MockTransport(carry)

    def config(self, *names: str, agent_id: str = "", printer_id: str = "") -> AgentConfig:
        return AgentConfig.model_validate(
            {
                "server_url": "http://testserver",
                "agent_id": agent_id or "unpaired",
                "key_file": Path("agent.key"),
                "data_dir": Path("data"),
                "printers": [
                    {"id": printer_id or name, "driver": "virtual", "material": "PETG"}
                    for name in names or ("left",)
                ],
            }
        )

    def agent(self, agent_id: str) -> ServerClient:
        """Return the paired agent's own client."""
        key = AgentKey(agent_id, self.key._signing_key)
        return ServerClient(self.config(agent_id=agent_id), key, self.wire())

    def agents(self) -> list[Agent]:
        with self.site.context.database.reading() as session:
            return list(session.exec(select(Agent)).all())

    def printers(self) -> list[Printer]:
        with self.site.context.database.reading() as session:
            return list(session.exec(select(Printer).order_by(Printer.name)).all())


@pytest.fixture
def town(sqlite_database: Database, tmp_path: Path, now: datetime) -> Town:
    network = small_network(sqlite_database, now)
    settings = settings_for(tmp_path, public_url="http://parts.example")
    modules = ("parts3d.points.agent_pages", "parts3d.points.agent_api", "parts3d.jobs.agent_api")
    site = Site.open(sqlite_database, settings, tmp_path, now, *modules)
    return Town(site, network.points["huy"], next(iter(network.printers.values())))


@pytest.fixture
def staff(town: Town) -> TestClient:
    return town.site.signed_in(Role.STAFF, name="Sam", point_id=town.point_id)


def type_code(browser: TestClient, code: str) -> str:
    answer = browser.post("/agents/pair", data={"code": code})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def approve(browser: TestClient, url: str, **chosen: str) -> httpx.Response:
    form = {"local": list(chosen), "printer": list(chosen.values()), "name": "Pi"}
    return browser.post(url, data=form)  # type: ignore[return-value]  # the same shape


def test_staff_type_the_code_compare_the_key_and_the_agent_is_known(
    town: Town, staff: TestClient
) -> None:
    said: list[str] = []

    def meanwhile(_seconds: float) -> None:
        """While the agent waits, staff type what it shows."""
        code = re.search(r"[B-Z]{4}-[B-Z]{4}", said[0])
        assert code
        if not town.agents():
            url = type_code(staff, code[0].lower().replace("-", " "))
            page = staff.get(url).text
            for group in town.key.fingerprint.split(":"):
                assert f"<span>{group}</span>" in page
            # The point's only printer is proposed.
            assert f'value="{town.printer_id}" selected' in page
            assert approve(staff, url, left=town.printer_id).status_code == 303

    paired = pair(town.config(), town.key, town.client, say=said.append, sleep=meanwhile)
    assert "http://parts.example/agents" in said[0]
    assert paired.point == "Point 3D Huy"
    assert paired.printers["left"].id == town.printer_id
    hello = Hello(agent_generation=1, version="1", printers=(town.printer_id,))
    town.agent(paired.agent_id).hello(hello)
    assert "heard" in staff.get("/agents").text
    assert town.printers()[0].agent_id == paired.agent_id


def test_a_poll_too_early_is_told_to_slow_down_as_the_rfc_says(town: Town) -> None:
    started = town.client.begin(town.config())
    assert town.client.poll(started.device_code).state is PairingState.PENDING
    early = town.client.poll(started.device_code)
    assert (early.state, early.interval_seconds) == (PairingState.SLOW_DOWN, 10)
    town.site.now += timedelta(seconds=10)
    assert town.client.poll(started.device_code).state is PairingState.PENDING


def test_a_refused_agent_is_told_so(town: Town, staff: TestClient) -> None:
    started = town.client.begin(town.config())
    url = type_code(staff, started.user_code)
    assert staff.post(f"{url}/refuse").status_code == 303
    assert town.client.poll(started.device_code).state is PairingState.DENIED
    with pytest.raises(NotPaired, match="refused"):
        pair(
            town.config(),
            town.key,
            town.client,
            say=lambda words: (
                staff.post(f"{type_code(staff, words.split()[8])}/refuse")
                if "Waiting" in words
                else None
            ),
            sleep=lambda _seconds: None,
        )
    assert town.agents() == []


def test_a_code_is_good_once_and_for_ten_minutes(town: Town, staff: TestClient) -> None:
    started = town.client.begin(town.config())
    url = type_code(staff, started.user_code)
    assert approve(staff, url, left=town.printer_id).status_code == 303
    assert approve(staff, url, left=town.printer_id).status_code == 409
    assert staff.post("/agents/pair", data={"code": started.user_code}).status_code == 422
    # Its answer may have been lost: the agent may ask again, and is told the same.
    answers = [town.client.poll(started.device_code) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0].state is PairingState.PAIRED

    other = AgentKey("", SigningKey.generate())
    late = PairingClient(town.config(), other, town.wire()).begin(town.config())
    town.site.now += timedelta(minutes=10)
    assert staff.post("/agents/pair", data={"code": late.user_code}).status_code == 422
    expired = PairingClient(town.config(), other, town.wire()).poll(late.device_code)
    assert expired.state is PairingState.EXPIRED


def test_the_code_shown_last_is_the_only_good_one(town: Town, staff: TestClient) -> None:
    first, second = (town.client.begin(town.config()) for _ in range(2))
    assert staff.post("/agents/pair", data={"code": first.user_code}).status_code == 422
    assert type_code(staff, second.user_code)
    assert town.client.poll(first.device_code).state is PairingState.EXPIRED


def test_guessing_codes_ends_after_five_and_only_for_the_one_who_guesses(
    town: Town, staff: TestClient
) -> None:
    started = town.client.begin(town.config())
    for wrong in ("BBBB-BBBB", "", "12345678", "CCCC-CCCC", "no code at all"):
        assert staff.post("/agents/pair", data={"code": wrong}).status_code == 422
    locked = staff.post("/agents/pair", data={"code": started.user_code})
    assert locked.status_code == 429
    assert "Try again in a quarter of an hour." in locked.text
    other = town.site.signed_in(Role.OPERATOR, name="Olga")
    assert type_code(other, started.user_code)
    town.site.now += timedelta(minutes=16)
    fresh = town.client.begin(town.config())
    assert type_code(staff, fresh.user_code)


def test_guesses_sent_side_by_side_are_all_counted(
    postgres_database: Database, tmp_path: Path, now: datetime
) -> None:
    site = Site.open(postgres_database, settings_for(tmp_path), tmp_path, now)
    site.signed_in(Role.STAFF, name="Sam", point_id="somewhere")
    with postgres_database.reading() as session:
        account_id = session.exec(select(Account.id)).one()

    def guess(number: int) -> bool:
        try:
            with postgres_database.unit_of_work() as work:
                typed_code(work.session, code=f"BBBBBBB{number}", account_id=account_id, now=now)
        except TooManyTries:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(20))) == 5


def test_too_many_waiting_agents_are_told_to_come_later(town: Town) -> None:
    for _ in range(20):
        key = AgentKey("", SigningKey.generate())
        PairingClient(town.config(), key, town.wire()).begin(town.config())
    with pytest.raises(Unreachable, match="Too many agents wait") as told:
        town.client.begin(town.config())
    assert told.value.status == 429


def test_a_wish_signed_by_another_key_is_refused(town: Town) -> None:
    thief = PairingClient(town.config(), AgentKey("", SigningKey.generate()), town.wire())
    thief._public_key = town.key.public_key
    with pytest.raises(Refused):
        thief.begin(town.config())


def test_only_who_typed_the_code_may_decide(town: Town, staff: TestClient) -> None:
    url = type_code(staff, town.client.begin(town.config()).user_code)
    other = town.site.signed_in(Role.STAFF, name="Eve", point_id="elsewhere")
    assert other.get(url).status_code == 404
    assert approve(other, url, left=town.printer_id).status_code == 404
    maintainer = town.site.signed_in(Role.MAINTAINER)
    assert maintainer.get("/agents").status_code == 403
    assert town.site.visitor().get("/agents").status_code == 401


def test_staff_cannot_take_a_printer_of_another_point_nor_add_one(
    town: Town, staff: TestClient
) -> None:
    with town.site.context.database.unit_of_work() as work:
        network = Network(town.site.now)
        network.add_point(work.session, slug="namur")
    url = type_code(staff, town.client.begin(town.config()).user_code)
    for wanted in (network.printers["namur 1"], "new:mk3s", "nothing"):
        answer = approve(staff, url, left=wanted)
        assert answer.status_code == 404, wanted
        assert "There is no such printer at this point." in answer.text
    nothing = approve(staff, url, left="")
    assert nothing.status_code == 422
    assert "Choose at least one printer" in nothing.text
    assert town.agents() == []


def test_the_operator_chooses_the_point_and_may_add_printers(town: Town) -> None:
    operator = town.site.signed_in(Role.OPERATOR, name="Olga")
    url = type_code(operator, town.client.begin(town.config("left", "right")).user_code)
    assert "At which point does it stand?" in operator.get(url).text
    assert "add a new printer" in operator.get(f"{url}?point={town.point_id}").text
    form = {
        "point": town.point_id,
        "local": ["left", "right"],
        "printer": [town.printer_id, "new:mini"],
    }
    assert operator.post(url, data=form).status_code == 303
    added = {printer.name: printer for printer in town.printers()}["right"]
    assert (added.model, added.material) == ("mini", "PETG")
    assert {printer.agent_id for printer in town.printers()} == {town.agents()[0].id}


def test_a_new_card_replaces_the_old_agent_whose_key_is_revoked(
    town: Town, staff: TestClient
) -> None:
    url = type_code(staff, town.client.begin(town.config()).user_code)
    approve(staff, url, left=town.printer_id)
    old = town.agents()[0].id
    town.key = AgentKey("", SigningKey.generate())
    town.client = PairingClient(town.config(), town.key, town.wire())
    url = type_code(staff, town.client.begin(town.config()).user_code)
    assert "now driven by Pi" in staff.get(url).text
    form = {"local": ["left"], "printer": [town.printer_id], "replaces": old}
    assert staff.post(url, data=form).status_code == 303
    by_id = {agent.id: agent for agent in town.agents()}
    assert by_id.pop(old).revoked_at is not None
    assert town.printers()[0].agent_id == next(iter(by_id))


def test_the_same_key_pairs_again_with_other_printers(town: Town, staff: TestClient) -> None:
    for _ in range(2):
        url = type_code(staff, town.client.begin(town.config()).user_code)
        assert approve(staff, url, left=town.printer_id).status_code == 303
    assert len(town.agents()) == 1


def claim_for(town: Town) -> Claim:
    report = PrinterReport(
        printer_id=town.printer_id,
        condition=PrinterCondition.IDLE,
        bed_clear=True,
        material="PETG",
    )
    return Claim(agent_generation=1, printers=(report,), wait_seconds=20)


def paired_agent(town: Town, staff: TestClient) -> tuple[ServerClient, str]:
    started = town.client.begin(town.config())
    approve(staff, type_code(staff, started.user_code), left=town.printer_id)
    agent_id = town.client.poll(started.device_code).agent_id
    assert agent_id
    agent = town.agent(agent_id)
    agent.hello(Hello(agent_generation=1, version="1", printers=(town.printer_id,)))
    return agent, agent_id


def test_a_revoked_agent_is_refused_everything_and_its_unstarted_work_waits_again(
    town: Town, staff: TestClient
) -> None:
    agent, agent_id = paired_agent(town, staff)
    database, settings = town.site.context.database, town.site.context.settings
    placed(database, settings, Network(town.site.now, points={"huy": town.point_id}))
    work = agent.claim(claim_for(town)).work
    assert work
    page = staff.get(f"/agents/{agent_id}/revoke")
    assert "This cannot be undone" in page.text
    assert town.agents()[0].revoked_at is None
    assert staff.post(f"/agents/{agent_id}/revoke").status_code == 303
    with database.reading() as session:
        assert session.exec(select(Job.status)).one() is JobStatus.WAITING
    for act in (
        lambda: agent.permit(work.ref),
        lambda: agent.claim(claim_for(town)),
        lambda: agent.renew(work.ref),
    ):
        with pytest.raises(Refused, match="was revoked"):
            act()
    with pytest.raises(Rejected, match="revoked"):
        town.client.begin(town.config())
    assert "Revoked keys (1)" in staff.get("/agents").text


def test_staff_of_another_point_cannot_revoke(town: Town, staff: TestClient) -> None:
    _agent, agent_id = paired_agent(town, staff)
    other = town.site.signed_in(Role.STAFF, name="Eve", point_id="elsewhere")
    assert other.post(f"/agents/{agent_id}/revoke").status_code == 404
    assert "Pi" not in other.get("/agents").text
    assert town.agents()[0].revoked_at is None


def test_an_agent_that_unpairs_is_refused_afterwards_and_may_say_so_twice(
    town: Town, staff: TestClient
) -> None:
    agent, agent_id = paired_agent(town, staff)
    own = PairingClient(
        town.config(agent_id=agent_id), AgentKey(agent_id, town.key._signing_key), town.wire()
    )
    own.unpair(agent_id)
    own.unpair(agent_id)
    with pytest.raises(Refused, match="was revoked"):
        agent.claim(claim_for(town))


def test_revoking_ends_a_long_poll_that_waits(town: Town, staff: TestClient) -> None:
    agent, agent_id = paired_agent(town, staff)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(agent.claim, claim_for(town))
        time.sleep(0.3)
        staff.post(f"/agents/{agent_id}/revoke")
        # Without the bell it would wait for 20 seconds.
        with pytest.raises(Refused, match="was revoked"):
            waiting.result(timeout=15)
