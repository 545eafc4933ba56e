"""The main journey in a real browser: a customer's phone and the counter's tablet."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import axe, no_sideways_scroll, shoot
from tests.browser.conftest import OpenPage
from tests.support.live import LiveNetwork

TABLET = (820, 1180)
PATIENCE_MS = 60_000


def keep(page: Page, name: str) -> None:
    """Keep a picture of the page, and hold it to what every page is held to."""
    no_sideways_scroll(page)
    axe(page)
    shoot(page, f"journey-{name}")


@pytest.mark.timeout(500)
def test_a_customer_finds_orders_and_collects_a_part(
    network: LiveNetwork, open_page: OpenPage
) -> None:
    phone, tablet = open_page(390, 844), open_page(*TABLET)
    order_it(phone, network.url)
    confirm_it(phone, network.url)
    keep(phone, "7-tracking")
    print_and_check_it(tablet, network.url)
    code = wait_for_the_code(phone)
    hand_it_over(tablet, network.url, code)
    expect(phone.get_by_text("Collected").first).to_be_visible(timeout=PATIENCE_MS)
    keep(phone, "9-collected")


def order_it(phone: Page, url: str) -> None:
    phone.goto(f"{url}/?lang=en")
    keep(phone, "1-home")
    phone.get_by_role("searchbox").last.fill("hemnes")
    phone.keyboard.press("Enter")
    phone.wait_for_url(re.compile(r"q=hemnes"))
    keep(phone, "2-search")
    phone.get_by_role("link", name="Drawer runner stop").click()
    # The page follows the slicing by itself; the part is orderable when its slice exists.
    phone.get_by_label("Your postcode").fill("4500")
    phone.get_by_role("button", name="Show points near me").click()
    here = phone.locator(".promise", has_text="Point 3D Huy").get_by_role("button")
    chosen = here.or_(phone.get_by_role("button", name="Choose Point 3D Huy")).first
    for _ in range(90):
        if chosen.count():
            break
        phone.wait_for_timeout(2000)
        phone.reload()
    expect(phone.locator("canvas")).to_be_visible(timeout=PATIENCE_MS)
    keep(phone, "3-part")
    chosen.click()
    phone.get_by_label("Your name").fill("Anne")
    phone.get_by_label("E-mail address").fill("anne@example.be")
    phone.wait_for_url(re.compile("/checkout/"))
    for box in phone.get_by_role("checkbox").all():
        box.check()
    keep(phone, "4-checkout")
    phone.get_by_role("button", name=re.compile("Order, and pay")).click()
    phone.wait_for_url(re.compile("/orders/"))
    keep(phone, "5-ordered")


def confirm_it(phone: Page, url: str) -> None:
    mail = phone.context.new_page()
    mail.goto(f"{url}/demo/mailbox")
    for _ in range(90):
        if mail.get_by_role("main").get_by_role("link", name=re.compile("onfirm")).count():
            break
        mail.wait_for_timeout(500)
        mail.reload()
    mail.get_by_role("main").get_by_role("link", name=re.compile("onfirm")).first.click()
    mail.locator('a[href*="/confirm/"]').click()
    mail.wait_for_url(re.compile("/confirm/"))
    keep(mail, "6-confirm")
    mail.get_by_role("button", name="Confirm: please print it").click()
    mail.wait_for_url(re.compile("/orders/"))
    mail.close()


def print_and_check_it(tablet: Page, url: str) -> None:
    tablet.goto(f"{url}/demo/login/staff?lang=en")
    tablet.goto(f"{url}/counter?lang=en")
    # Nobody reloads: the list follows the printer by itself.
    expect(tablet.get_by_role("button", name="Bed is clear").first).to_be_visible(
        timeout=PATIENCE_MS
    )
    keep(tablet, "counter-1-to-do")
    tablet.get_by_role("button", name="Bed is clear").first.click()
    tablet.get_by_role("link", name="Check", exact=True).first.click()
    tablet.wait_for_url(re.compile("/counter/jobs/"))
    keep(tablet, "counter-2-check")
    tablet.get_by_role("button", name="It is good").click()
    tablet.get_by_role("button", name="Bagged, on the shelf").click()


def wait_for_the_code(phone: Page) -> str:
    # The page follows by itself; nobody reloads it.
    code = phone.locator(".ticket__code")
    expect(code).to_be_visible(timeout=PATIENCE_MS)
    keep(phone, "8-ready")
    # Spoken sign by sign to a screen reader; the big digits are hidden from it.
    return re.sub(r"\D", "", code.locator(".visually-hidden").text_content() or "")


def hand_it_over(tablet: Page, url: str, code: str) -> None:
    tablet.goto(f"{url}/counter/hand-over")
    tablet.get_by_label("Collection code").fill("000000" if code != "000000" else "111111")
    tablet.get_by_role("button", name="Find the order").click()
    expect(tablet.locator(".field__error").first).to_be_visible()
    keep(tablet, "counter-3-wrong-code")
    tablet.get_by_label("Collection code").fill(code)
    tablet.get_by_role("button", name="Find the order").click()
    expect(tablet.get_by_role("button", name="Paid by card")).to_be_visible()
    keep(tablet, "counter-4-hand-over")
    tablet.get_by_role("button", name="Paid by card").click()
    expect(tablet.get_by_text("VAT").first).to_be_visible()
    keep(tablet, "counter-5-receipt")
