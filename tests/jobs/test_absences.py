"""Maintenance that staff plan, and materials that a print waits for: at the counter."""

from datetime import datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from parts3d.accounts.tables import Role
from parts3d.db import Database
from parts3d.jobs.queues import read_queues
from parts3d.jobs.tables import Job
from parts3d.points.closure_tables import PrinterAbsence
from parts3d.points.spools import SpoolDetails, add_spool
from parts3d.points.tables import Point
from parts3d.promises.queries import point_snapshots
from tests.jobs.bench import Shop
from tests.support.site import Site


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return Shop.open(sqlite_database, tmp_path, now)


@pytest.fixture
def staff(shop: Shop, tmp_path: Path) -> TestClient:
    site = Site.open(
        shop.database,
        shop.settings,
        tmp_path,
        shop.now,
        "parts3d.jobs.bench_pages",
        "parts3d.jobs.timeline_pages",
    )
    return site.signed_in(Role.STAFF, name="Sam", point_id=shop.network.points["huy"])


def is_never_out(shop: Shop) -> bool:
    with shop.database.reading() as session:
        point = session.exec(select(Point)).one()
        [snapshot] = point_snapshots(session, [point], shop.now, read_queues=read_queues)
        [printer] = snapshot.printers
        assert printer.available
        return not printer.away


def test_staff_take_a_printer_out_and_promises_reckon_with_it_until_it_works_again(
    shop: Shop, staff: TestClient
) -> None:
    page = f"/counter/printers/{shop.printer_id}"
    assert "Nothing is planned." in staff.get(page).text
    typed = {"starts": "2026-11-24 14:00", "ends": "2026-11-24 16:00", "reason": "New nozzle"}
    answer = staff.post(f"{page}/absences", data=typed)
    assert answer.status_code == 303
    assert "New nozzle" in staff.get(page).text
    assert not is_never_out(shop)
    timeline = staff.get("/counter/timeline").text
    assert 'is out from <time datetime="2026-11-24T13:00:00+00:00">14:00</time> to' in timeline
    with shop.database.reading() as session:
        [absence] = session.exec(select(PrinterAbsence)).all()
    assert staff.post(f"{page}/absences/{absence.id}/end").status_code == 303
    assert is_never_out(shop)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"starts": "", "ends": "2026-11-24 16:00", "reason": " "}, "Say what is done"),
        ({"starts": "", "ends": "soon", "reason": "x"}, "Write day and time"),
        ({"starts": "", "ends": "2026-11-23 16:00", "reason": "x"}, "The end has to lie after"),
        ({"starts": "", "ends": "2027-11-23 16:00", "reason": "x"}, "At most 60 days"),
    ],
)
def test_what_cannot_be_planned_is_said_on_the_page(
    shop: Shop, staff: TestClient, typed: dict[str, str], says: str
) -> None:
    answer = staff.post(f"/counter/printers/{shop.printer_id}/absences", data=typed)
    assert answer.status_code == 422
    assert says in answer.text
    assert is_never_out(shop)


def test_a_printer_of_another_point_is_not_taken_out(staff: TestClient) -> None:
    typed = {"starts": "", "ends": "2026-11-24 16:00", "reason": "x"}
    assert staff.post("/counter/printers/nobodys/absences", data=typed).status_code == 404


def test_a_material_that_a_print_waits_for_is_on_the_list(shop: Shop, staff: TestClient) -> None:
    with shop.database.unit_of_work() as work:
        [job] = work.session.exec(select(Job)).all()
        job.material = "ASA"
        point_id = job.point_id
    assert "Load ASA" not in staff.get("/counter").text  # there is no spool of it
    with shop.database.unit_of_work() as work:
        add_spool(work.session, point_id, SpoolDetails(material="ASA", grams=500), shop.now)
    page = staff.get("/counter").text
    assert "Load ASA" in page
    assert f"/counter/printers/{shop.printer_id}" in page
