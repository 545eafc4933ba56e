"""The operator's print times in a real Chromium: axe finds nothing, 320 px are wide enough."""

import base64
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import uvicorn
from nacl.signing import SigningKey
from playwright.sync_api import Page, expect

from parts3d.accounts.agents import register_agent
from parts3d.accounts.service import add_account, sign_in
from parts3d.accounts.tables import Role
from parts3d.app import create_app
from parts3d.db import Database
from parts3d.jobs.tasks import learn_print_times
from parts3d.web import SIGN_IN_COOKIE
from tests.browser.checks import axe, no_sideways_scroll
from tests.browser.conftest import OpenPage
from tests.support.network import placed, settings_for
from tests.support.prints import add_prints
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


def sign_in_operator(shop: Shop, page: Page, url: str) -> None:
    with shop.context.database.unit_of_work() as work:
        account = add_account(
            work.session,
            email="olga@example.be",
            name="Olga",
            role=Role.OPERATOR,
            now=shop.now,
        )
        token = sign_in(work.session, account, shop.now)
    page.context.add_cookies([{"name": SIGN_IN_COOKIE, "value": token, "url": url}])


def print_for_weeks(shop: Shop) -> None:
    shop.network.part_slug = "furniture-foot"
    placed(shop.context.database, shop.context.settings, shop.network)
    with shop.context.database.unit_of_work() as work:
        key = base64.b64encode(bytes(SigningKey.generate().verify_key)).decode()
        register_agent(
            work.session,
            point_id=shop.network.points["huy"],
            name="agent",
            public_key=key,
            now=shop.now,
        )
        add_prints(work.session, now=shop.now, model="mk3s", count=60, running=1, paused=1, seed=3)
        add_prints(work.session, now=shop.now, model="neptune4", count=3, failing=0, seed=4)
    learn_print_times(shop.context, shop.now)


@pytest.mark.parametrize(
    ("width", "height", "scheme"), [(320, 640, "light"), (390, 844, "dark"), (1280, 900, "light")]
)
def test_print_times_are_for_everybody_empty_and_full(
    open_page: OpenPage, url: str, shop: Shop, width: int, height: int, scheme: str
) -> None:
    page = open_page(width, height, dark=scheme == "dark")
    sign_in_operator(shop, page, url)

    def check() -> None:
        no_sideways_scroll(page)
        axe(page)

    page.goto(f"{url}/operator/print-times?lang=fr")
    check()
    print_for_weeks(shop)
    page.goto(f"{url}/operator/print-times?lang=en")
    # The picture says in words what it shows, and each print stands in a table as well.
    expect(page.get_by_role("img", name="prints took longer than sliced")).to_be_visible()
    page.get_by_text("The last 20 prints as a table").click()
    expect(page.get_by_role("table", name="The last prints")).to_be_visible()
    check()
    page.get_by_role("link", name="Elegoo Neptune 4").click()
    expect(page.get_by_text("Not used yet: 2 more prints are needed.")).to_be_visible()
    page.goto(f"{page.url}?lang=fr")
    check()
