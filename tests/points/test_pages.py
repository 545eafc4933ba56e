"""The operator's pages of points, printers, keys and people."""

import base64
import tomllib
from datetime import datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from nacl.signing import SigningKey
from sqlmodel import select

from parts3d.accounts.tables import Account, Agent, Role
from parts3d.db import Database
from parts3d.points.agent_config import key_of
from parts3d.points.tables import Point, Printer
from printer_agents.protocol import key_fingerprint
from tests.support.network import settings_for
from tests.support.site import Site

MODULES = ("parts3d.points.pages", "parts3d.points.agent_pages")
HUY = {
    "name": "Point 3D Huy",
    "street": "Rue Neuve 1",
    "postcode": "4500",
    "opening_hours": "Mo-Sa 09:00-18:30; PH off",
    "unattended": "overnight",
    "active": "1",
}


@pytest.fixture
def site(sqlite_database: Database, tmp_path: Path, now: datetime) -> Site:
    settings = settings_for(tmp_path, public_url="https://parts.example")
    return Site.open(sqlite_database, settings, tmp_path, now, *MODULES)


@pytest.fixture
def operator(site: Site) -> TestClient:
    return site.signed_in(Role.OPERATOR, name="Olga")


@pytest.fixture
def point_url(operator: TestClient) -> str:
    answer = operator.post("/operator/points", data=HUY)
    assert answer.status_code == 303
    return answer.headers["location"]


def public_key() -> tuple[str, str]:
    raw = bytes(SigningKey.generate().verify_key)
    return base64.b64encode(raw).decode(), key_fingerprint(raw)


def add_printer(operator: TestClient, point_url: str, name: str = "Left one") -> None:
    form = {"printer_name": name, "model": "mk3s", "material": "PETG"}
    assert operator.post(f"{point_url}/printers", data=form).status_code == 303


def only_printer(site: Site) -> Printer:
    with site.context.database.reading() as session:
        printer = session.exec(select(Printer)).one()
        session.expunge(printer)
        return printer


def test_only_the_operator_sees_points(site: Site) -> None:
    maintainer = site.signed_in(Role.MAINTAINER)
    for path in ("/operator/points", "/operator/points/new", "/operator/people"):
        assert maintainer.get(path).status_code == 403, path
        assert site.visitor().get(path).status_code == 401, path
    assert maintainer.post("/operator/points", data=HUY).status_code == 403


def test_a_network_without_points_says_how_to_begin(operator: TestClient) -> None:
    assert "Open the first one" in operator.get("/operator/points").text


def test_a_point_is_opened_with_a_postcode_and_hours(operator: TestClient, point_url: str) -> None:
    page = operator.get(point_url).text
    assert "The point is open. Now add its printers" in page
    assert "50.5" in page
    assert "Point 3D Huy" in operator.get("/operator/points").text


def test_faults_stand_at_their_fields_and_nothing_typed_is_lost(
    site: Site, operator: TestClient
) -> None:
    typed = HUY | {"opening_hours": "Mo-Fr nine to five", "postcode": "0001", "check_minutes": "x"}
    page = operator.post("/operator/points", data=typed)
    assert page.status_code == 422
    assert "cannot be read" in page.text
    assert "There is no Belgian postcode 0001" in page.text
    assert "Write a number here." in page.text
    assert 'value="Rue Neuve 1"' in page.text
    assert 'value="Mo-Fr nine to five"' in page.text
    assert '<option value="overnight" selected>' in page.text
    with site.context.database.reading() as session:
        assert session.exec(select(Point)).first() is None


def test_a_changed_point_keeps_its_address(
    site: Site, operator: TestClient, point_url: str
) -> None:
    assert operator.post(point_url, data=HUY | {"active": ""}).status_code == 303
    with site.context.database.reading() as session:
        point = session.exec(select(Point)).one()
        assert (point.active, point.slug) == (False, "point-3d-huy")
    wrong = operator.post(point_url, data=HUY | {"opening_hours": ""})
    assert wrong.status_code == 422
    assert "The opening hours are empty" in wrong.text


def test_a_printer_is_added_reloaded_and_taken_out(
    site: Site, operator: TestClient, point_url: str
) -> None:
    add_printer(operator, point_url)
    printer = only_printer(site)
    url = f"{point_url}/printers/{printer.id}"
    assert operator.post(url, data={"material": "PLA", "agent_id": ""}).status_code == 303
    assert only_printer(site).material == "PLA"
    refused = operator.post(url, data={"material": "WOOD", "agent_id": ""})
    assert refused.status_code == 422
    assert "There is no material WOOD" in refused.text
    assert operator.post(f"{url}/withdraw").status_code == 303
    assert only_printer(site).withdrawn_at == site.now


def test_a_printer_without_a_name_is_refused_at_its_field(
    operator: TestClient, point_url: str
) -> None:
    form = {"printer_name": " ", "model": "mk3s", "material": "PLA"}
    page = operator.post(f"{point_url}/printers", data=form)
    assert page.status_code == 422
    assert 'id="field-printer_name-error"' in page.text


