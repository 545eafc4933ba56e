"""The operator's pages of print times."""

import re
from datetime import datetime, timedelta
from math import exp, log
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from parts3d.accounts.tables import Role
from parts3d.db import Database
from parts3d.jobs.print_times_chart import chart
from parts3d.jobs.tasks import learn_print_times
from parts3d.slicing.profiles import profile
from tests.jobs.bench import Shop
from tests.support.prints import add_prints
from tests.support.site import Site

PAGE = "/operator/print-times"
NAME = profile("mk3s").name


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return Shop.open(sqlite_database, tmp_path, now)


@pytest.fixture
def site(shop: Shop, tmp_path: Path) -> Site:
    return Site.open(
        shop.database, shop.settings, tmp_path, shop.now, "parts3d.jobs.print_times_pages"
    )


@pytest.fixture
def operator(site: Site) -> TestClient:
    return site.signed_in(Role.OPERATOR, name="Olga")


def printed(site: Site, shop: Shop, count: int, **more: float) -> None:
    with shop.database.unit_of_work() as work:
        add_prints(work.session, now=site.now, model="mk3s", count=count, **more)  # type: ignore[arg-type]
    learn_print_times(site.context, site.now)


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_before_the_first_print_the_page_says_what_promises_do_meanwhile(
    operator: TestClient,
) -> None:
    page = operator.get(PAGE)
    assert page.status_code == 200
    assert "No print was measured yet" in page.text
    assert "<figure" not in page.text


def test_a_measured_model_shows_its_factor_its_prints_and_what_is_used(
    site: Site, shop: Shop, operator: TestClient
) -> None:
    printed(site, shop, 40, log_factor=log(1.25), failing=0.0, running=1, paused=2)
    page = operator.get(PAGE).text
    words = text_of(page)
    assert NAME in page
    assert re.search(r"2\d % longer", words)
    assert "38 prints , since" in words or "38 prints, since" in words
    assert "1 counted as at least that long" in words
    assert "2 paused, or beyond all measure" in words
    assert page.count('<circle class="time-chart__dot"') == 38 + 1  # and one in the key
    assert page.count('<path class="time-chart__running"') == 1 + 1
    assert "of 38 prints took longer than sliced." in words
    assert "huy 1" in words
    assert "in use" in words


def test_a_young_model_says_how_many_prints_are_missing(
    site: Site, shop: Shop, operator: TestClient
) -> None:
    printed(site, shop, 3, failing=0.0)
    page = operator.get(f"{PAGE}/mk3s").text
    assert "Not used yet: 2 more prints are needed." in page
    assert "in use" not in text_of(page)
    assert 'class="time-chart__line"' not in page


def test_what_was_known_before_is_listed(site: Site, shop: Shop, operator: TestClient) -> None:
    printed(site, shop, 10, log_factor=0.0)
    site.now += timedelta(days=2)
    printed(site, shop, 30, log_factor=0.3, days=1)
    words = text_of(operator.get(PAGE).text)
    assert "What was known before" in words
    assert words.count("Until") >= 1


def test_a_model_that_nobody_printed_on_is_not_found(operator: TestClient) -> None:
    page = operator.get(f"{PAGE}/neptune4")
    assert page.status_code == 404
    assert "No print was measured on a printer of this model yet." in page.text


def test_only_operators_see_print_times(site: Site, shop: Shop) -> None:
    staff = site.signed_in(Role.STAFF, point_id=shop.network.points["huy"])
    for browser in (site.signed_in(Role.MAINTAINER), staff):
        assert browser.get(PAGE).status_code == 403
        assert browser.get(f"{PAGE}/mk3s").status_code == 403


pairs = st.lists(
    st.tuples(st.floats(60, 2e5), st.floats(0.3, 3), st.booleans()), min_size=1, max_size=20
)


@given(pairs, st.floats(-0.6, 0.6))
def test_every_dot_and_tick_lies_within_the_square(
    prints: list[tuple[float, float, bool]], log_factor: float
) -> None:
    drawn = chart([(sliced, sliced * ratio, whole) for sliced, ratio, whole in prints], log_factor)
    assert drawn is not None
    places = [(one.x, one.y) for one in drawn.dots] + [(one.x, one.y) for one in drawn.ticks]
    for x, y in places:
        assert drawn.left - 0.1 <= x <= drawn.right + 0.1
        assert drawn.top - 0.1 <= y <= drawn.bottom + 0.1
    assert len(drawn.ticks) <= 6
    for x, y in (drawn.line[:2], drawn.line[2:]):
        assert drawn.left - 0.1 <= x <= drawn.right + 0.1
        assert drawn.top - 0.1 <= y <= drawn.bottom + 0.1


@given(st.floats(100, 1e5), st.floats(-0.6, 0.6))
def test_a_print_that_took_what_the_correction_says_lies_on_its_line(
    sliced: float, log_factor: float
) -> None:
    drawn = chart([(sliced, sliced * exp(log_factor), True)], log_factor)
    assert drawn is not None
    (dot,) = drawn.dots
    x1, y1, x2, y2 = drawn.line
    along = (dot.x - x1) / (x2 - x1)
    assert dot.y == pytest.approx(y1 + along * (y2 - y1), abs=0.6)


def test_nothing_is_drawn_of_no_print() -> None:
    assert chart([], 0.1) is None
