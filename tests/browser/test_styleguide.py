"""The style guide shows every component; here each must stand what a page must stand."""

import io
import re
from collections.abc import Iterator

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Page, expect

from tests.browser.checks import axe, no_sideways_scroll, shoot
from tests.browser.conftest import OpenPage
from tests.browser.styleguide_site import StyleguideSite, environment, styleguide


@pytest.fixture
def site() -> Iterator[StyleguideSite]:
    served = StyleguideSite()
    served.start()
    yield served
    served.stop()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(320, 640), (390, 844), (1280, 900)])
def test_every_component_is_accessible_and_fits_the_window(
    open_page: OpenPage, site: StyleguideSite, width: int, height: int, *, dark: bool
) -> None:
    page = open_page(width, height, dark=dark)
    page.goto(f"{site.url}/?live=quiet")
    expect(page.locator("[data-viewer]")).to_have_attribute("data-state", "ready")
    expect(page.locator("[data-live-status]")).to_have_attribute("data-live", "open")
    no_sideways_scroll(page)
    axe(page)
    shoot(page, f"styleguide-{width}{'-dark' if dark else ''}")


def test_text_twice_as_large_still_fits_a_small_phone(
    open_page: OpenPage, site: StyleguideSite
) -> None:
    page = open_page(320, 640)
    page.goto(f"{site.url}/?live=quiet")
    page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    no_sideways_scroll(page)


def test_the_view_turns_by_keyboard_and_goes_back(page: Page, site: StyleguideSite) -> None:
    page.goto(f"{site.url}/?live=quiet")
    canvas = page.locator(".viewer canvas")
    expect(canvas).to_be_visible()
    label = page.locator(".viewer__dimension").first
    expect(label).to_have_text("44.0 mm")

    def where() -> str | None:
        # A frame is drawn on demand, so wait until it was.
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        return label.get_attribute("style")

    at_first = where()
    canvas.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    turned = where()
    page.keyboard.press("+")
    nearer = where()
    page.keyboard.press("Home")
    assert len({at_first, turned, nearer}) == 3
    assert where() == at_first


def test_the_view_paints_the_part_and_not_only_its_lines(page: Page, site: StyleguideSite) -> None:
    page.goto(f"{site.url}/?live=quiet")
    figure = page.locator("[data-viewer]")
    expect(figure).to_have_attribute("data-state", "ready")
    shown = Image.open(io.BytesIO(page.locator(".viewer__stage").screenshot())).convert("RGB")
    # The part is the one thing that is plainly blue; paper, lines and labels are not.
    red, _, blue = shown.split()
    bluer = ImageChops.subtract(blue, red).histogram()
    share = sum(bluer[60:]) / (shown.width * shown.height)
    assert 0.08 < share < 0.6


def test_without_a_readable_model_the_picture_stays(page: Page, site: StyleguideSite) -> None:
    site.stl = b"this is no STL"
    page.goto(f"{site.url}/?live=quiet")
    expect(page.locator("[data-viewer]")).to_have_attribute("data-state", "failed")
    expect(page.locator(".viewer__picture")).to_be_visible()
    expect(page.locator(".viewer__failed")).to_be_visible()
    assert page.locator(".viewer canvas").count() == 0


def test_a_live_region_follows_and_resumes_after_the_last_event(
    page: Page, site: StyleguideSite
) -> None:
    page.goto(site.url)
    expect(page.locator("#swapped")).to_have_text("Layer 200 of 200")
    expect(page.locator("[data-live-status]")).to_have_attribute("data-live", "open")
    # First what the page was drawn with, then, the line having dropped, the last one heard.
    assert site.event_ids_asked[:2] == ["3", "7"]


def test_a_form_pressed_twice_is_sent_once(page: Page, site: StyleguideSite) -> None:
    page.goto(f"{site.url}/?live=quiet")
    button = page.get_by_role("button", name="Bed is clear")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        button.evaluate("(element) => { element.click(); element.click(); element.click(); }")
    assert site.forms_received == 1


def test_the_position_of_the_phone_fills_the_form_rounded(page: Page, site: StyleguideSite) -> None:
    page.context.grant_permissions(["geolocation"], origin=site.url)
    page.context.set_geolocation({"latitude": 50.518734, "longitude": 5.239561})
    page.goto(f"{site.url}/?live=quiet")
    page.get_by_role("button", name="Use my position").click()
    page.wait_for_url(re.compile("lat="))
    assert "lat=50.519&lon=5.240" in page.url


def test_a_refused_position_says_what_to_do_instead(page: Page, site: StyleguideSite) -> None:
    page.context.clear_permissions()
    page.goto(f"{site.url}/?live=quiet")
    page.get_by_role("button", name="Use my position").click()
    expect(page.locator("[data-place-message]")).to_contain_text("Type your postcode instead")


def test_the_code_is_copied_and_the_button_says_so(page: Page, site: StyleguideSite) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    page.goto(f"{site.url}/?live=quiet")
    page.get_by_role("button", name="Copy the code").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == "K7M2QX"


def test_the_keyboard_reaches_the_content_first_by_the_skip_link(
    open_page: OpenPage, site: StyleguideSite
) -> None:
    page = open_page(1280, 900)
    page.goto(f"{site.url}/?live=quiet")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_everything_to_press_at_the_counter_is_large_enough_for_a_thumb(
    open_page: OpenPage, site: StyleguideSite
) -> None:
    page = open_page(768, 1024)
    page.goto(f"{site.url}/?live=quiet")
    small = page.evaluate(
        """() => [...document.querySelectorAll(".button, .todo .button, .input, .languages a")]
          .filter((element) => element.checkVisibility())
          .filter((element) => element.getBoundingClientRect().height < 44)
          .map((element) => element.outerHTML.slice(0, 120))"""
    )
    assert small == []


def test_there_is_no_inline_script_or_style_in_the_page() -> None:
    html = styleguide(environment())
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html)


def test_what_a_customer_typed_stays_text() -> None:
    jinja = environment()
    template = jinja.from_string(
        '{% from "components/field.html" import field %}'
        '{% from "components/promise.html" import promise %}'
        '{{ field("name", "Name", value=typed) }}'
        '{{ promise(when="now", point=typed, until="18:30") }}'
    )
    html = template.render(typed='"><script>alert(1)</script>')
    assert "<script>" not in html
    assert html.count("&lt;script&gt;") == 2
