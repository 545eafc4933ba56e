"""A real Chromium for the tests of pages.

The browser lives for one test module: while Playwright's sync interface is open, its event
loop runs in this thread, and tests elsewhere that start a loop of their own would fail.
"""

import os
from collections.abc import Iterator
from typing import Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.browser.chromium import find_chromium

PHONE = (390, 844)
TABLET_WIDTH = 768


class OpenPage(Protocol):
    """Open a page of a given size; each has cookies and storage of its own."""

    def __call__(self, width: int, height: int, *, dark: bool = False) -> Page:
        """Return the new page."""
        ...


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = find_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium.path,
            args=list(chromium.args),
            env={**os.environ, **chromium.env},
        )
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open pages that fail the test on a script's error or a breach of the content policy."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    def open_one(width: int, height: int, *, dark: bool = False) -> Page:
        phone = width < TABLET_WIDTH
        context = browser.new_context(
            viewport={"width": width, "height": height},
            is_mobile=phone,
            has_touch=phone,
            device_scale_factor=2 if phone else 1,
            locale="en-GB",
            timezone_id="Europe/Brussels",
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        opened = context.new_page()
        opened.on("pageerror", lambda error: faults.append(str(error)))
        opened.on("console", hear)
        return opened

    yield open_one
    for context in contexts:
        context.close()
    assert not faults, "the browser complained:\n" + "\n".join(faults)


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """Return a page the size of a phone."""
    return open_page(*PHONE)
