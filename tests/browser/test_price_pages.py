"""The operator's prices and vouchers in a real Chromium."""

import re
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from parts3d.accounts.service import add_account, sign_in
from parts3d.accounts.tables import Role
from parts3d.app import create_app
from parts3d.db import Database
from parts3d.web import SIGN_IN_COOKIE
from tests.browser.checks import axe, no_sideways_scroll
from tests.browser.conftest import OpenPage
from tests.support.network import settings_for, submitted
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


def operators_page(shop: Shop, page: Page, url: str) -> Page:
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
    return page


def check(page: Page) -> None:
    no_sideways_scroll(page)
    axe(page)


@pytest.mark.parametrize(("width", "height"), [(320, 640), (1280, 900)])
def test_prices_are_tried_and_published_and_a_voucher_made(
    open_page: OpenPage, url: str, shop: Shop, width: int, height: int
) -> None:
    shop.network.part_slug = "furniture-foot"
    for number in range(3):
        submitted(
            shop.context.database,
            shop.context.settings,
            shop.network,
            quantity=number + 1,
            email=f"c{number}@example.be",
        )
    page = operators_page(shop, open_page(width, height), url)
    # French is the longer language.
    page.goto(f"{url}/operator/prices?lang=fr")
    check(page)
    page.get_by_label("Nom du nouveau brouillon").fill("PETG moins cher")
    page.get_by_role("button", name="Commencer un brouillon").click()
    expect(page.get_by_text("ce brouillon ne change aucun prix")).to_be_visible()
    check(page)
    page.get_by_label("PETG", exact=True).fill("20")
    page.get_by_label("Supplément en %").fill("trente")
    page.get_by_role("button", name="Enregistrer et voir").click()
    expect(page.get_by_text("est encore enregistré")).to_be_visible()
    check(page)
    page.get_by_label("Supplément en %").fill("")
    page.get_by_role("button", name="Enregistrer et voir").click()
    falls = page.get_by_role("table", name="Plus fortes baisses")
    expect(falls.get_by_role("link", name=re.compile("P3D-"))).to_have_count(3)
    check(page)
    page.get_by_label("Premier jour").fill("2026-12-24")
    page.get_by_role("button", name="Publier le brouillon").click()
    expect(page.get_by_role("heading", name="À partir du 24/12/2026")).to_be_visible()
    check(page)
    page.get_by_role("link", name="Redevances").click()
    expect(page.get_by_role("heading", name="Rien n'est dû")).to_be_visible()
    check(page)
    page.get_by_role("link", name="Bons de réduction").click()
    expect(page.get_by_role("heading", name="Pas encore de bon")).to_be_visible()
    check(page)
    page.get_by_label("Euros", exact=True).fill("5")
    page.get_by_label("Code").fill("bienvenue")
    page.get_by_role("button", name="Créer le bon").click()
    expect(page.get_by_role("heading", name="BIENVENUE")).to_be_visible()
    check(page)
