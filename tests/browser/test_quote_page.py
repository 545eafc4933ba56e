"""A saved quote in a real Chromium: from the part to the paper, and ordered at its price."""

import re
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import expect

from parts3d.app import create_app
from parts3d.db import Database
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


def test_a_price_is_saved_opened_again_elsewhere_and_ordered(
    open_page: OpenPage, url: str, shop: Shop
) -> None:
    phone = open_page(390, 844)
    # French is the longer language.
    phone.goto(f"{url}/parts/furniture-foot?quantity=2&lang=fr")
    phone.get_by_role("button", name="Garder ce prix comme devis (PDF)").click()
    expect(phone.get_by_role("heading", name=re.compile("^Devis Q-"))).to_be_visible()
    no_sideways_scroll(phone)
    axe(phone)
    shoot(phone, "quote-390")
    address = phone.url
    # Another device, in English: the link is enough, and the price is the same.
    desk = open_page(1280, 900)
    desk.goto(f"{address}?lang=en")
    total = desk.locator("tfoot td").inner_text()
    expect(desk.get_by_role("button", name="Copy the link")).to_be_visible()
    expect(desk.get_by_role("link", name="Open the PDF")).to_be_visible()
    desk.get_by_text("What was priced").click()
    no_sideways_scroll(desk)
    axe(desk)
    shoot(desk, "quote-1280")
    answer = desk.request.get(f"{address}.pdf")
    assert answer.body().startswith(b"%PDF-")
    desk.get_by_role("button", name="Order at this price and collect here").click()
    expect(desk.get_by_role("button", name=re.compile("Order, and pay"))).to_contain_text(total)
    shop.pass_time(days=20)
    phone.goto(address)
    expect(phone.get_by_text("Ce devis a expiré")).to_be_visible()
    axe(phone)
    shoot(phone, "quote-expired-390")
