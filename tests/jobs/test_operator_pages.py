"""The operator's overview of orders and jobs."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from parts3d.accounts.tables import Role
from parts3d.db import Database
from parts3d.jobs.overview import PrinterState, why_it_waits
from parts3d.orders.tables import Order
from parts3d.points.tables import Printer
from tests.jobs.bench import Shop
from tests.support.network import submitted
from tests.support.site import Site

FREE = PrinterState("Left", "mk3s", "PETG", "idle", bed_clear=True, busy=False)


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return Shop.open(sqlite_database, tmp_path, now)


@pytest.fixture
def site(shop: Shop, tmp_path: Path) -> Site:
    return Site.open(
        shop.database, shop.settings, tmp_path, shop.now, "parts3d.jobs.operator_pages"
    )


@pytest.fixture
def operator(site: Site) -> TestClient:
    return site.signed_in(Role.OPERATOR, name="Olga")


def only_order(shop: Shop) -> Order:
    with shop.database.reading() as session:
        order = session.exec(select(Order)).one()
        session.expunge(order)
        return order


def test_a_maintainer_and_staff_cannot_open_the_operators_page(site: Site, shop: Shop) -> None:
    staff = site.signed_in(Role.STAFF, point_id=shop.network.points["huy"])
    for browser in (site.signed_in(Role.MAINTAINER), staff):
        assert browser.get("/operator").status_code == 403
        assert browser.get(f"/operator/jobs/{shop.job().id}").status_code == 403
        assert browser.get(f"/operator/orders/{only_order(shop).id}").status_code == 403


def test_each_order_and_job_says_why_it_waits(shop: Shop, operator: TestClient) -> None:
    submitted(shop.database, shop.settings, shop.network, email="new@example.be")
    with shop.database.unit_of_work() as work:
        work.session.get_one(Printer, shop.printer_id).bed_clear = False
    page = operator.get("/operator").text
    assert "The customer has not confirmed her address yet." in page
    assert "huy 1: the bed is not clear." in page


def test_a_number_leads_to_its_order_however_it_is_typed(shop: Shop, operator: TestClient) -> None:
    order = only_order(shop)
    found = operator.get("/operator", params={"q": order.number.lower().replace("-", " ")})
    assert found.headers["location"] == f"/operator/orders/{order.id}"
    page = operator.get(found.headers["location"]).text
    assert order.contact_email in page
    assert shop.job().label in page


def test_an_unknown_number_is_told_at_the_field(operator: TestClient) -> None:
    page = operator.get("/operator", params={"q": "P3D-0000-0000"})
    assert page.status_code == 404
    assert "No order has this number." in page.text
    assert 'value="P3D-0000-0000"' in page.text


def test_a_job_shows_its_tries_and_its_history(shop: Shop, operator: TestClient) -> None:
    work = shop.must_claim()
    shop.permit(work.ref)
    page = operator.get(f"/operator/jobs/{shop.job().id}").text
    assert work.ref.gcode_sha256[:12] in page
    assert page.index("waiting") < page.index("being prepared")
    assert "agent" in page


def test_a_locked_code_is_unlocked_by_the_operator(
    shop: Shop, operator: TestClient, now: datetime
) -> None:
    order = only_order(shop)
    with shop.database.unit_of_work() as work:
        row = work.session.get_one(Order, order.id)
        row.code_tries, row.code_locked_at = 5, now
    url = f"/operator/orders/{order.id}"
    assert "The collection code is locked" in operator.get(url).text
    assert operator.post(f"{url}/unlock").status_code == 303
    assert (only_order(shop).code_tries, only_order(shop).code_locked_at) == (0, None)
    assert "Olga" in operator.get(url).text


def test_a_late_order_is_counted(site: Site, operator: TestClient) -> None:
    site.now += timedelta(days=2)
    page = " ".join(operator.get("/operator").text.split())
    assert '<span class="figure__value">1</span><span class="figure__label">past their' in page


@pytest.mark.parametrize(
    ("printers", "sentence"),
    [
        ([], "The point has no printer."),
        (["PLA"], "No printer there has PETG loaded."),
        (
            ["PETG"],
            (
                "Offered to Left; another job goes first, the shop's hours do not let it start "
                "yet, or the agent has not taken it."
            ),
        ),
    ],
)
def test_a_waiting_job_names_the_first_thing_that_is_missing(
    printers: list[str], sentence: str
) -> None:
    states = [PrinterState("Left", "mk3s", loaded, "idle", True, False) for loaded in printers]
    assert why_it_waits("PETG", {"mk3s"}, states) == sentence


@given(
    st.lists(
        st.builds(
            PrinterState,
            st.just("Right"),
            st.sampled_from(["mk3s", "neptune4"]),
            st.sampled_from(["PETG", "PLA"]),
            st.sampled_from(["idle", "offline", "printing"]),
            st.booleans(),
            st.booleans(),
        )
    )
)
def test_with_one_free_clear_loaded_printer_a_job_only_waits_for_the_agent(
    others: list[PrinterState],
) -> None:
    assert why_it_waits("PETG", {"mk3s"}, [*others, FREE]).startswith("Offered to")
