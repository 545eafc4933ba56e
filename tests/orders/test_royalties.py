"""What is owed to the authors of parts, and who may see it."""

import csv
import io
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from parts3d.accounts.tables import Role
from parts3d.db import Database
from parts3d.orders.lifecycle import PaymentStatus
from parts3d.orders.royalties import accounts, owed
from parts3d.orders.tables import Order, Payment, PaymentMethod
from parts3d.quotes.tables import Quote
from parts3d.quotes.tariff_file import RoyaltySheet, read_sheet
from parts3d.quotes.tariff_service import edit_draft, new_draft, publish
from tests.support.network import Network, settings_for, small_network, submitted
from tests.support.site import Site

AUTHOR = "=Ada & sons"


@pytest.fixture
def network(sqlite_database: Database, now: datetime) -> Network:
    return small_network(sqlite_database, now)


@pytest.fixture
def site(sqlite_database: Database, tmp_path: Path, now: datetime, network: Network) -> Site:
    with sqlite_database.unit_of_work() as work:
        draft = new_draft(work.session, title="Royalties", actor="operator:1", now=now)
        terms = RoyaltySheet(author=AUTHOR, rate=Decimal("0.05"), cents_per_copy=Decimal(10))
        sheet = read_sheet(draft.sheet).model_copy(update={"royalties": {network.part_slug: terms}})
        edit_draft(work.session, draft.id, sheet, title="Royalties", actor="operator:1", now=now)
        publish(work.session, draft.id, now.date(), actor="operator:1", now=now)
    return Site.open(sqlite_database, settings_for(tmp_path), tmp_path, now, "parts3d.orders.pages")


@pytest.fixture
def operator(site: Site) -> TestClient:
    return site.signed_in(Role.OPERATOR, name="Olga")


def sell(
    site: Site,
    network: Network,
    paid_at: datetime,
    quantity: int,
    status: PaymentStatus = PaymentStatus.CAPTURED,
) -> int:
    """Sell copies of the part; returns the royalty that the quote says."""
    settings = site.context.settings
    order_id = submitted(
        site.context.database,
        settings,
        network,
        quantity=quantity,
        email=f"{quantity}{status.value}@example.be",
    ).order.id
    with site.context.database.unit_of_work() as work:
        return _pay(work.session, order_id, paid_at, status)


def _pay(session: Session, order_id: str, paid_at: datetime, status: PaymentStatus) -> int:
    order = session.get_one(Order, order_id)
    session.add(
        Payment(
            order_id=order_id,
            status=status,
            method=PaymentMethod.CARD,
            amount_cents=order.total_cents,
            created_at=paid_at,
            captured_at=paid_at,
        )
    )
    return session.get_one(Quote, order.quote_id).royalty_cents


def test_what_paid_orders_owe_is_shown_by_author_and_sums_to_their_quotes(
    site: Site, operator: TestClient, network: Network, now: datetime
) -> None:
    cents = sell(site, network, now, 1) + sell(site, network, now, 3)
    assert cents > 0
    # Not in this month, and paid back: neither counts.
    sell(site, network, now - timedelta(days=40), 2)
    sell(site, network, now, 2, PaymentStatus.REFUNDED)
    first, last = now.date().replace(day=1), now.date().replace(day=28)
    with site.context.database.reading() as session:
        (account,) = accounts(owed(session, first, last, "en"))
    assert (account.author, account.cents, account.copies) == (AUTHOR, cents, 4)
    page = operator.get("/operator/royalties").text
    assert "=Ada &amp; sons" in page
    assert f"€{cents // 100}.{cents % 100:02}" in page
    before = operator.get(f"/operator/royalties?month={now - timedelta(days=40):%Y-%m}").text
    assert "2 × Basket wheel" in before  # noqa: RUF001 - a number of times
    rows = list(
        csv.DictReader(
            io.StringIO(operator.get("/operator/royalties/month.csv").text.removeprefix("\ufeff"))
        )
    )
    assert sum(int(row["cents_net"]) for row in rows) == cents
    # What a spreadsheet would run is text.
    assert {row["author"] for row in rows} == {f"'{AUTHOR}"}
    empty = operator.get("/operator/royalties?month=2020-01")
    assert "Nothing is owed" in empty.text
    assert operator.get("/operator/royalties?month=2020-13").status_code == 422


def test_only_the_operator_sees_royalties(site: Site) -> None:
    for browser in (site.signed_in(Role.MAINTAINER), site.visitor()):
        for address in ("/operator/royalties", "/operator/royalties/month.csv"):
            assert browser.get(address, follow_redirects=False).status_code in {303, 401, 403}
