"""Every page of a customer in a real Chromium: axe finds nothing, 320 px are wide enough."""

import re
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Page, expect
from sqlmodel import select

from parts3d.app import create_app
from parts3d.db import Database
from parts3d.jobs.channels import order_channel
from parts3d.jobs.lifecycle import JobStatus
from parts3d.orders.tables import Order
from tests.browser.checks import axe, no_sideways_scroll
from tests.browser.conftest import OpenPage
from tests.support.network import settings_for
from tests.support.shop import Shop, open_shop

NARROWEST = (320, 640)


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


def check(page: Page) -> None:
    no_sideways_scroll(page)
    axe(page)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?q=SMS46",
        "/?q=XYZ999",
        "/?c=furniture",
        "/parts/oven-knob-d-shaft",
        "/parts/furniture-foot?postcode=99",
        "/terms",
        "/orders",
        "/demo",
        "/demo/mailbox",
        "/nowhere",
    ],
)
def test_a_page_is_for_everybody_and_fits_the_narrowest_phone(
    open_page: OpenPage, url: str, path: str
) -> None:
    page = open_page(*NARROWEST)
    # French is the longer language.
    page.goto(f"{url}{path}{'&' if '?' in path else '?'}lang=fr")
    if "/parts/" in path:
        expect(page.locator("[data-viewer]")).to_have_attribute("data-state", "ready")
    check(page)


def test_an_order_is_made_by_keyboard_and_followed_on_a_narrow_phone(
    open_page: OpenPage, url: str, shop: Shop
) -> None:
    page = open_page(*NARROWEST)
    page.goto(f"{url}/parts/furniture-foot?quantity=2")
    page.get_by_role("button", name="Order and collect here").press("Enter")
    page.wait_for_url(re.compile("/checkout/"))
    check(page)
    page.get_by_role("button", name=re.compile("Order, and pay")).press("Enter")
    expect(page.get_by_text("Type your name")).to_be_visible()
    check(page)
    page.get_by_label("Your name").fill("Anne")
    page.get_by_label("E-mail address").fill("anne@example.be")
    page.get_by_role("checkbox").press("Space")
    page.get_by_role("button", name=re.compile("Order, and pay")).press("Enter")
    expect(page.get_by_text("One step is left")).to_be_visible()
    check(page)
    order_page = page.url

    shop.write_mails()
    page.goto(f"{url}/demo/mailbox")
    page.get_by_role("link", name=re.compile("Please confirm")).press("Enter")
    link = page.locator("a[href*='/confirm/']")
    check(page)
    page.goto(f"{url}/confirm/{(link.get_attribute('href') or '').rsplit('/', 1)[1]}")
    check(page)
    page.get_by_role("button", name="Confirm: please print it").press("Enter")
    page.wait_for_url(order_page)
    check(page)

    # Nobody reloads from here on: the page follows by itself.
    with shop.context.database.reading() as session:
        channel = order_channel(session.exec(select(Order)).one().id)
    expect(page.locator("[data-live-status]")).to_have_attribute("data-live", "open")
    shop.drive(JobStatus.PRINTING, progress=0.62)
    shop.context.bell.ring(channel)
    expect(page.get_by_text("Piece 1 is being printed, 62 %")).to_be_visible()
    check(page)


def test_a_ready_order_shows_its_code_on_a_narrow_phone(
    open_page: OpenPage, url: str, shop: Shop
) -> None:
    page = open_page(*NARROWEST)
    page.goto(f"{url}/demo/login/customer?lang=fr")
    page.goto(f"{url}/parts/furniture-foot")
    page.get_by_role("button", name="Commander et retirer ici").click()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name=re.compile("Commander et payer")).click()
    page.wait_for_url(re.compile("/orders/"))
    order_page = page.url
    text = shop.write_mails()[0]
    page.goto(f"{url}/confirm/{text.split('/confirm/')[1].split()[0]}")
    page.get_by_role("button", name="Confirmer").click()
    page.wait_for_url(order_page)
    shop.drive(JobStatus.READY)
    page.goto(order_page)
    expect(page.get_by_role("heading", name="Votre code de retrait")).to_be_visible()
    check(page)


def test_a_basket_is_filled_changed_and_ordered_by_keyboard_on_a_narrow_phone(
    open_page: OpenPage, url: str
) -> None:
    page = open_page(*NARROWEST)
    page.goto(f"{url}/basket?lang=en")
    check(page)
    for part in ("furniture-foot", "drawer-runner-stop", "dishwasher-basket-wheel"):
        page.goto(f"{url}/parts/{part}?quantity=2")
        page.get_by_role("button", name="Add to basket").press("Enter")
        page.wait_for_url(re.compile("/basket"))
    # Two materials: no point has both, and the page says which part is in the way.
    expect(page.get_by_text("No point can promise all of this")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Remove Dishwasher lower basket wheel").press("Enter")
    expect(page.get_by_text("Dishwasher lower basket wheel was taken out")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Put it back").press("Enter")
    page.get_by_role("button", name="Remove Dishwasher lower basket wheel").press("Enter")
    stepper = page.get_by_role("group", name="Quantity of Drawer runner stop")
    stepper.get_by_role("button", name="One more").press("Enter")
    order = page.get_by_role("button", name="Order all 5 pieces and collect here")
    expect(order).to_be_visible()
    expect(page.get_by_role("link", name="Basket, 5 pieces")).to_be_visible()
    check(page)
    order.press("Enter")
    page.wait_for_url(re.compile("/checkout/"))
    expect(page.get_by_text("Screw-on furniture foot and Drawer runner stop").first).to_be_visible()
    page.get_by_text("I have a voucher").press("Enter")
    page.get_by_label("Voucher code").fill("NOSUCH")
    page.get_by_role("button", name="Use it").press("Enter")
    expect(page.get_by_text("There is no voucher of this code.")).to_be_visible()
    check(page)
    page.get_by_label("Your name").fill("Anne")
    page.get_by_label("E-mail address").fill("anne@example.be")
    page.get_by_role("checkbox").press("Space")
    page.get_by_role("button", name=re.compile("Order, and pay")).press("Enter")
    expect(page.get_by_text("One step is left")).to_be_visible()
    check(page)
    page.goto(f"{url}/basket?lang=en")
    expect(page.get_by_text("Your basket is empty")).to_be_visible()