def test_a_registered_key_shows_its_fingerprint_and_a_configuration_that_is_toml(
    site: Site, operator: TestClient, point_url: str
) -> None:
    add_printer(operator, point_url)
    key, fingerprint = public_key()
    line = f"public key:  {key}"
    registered = operator.post(f"{point_url}/agents", data={"public_key": line})
    assert registered.status_code == 303
    page = operator.get(point_url).text
    assert fingerprint in page
    with site.context.database.reading() as session:
        agent_id = session.exec(select(Agent.id)).one()
    printer = only_printer(site)
    operator.post(
        f"{point_url}/printers/{printer.id}", data={"material": "PETG", "agent_id": agent_id}
    )
    snippet = operator.get(point_url).text.split('aria-label="agent.toml">')[1].split("</pre>")[0]
    config = tomllib.loads(snippet.replace("&#34;", '"'))
    assert config["server_url"] == "https://parts.example"
    assert config["agent_id"] == agent_id
    assert config["printers"] == [{"id": printer.id, "driver": "virtual", "material": "PETG"}]


def test_what_is_no_key_or_a_known_key_is_refused_with_what_was_typed(
    operator: TestClient, point_url: str
) -> None:
    wrong = operator.post(f"{point_url}/agents", data={"public_key": "hello"})
    assert wrong.status_code == 422
    assert "This is no Ed25519 public key" in wrong.text
    assert 'value="hello"' in wrong.text
    key, _ = public_key()
    operator.post(f"{point_url}/agents", data={"public_key": key})
    twice = operator.post(f"{point_url}/agents", data={"public_key": key})
    assert twice.status_code == 409
    assert "belongs to a registered agent already" in twice.text


def test_a_revoked_key_stays_in_sight_as_revoked(
    site: Site, operator: TestClient, point_url: str
) -> None:
    key, fingerprint = public_key()
    operator.post(f"{point_url}/agents", data={"public_key": key})
    with site.context.database.reading() as session:
        agent_id = session.exec(select(Agent.id)).one()
    assert operator.post(f"/agents/{agent_id}/revoke").status_code == 303
    page = operator.get(point_url).text
    assert fingerprint in page
    assert "revoked" in page
    assert "Configuration for the shop" not in page


def test_an_unknown_point_is_not_found(operator: TestClient) -> None:
    assert operator.get("/operator/points/nothing").status_code == 404
    assert operator.post("/operator/points/nothing", data=HUY).status_code == 404


def test_a_key_is_read_from_all_that_the_shop_may_paste() -> None:
    assert key_of("public key:  abc=\nfingerprint: 12:34\n") == "abc="
    assert key_of("  abc= ") == "abc="


def test_a_person_is_added_and_signs_in_with_the_first_password(
    site: Site, operator: TestClient, point_url: str
) -> None:
    point_id = point_url.rsplit("/", 1)[1]
    form = {
        "name": "Sam",
        "email": "sam@example.be",
        "role": "staff",
        "point": point_id,
        "password": "a long password",
    }
    assert operator.post("/operator/people", data=form).status_code == 303
    assert "Sam may sign in now." in operator.get("/operator/people").text
    entered = site.visitor().post(
        "/login", data={"email": "Sam@example.be", "password": "a long password"}
    )
    assert (entered.status_code, entered.headers["location"]) == (303, "/counter")


def test_faults_of_a_person_are_told_and_nobody_is_added(site: Site, operator: TestClient) -> None:
    form = {
        "name": "Sam",
        "email": "sam@example.be",
        "role": "staff",
        "password": "a long password",
    }
    assert "Staff work at a point" in operator.post("/operator/people", data=form).text
    short = operator.post(
        "/operator/people", data=form | {"role": "maintainer", "password": "short"}
    )
    assert short.status_code == 422
    assert "at least 10 characters" in short.text
    assert 'value="sam@example.be"' in short.text
    assert "short" not in short.text.split('type="password"')[1].split(">")[0]
    assert "Fill this in." in operator.post("/operator/people", data=form | {"name": ""}).text
    with site.context.database.reading() as session:
        assert len(session.exec(select(Account)).all()) == 1


def test_a_new_password_ends_old_sign_ins(site: Site, operator: TestClient) -> None:
    browser = site.signed_in(Role.OPERATOR, name="Oscar")
    with site.context.database.reading() as session:
        oscar = session.exec(select(Account.id).where(Account.name == "Oscar")).one()
    assert browser.get("/operator/people").status_code == 200
    changed = operator.post(
        f"/operator/people/{oscar}/password", data={"password": "another password"}
    )
    assert changed.status_code == 303
    assert browser.get("/operator/people").status_code == 401


def test_a_person_is_shut_out_but_never_oneself(site: Site, operator: TestClient) -> None:
    browser = site.signed_in(Role.MAINTAINER, name="Mia")
    with site.context.database.reading() as session:
        people = dict(session.exec(select(Account.name, Account.id)).all())
    assert operator.post(f"/operator/people/{people['Olga']}/disable").status_code == 409
    assert operator.post(f"/operator/people/{people['Mia']}/disable").status_code == 303
    assert browser.post("/logout").status_code == 303
    assert operator.get("/operator/people").status_code == 200
