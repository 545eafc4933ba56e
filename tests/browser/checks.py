"""What every page must stand: axe, no sideways scrolling; and a picture to look at."""

from functools import cache
from pathlib import Path
from typing import Any

import hatch_build
from playwright.sync_api import Page

HERE = Path(__file__).resolve().parent
SCREENSHOTS = HERE.parents[1] / "test-artefacts" / "screenshots"


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
            .map((element) => element.outerHTML.slice(0, 160));
        }"""
    )
    assert not wide, f"wider than the window on {page.url}:\n" + "\n".join(wide[:8])


def shoot(page: Page, name: str, *, full_page: bool = True) -> Path:
    """Keep a screenshot as test-artefacts/screenshots/<name>.png and return its path."""
    path = SCREENSHOTS / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=full_page, animations="disabled")
    return path
