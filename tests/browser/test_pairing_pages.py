"""Pairing an agent in a real Chromium, as staff do: the code, the fingerprint, the end of a key."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from nacl.signing import SigningKey
from playwright.sync_api import Page, expect
from sqlmodel import select

from parts3d.accounts.service import add_account, sign_in
from parts3d.accounts.tables import Agent, Role
from parts3d.app import create_app
from parts3d.db import Database
from parts3d.points.pairing import begin_pairing
from parts3d.web import SIGN_IN_COOKIE
from printer_agents.keys import AgentKey
from printer_agents.pairing_protocol import LocalPrinter, PairingRequest, show_code
from tests.browser.checks import axe, no_sideways_scroll, shoot
from tests.browser.conftest import OpenPage
from tests.support.network import settings_for
from tests.support.shop import Shop, open_shop


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return open_shop(sqlite_database, settings_for(tmp_path, demo=True), now)


@pytest.fixture
def url(shop: Shop) -> Iterator[str]:
    app = create_app(shop.context, lambda: shop.now)
    config = uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def sign_in_as(shop: Shop, page: Page, url: str, role: Role) -> None:
    with shop.context.database.unit_of_work() as work:
        account = add_account(
            work.session,
            email=f"{role}@example.be",
            name="Sam",
            role=role,
            now=shop.now,
            point_id=shop.network.points["huy"] if role is Role.STAFF else None,
        )
        token = sign_in(work.session, account, shop.now)
    page.context.add_cookies([{"name": SIGN_IN_COOKIE, "value": token, "url": url}])


def fresh_agent(shop: Shop) -> tuple[AgentKey, str]:
    """An agent that shows a code; returns its key and the code."""
    key = AgentKey("", SigningKey.generate())
    printers = (
        LocalPrinter(id="left", driver="octoprint", material="PETG", host="octopi.local"),
        LocalPrinter(id="right", driver="bambu", material="PLA", host="192.168.1.21"),
    )
    wish = PairingRequest(
        public_key=key.public_key, computer="raspberrypi", version="0.1.0", printers=printers
    )
    with shop.context.database.unit_of_work() as work:
        pairing, _ = begin_pairing(work.session, wish, address="192.0.2.7", now=shop.now)
        return key, show_code(pairing.user_code)


@pytest.mark.parametrize(
    ("width", "scheme", "role"),
    [
        (320, "light", Role.STAFF),
        (390, "dark", Role.STAFF),
        (1280, "light", Role.OPERATOR),
    ],
    ids=str,
)
def test_an_agent_is_paired_and_revoked_by_everybody(
    open_page: OpenPage, url: str, shop: Shop, width: int, scheme: str, role: Role
) -> None:
    page = open_page(width, 900, dark=scheme == "dark")
    sign_in_as(shop, page, url, role)

    def check(name: str) -> None:
        no_sideways_scroll(page)
        axe(page)
        shoot(page, f"pairing-{name}-{width}")

    page.goto(f"{url}/agents?lang=fr")
    check("empty-fr")
    page.goto(f"{url}/agents?lang=en")
    page.get_by_label("Code").fill("BBBB-BBBB")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("No agent shows this code.")).to_be_visible()
    check("wrong-code")
    key, code = fresh_agent(shop)
    page.get_by_label("Code").fill(code.lower())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Is this your agent?")).to_be_visible()
    for group in key.fingerprint.split(":"):
        expect(page.get_by_text(group, exact=True).first).to_be_visible()
    if role is Role.OPERATOR:
        check("point")
        page.get_by_role("button", name="They are equal: choose its printers").click()
    page.get_by_label("left").select_option(label=page.locator("option").nth(1).inner_text())
    check("compare")
    page.get_by_role("button", name="The fingerprint is equal: pair it").click()
    expect(page.get_by_text("raspberrypi is paired.")).to_be_visible()
    with shop.context.database.unit_of_work() as work:
        agent = work.session.exec(select(Agent).where(Agent.public_key == key.public_key)).one()
        agent.last_heard_at, agent.version = shop.now - timedelta(hours=3), "0.1.0"
    page.reload()
    expect(page.get_by_text("silent", exact=True)).to_be_visible()
    check("agents")
    page.get_by_text("Key", exact=True).first.click()
    page.get_by_role("link", name="Revoke this key").click()
    expect(page.get_by_text("This cannot be undone.")).to_be_visible()
    check("revoke")
    page.get_by_role("button", name="Revoke the key of raspberrypi").click()
    page.get_by_text("Revoked keys (1)").click()
    check("revoked")
