"""Several parts and copies in one order, on a network as it really runs: plates and all."""

import re
import time

import httpx
import pytest
from playwright.sync_api import Page, expect

from parts3d.demo.people import Clerk, Customer
from tests.browser.checks import axe, no_sideways_scroll, shoot
from tests.browser.conftest import OpenPage
from tests.support.live import LiveNetwork

PATIENCE_SECONDS = 240
STOP, CLIP = "drawer-runner-stop", "fridge-shelf-clip"


def keep(page: Page, name: str) -> None:
    """Keep a picture of the page, and hold it to what every page is held to."""
    no_sideways_scroll(page)
    axe(page)
    shoot(page, f"basket-{name}")


@pytest.mark.timeout(600)
def test_a_basket_with_a_plate_of_three_is_ordered_made_checked_and_collected(
    network: LiveNetwork, open_page: OpenPage
) -> None:
    with httpx.HTTPTransport() as wire:
        buy(Customer(network.url, wire), Clerk(network.url, wire), network, open_page(390, 844))


def buy(customer: Customer, clerk: Clerk, network: LiveNetwork, phone: Page) -> None:
    clerk.sign_in()
    phone.goto(f"{network.url}/?lang=en")
    fill_with_a_plate(phone, network.url)
    token = order_it(phone)
    order = customer.confirm_by_mail(phone.locator(".kicker .code").inner_text())
    assert [line["quantity"] for line in order["lines"]] == [3, 1]
    # Three stops lie on one bed, the clip on another.
    assert sorted(copy["copies"] for copy in order["copies"]) == [1, 3]
    until = time.monotonic() + PATIENCE_SECONDS
    while customer.look(token)["status"] != "ready":
        assert time.monotonic() < until, customer.look(token)
        clerk.do_what_is_to_do()
        time.sleep(0.5)
    phone.goto(f"{network.url}/orders/{token}")
    expect(phone.locator(".ticket__code")).to_be_visible()
    keep(phone, "3-ready")
    clerk.hand_over(customer.look(token)["collection_code"])
    receipt = customer.look(token)["receipt"]
    assert receipt["total_cents"] == order["total_cents"]


def fill_with_a_plate(phone: Page, url: str) -> None:
    """Wait for the better price of three on one bed, then put both parts in the basket."""
    single = wait_for_price(phone, f"{url}/parts/{CLIP}?quantity=1")
    assert single > 0
    address = f"{url}/parts/{STOP}?quantity=3"
    wait_for_price(phone, address)
    until = time.monotonic() + PATIENCE_SECONDS
    while phone.get_by_text("Several of these fit on one bed").count():
        assert time.monotonic() < until, "The plate was never sliced."
        phone.wait_for_timeout(1000)
        phone.goto(address)
    phone.get_by_role("button", name="Add to basket").click()
    phone.goto(f"{url}/parts/{CLIP}")
    phone.get_by_role("button", name="Add to basket").click()
    expect(phone.get_by_role("link", name="Basket, 4 pieces")).to_be_visible()
    keep(phone, "1-filled")


def wait_for_price(phone: Page, address: str) -> int:
    """Return the price in cents once the part is sliced for a printer."""
    until = time.monotonic() + PATIENCE_SECONDS
    phone.goto(address)
    while not phone.locator(".price-tag").count():
        assert time.monotonic() < until, "The part was never sliced."
        phone.wait_for_timeout(1000)
        phone.goto(address)
    said = re.search(r"(\d+)[.,](\d\d)", phone.locator(".price-tag").inner_text())
    assert said is not None
    return 100 * int(said[1]) + int(said[2])


def order_it(phone: Page) -> str:
    """Order the basket at Huy, where the demo's clerk works; returns the secret of its link."""
    phone.get_by_text(re.compile("Where do you want|Points near")).click()
    phone.get_by_label("Your postcode").fill("4500")
    phone.get_by_role("button", name="Show points near me").click()
    here = phone.locator(".promise", has_text="Point 3D Huy").get_by_role("button")
    chosen = here.or_(phone.get_by_role("button", name="Choose Point 3D Huy")).first
    until = time.monotonic() + PATIENCE_SECONDS
    # Its printers' slices may be the last ones to be made, and then those of the plate.
    computed = phone.get_by_text("The price for that is being computed")
    while not chosen.count() or computed.count():
        assert time.monotonic() < until, "The point in Huy never offered the basket."
        phone.wait_for_timeout(1000)
        phone.reload()
    chosen.click()
    phone.wait_for_url(re.compile("/checkout/"))
    keep(phone, "2-checkout")
    phone.get_by_label("Your name").fill("Anne")
    phone.get_by_label("E-mail address").fill("anne@example.be")
    phone.get_by_role("checkbox").check()
    phone.get_by_role("button", name=re.compile("Order, and pay")).click()
    phone.wait_for_url(re.compile("/orders/"))
    return phone.url.rsplit("/", 1)[1].partition("?")[0]
