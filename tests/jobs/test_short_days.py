"""Staff say that they close early, or come later: promises are looked at again, and back."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from parts3d.accounts.tables import Role
from parts3d.bell import Bell
from parts3d.context import Context
from parts3d.db import Database
from parts3d.jobs.keeping.replanning import replan_some
from parts3d.jobs.keeping.tables import Replan
from parts3d.jobs.keeping.tasks import KEEP, REPLAN
from parts3d.orders.tables import Order
from parts3d.points.closing import hours_of
from parts3d.points.closure_tables import Closure
from parts3d.points.tables import Point
from parts3d.store import FolderStore
from tests.jobs.bench import Shop
from tests.support.shop import RungTasks
from tests.support.site import Site

PAGES = ("parts3d.jobs.keeping.short_day_pages", "parts3d.jobs.bench_pages")
EARLY = {"how": "closes_early", "at": "10:30", "why": "The boiler is broken."}


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return Shop.open(sqlite_database, tmp_path, now)


@pytest.fixture
def site(shop: Shop, tmp_path: Path) -> Site:
    return Site.open(shop.database, shop.settings, tmp_path, shop.now, *PAGES)


@pytest.fixture
def staff(shop: Shop, site: Site) -> TestClient:
    return site.signed_in(Role.STAFF, name="Sam", point_id=shop.network.points["huy"])


def closures(shop: Shop) -> list[Closure]:
    with shop.database.reading() as session:
        return list(session.exec(select(Closure)).all())


def is_open_at(shop: Shop, hour: int) -> bool:
    with shop.database.reading() as session:
        point = session.get_one(Point, shop.network.points["huy"])
        return hours_of(session, point, shop.now).is_open(shop.now.replace(hour=hour))


def test_a_shop_closes_early_after_a_second_look_and_its_orders_are_looked_at_again(
    shop: Shop, site: Site, staff: TestClient, tmp_path: Path
) -> None:
    assert "Shorter today" in staff.get("/counter/hours").text
    looked = staff.post("/counter/hours/look", data=EARLY)
    assert looked.status_code == 200
    assert "Close at 10:30 today?" in looked.text
    assert "1 order is promised for that time" in looked.text
    assert closures(shop) == []
    assert staff.post("/counter/hours", data=EARLY).status_code == 303
    [closure] = closures(shop)
    assert (REPLAN, closure.batch) in site.tasks.rung
    assert not is_open_at(shop, 11)
    assert is_open_at(shop, 10)
    shown = staff.get("/counter/hours").text
    assert "The boiler is broken." in shown
    assert "0 of 1 orders were looked at again." in shown
    store, tasks = FolderStore(tmp_path), RungTasks()
    context = Context(shop.settings, shop.database, store, Bell(None), tasks)
    replan_some(context, shop.now, batch=closure.batch)
    with shop.database.reading() as session:
        [row] = session.exec(select(Replan)).all()
        order = session.exec(select(Order)).one()
    assert (row.order_id, row.cause) == (order.id, "The boiler is broken.")
    assert row.done_at is not None


def test_it_is_taken_back_twice_like_once_and_only_where_it_was_said(
    shop: Shop, site: Site, staff: TestClient
) -> None:
    staff.post("/counter/hours", data=EARLY)
    [closure] = closures(shop)
    with shop.database.unit_of_work() as work:
        elsewhere = shop.network.add_point(work.session, slug="liege").id
    stranger = site.signed_in(Role.STAFF, name="Ann", point_id=elsewhere)
    assert stranger.post(f"/counter/hours/{closure.batch}/undo").status_code == 404
    assert not is_open_at(shop, 11)
    for _ in range(2):
        assert staff.post(f"/counter/hours/{closure.batch}/undo").status_code == 303
    assert is_open_at(shop, 11)
    assert (KEEP, closure.point_id) in site.tasks.rung
    with shop.database.unit_of_work() as work:
        work.session.get_one(Closure, closure.id).called_off_at = None
        work.session.get_one(Closure, closure.id).made_by = "operator:1"
    assert staff.post(f"/counter/hours/{closure.batch}/undo").status_code == 404
    assert "The operator said so" in staff.get("/counter/hours").text


def test_staff_who_come_late_say_until_when(shop: Shop, staff: TestClient) -> None:
    late = {"how": "opens_late", "at": "11:30", "why": ""}
    assert "Nobody there until 11:30 today?" in staff.post("/counter/hours/look", data=late).text
    assert staff.post("/counter/hours", data=late).status_code == 303
    assert not is_open_at(shop, 11)
    assert is_open_at(shop, 12)


def test_who_closes_now_may_think_about_it_for_some_minutes(
    shop: Shop, site: Site, staff: TestClient
) -> None:
    looked = staff.post("/counter/hours/look", data=EARLY | {"at": ""}).text
    hidden = dict(re.findall(r'<input type="hidden" name="(how|at|why)" value="([^"]*)"', looked))
    assert hidden == EARLY | {"at": ""}
    site.now = shop.now + timedelta(minutes=3)
    assert staff.post("/counter/hours", data=hidden).status_code == 303
    assert [row.starts_at for row in closures(shop)] == [site.now]


@pytest.mark.parametrize("path", ["/counter/hours", "/counter/hours/look"])
def test_a_time_that_is_none_is_said_beside_its_field(
    shop: Shop, staff: TestClient, path: str
) -> None:
    answer = staff.post(path, data=EARLY | {"at": "09:00"})
    assert answer.status_code == 422
    assert "This time has passed." in answer.text
    assert closures(shop) == []
