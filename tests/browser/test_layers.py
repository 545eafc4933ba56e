"""The layer viewer in a real Chromium: waits, draws, obeys the keyboard, fits a phone."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Page, expect
from sqlmodel import select

from parts3d.accounts.service import add_account, sign_in
from parts3d.accounts.tables import Role
from parts3d.app import create_app
from parts3d.catalogue.tables import Part, Revision
from parts3d.db import Database
from parts3d.slicing.drawing import draw_slice
from parts3d.slicing.tables import Slice
from parts3d.web import SIGN_IN_COOKIE
from tests.browser.checks import axe, no_sideways_scroll, shoot
from tests.browser.conftest import OpenPage
from tests.slicing.small_gcode import box_gcode
from tests.support.network import settings_for
from tests.support.shop import Shop, open_shop

PHONE, DESK = (390, 844), (1280, 900)


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return open_shop(sqlite_database, settings_for(tmp_path), now)


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


def revision_page(page: Page, shop: Shop, url: str) -> list[Slice]:
    """Open a revision's page as a maintainer; its slices have layers of 20 and 30."""
    with shop.context.database.unit_of_work() as work:
        account = add_account(
            work.session, email="mia@example.be", name="Mia", role=Role.MAINTAINER, now=shop.now
        )
        token = sign_in(work.session, account, shop.now)
        revision = work.session.exec(
            select(Revision).join(Part).where(Part.slug == "furniture-foot")
        ).one()
        rows = list(
            work.session.exec(
                select(Slice)
                .where(Slice.model_sha256 == revision.model_sha256)
                .order_by(Slice.printer_model)
            )
        )
        for row, layers in zip(rows, (20, 30), strict=True):
            row.gcode_sha256 = shop.context.store.put(box_gcode(layers))
    page.context.add_cookies([{"name": SIGN_IN_COOKIE, "value": token, "url": url}])
    page.goto(f"{url}/maintainer/revisions/{revision.id}?lang=en")
    return rows


def inked(page: Page) -> int:
    """How many pixels of the canvas are neither bed nor empty."""
    count: int = page.evaluate(
        """() => {
          const canvas = document.querySelector("[data-layers-canvas]");
          const { data } = canvas.getContext("2d")
            .getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let at = 0; at < data.length; at += 4) {
            if (data[at + 3] && Math.abs(data[at] - data[at + 2]) > 40) count += 1;
          }
          return count;
        }"""
    )
    return count


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_layers_are_waited_for_drawn_and_walked_through_by_keyboard(
    open_page: OpenPage, url: str, shop: Shop, size: tuple[int, int]
) -> None:
    page = open_page(*size)
    rows = revision_page(page, shop, url)
    viewer = page.locator("layer-viewer")
    viewer.scroll_into_view_if_needed()
    expect(viewer).to_have_attribute("data-state", "loading")
    expect(viewer.get_by_role("status")).to_have_text("The layers are being drawn …")
    for row in rows:
        assert draw_slice(shop.context.database, shop.context.store, row.id)
    expect(viewer).to_have_attribute("data-state", "ready")
    slider = page.get_by_role("slider")
    expect(slider).to_have_attribute("aria-valuetext", "Layer 1 of 30, 0.20 mm")
    expect(page.get_by_text("skirt or brim")).to_be_visible()
    expect(page.get_by_text("support", exact=True)).to_be_hidden()
    expect(page.get_by_alt_text("Picture of the first layer on the bed")).to_be_visible()
    page.wait_for_timeout(100)
    first = inked(page)
    assert first > 500
    slider.focus()
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "Layer 2 of 30, 0.40 mm")
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "Layer 30 of 30, 6.00 mm")
    page.wait_for_timeout(100)
    assert inked(page) > 500
    # Another printer model's slice has fewer layers: as high as it goes.
    page.get_by_label("Printer model").select_option(index=1)
    expect(slider).to_have_attribute("aria-valuetext", "Layer 20 of 20, 4.00 mm")
    no_sideways_scroll(page)
    axe(page)
    shoot(page, f"layers-{size[0]}")
