"""What every page must stand: axe, no sideways scrolling; and a picture to look at."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import FloatRect, Page

import hatch_build

HERE = Path(__file__).resolve().parent
SCREENSHOTS = HERE.parents[1] / "test-artefacts" / "screenshots"
# Beyond this many device pixels Chromium repeats the top of the page.
PAINT_LIMIT_PX = 8192


@cache
def _axe_source() -> str:
    hatch_build.install_modules(HERE)
    return (HERE / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


def axe(page: Page, *, within: str | None = None) -> None:
    """Assert that axe-core finds nothing on the page, or within a CSS selector."""
    if not page.evaluate("() => 'axe' in window"):
        # Through the debugger, so a strict content security policy does not mind.
        page.evaluate(_axe_source())
    violations: list[dict[str, Any]] = page.evaluate(
        "async (within) => (await axe.run(within ?? document)).violations", within
    )
    said = [
        f"{violation['id']}: {violation['help']}\n    {node['html'][:200]}\n    "
        + node["failureSummary"].replace("\n", "\n    ")
        for violation in violations
        for node in violation["nodes"]
    ]
    assert not said, f"axe finds {len(said)} on {page.url}:\n" + "\n".join(said)


def no_sideways_scroll(page: Page) -> None:
    """Assert that nothing is wider than the window, and name what is."""
    wide: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          return [...document.body.querySelectorAll("*")]
            .filter((element) => element.getBoundingClientRect().right > width + 0.5)
            .filter((element) => !element.closest("nav ul"))
            .map((element) => element.outerHTML.slice(0, 160));
        }"""
    )
    assert not wide, f"wider than the window on {page.url}:\n" + "\n".join(wide[:8])


def shoot(page: Page, name: str, *, full_page: bool = True) -> Path:
    """Keep a screenshot as test-artefacts/screenshots/<name>.png and return its path.

    Of a page taller than Chromium can paint at once, the lower end is left out.
    """
    path = SCREENSHOTS / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height, ratio = page.evaluate(
        "() => [innerWidth, document.documentElement.scrollHeight, devicePixelRatio]"
    )
    if full_page and height * ratio > PAINT_LIMIT_PX:
        whole = FloatRect(x=0, y=0, width=width, height=min(height, PAINT_LIMIT_PX // ratio))
        page.screenshot(path=path, full_page=True, clip=whole, animations="disabled")
    else:
        page.screenshot(path=path, full_page=full_page, animations="disabled")
    return path
