"""The agent's status page in a real Chromium: axe, narrow windows, and the emergency stop."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from printer_agents.status.look import look_at
from printer_agents.status.server import StatusPage
from tests.agents.shop import GCODE, Shop
from tests.browser.checks import axe, no_sideways_scroll, shoot
from tests.browser.conftest import OpenPage


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path, printers=3)
    shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    shop.run(8)
    yield shop
    shop.agent.close()


@pytest.fixture
def url(shop: Shop) -> Iterator[str]:
    def stop(printer_id: str) -> None:
        shop.agent.stations[printer_id].emergency_stop()

    page = StatusPage(lambda: look_at(shop.agent, name="Raspberry Pi", point="Huy"), stop, bool, 0)
    yield page.url
    page.close()


@pytest.mark.parametrize(
    ("width", "scheme"), [(320, "light"), (390, "dark"), (1280, "light")], ids=str
)
def test_the_status_page_is_for_everybody(
    open_page: OpenPage, url: str, shop: Shop, width: int, scheme: str
) -> None:
    page = open_page(width, 900, dark=scheme == "dark")
    page.goto(url)
    no_sideways_scroll(page)
    axe(page)
    shoot(page, f"agent-status-{width}")
    page.get_by_text("Emergency stop").first.click()
    axe(page)
    shoot(page, f"agent-status-stop-{width}")
    # While somebody is about to stop a printer, the page does not change under the hand.
    shop.run(3)
    page.wait_for_timeout(2_200)
    button = page.get_by_role("button", name="Stop p1 now")
    expect(button).to_be_visible()
    button.click()
    expect(page.get_by_role("alert")).to_contain_text("p1 was told to stop at once")
    axe(page)


def test_a_page_whose_agent_has_ended_says_so(open_page: OpenPage, shop: Shop) -> None:
    page = open_page(390, 844)
    served = StatusPage(lambda: look_at(shop.agent), lambda _id: None, bool, 0)
    page.goto(served.url)
    served.close()
    expect(page.get_by_role("status")).to_contain_text("it has stopped", timeout=15_000)
