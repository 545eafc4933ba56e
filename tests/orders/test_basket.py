"""The basket in pages: filled, changed, emptied, ordered; and what it says it cannot sell."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import Session, col, select

from parts3d.basket import BASKET_COOKIE, Basket
from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.tables import Part, Revision
from parts3d.db import Database
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.orders.tables import Order, OrderLine
from parts3d.points.tables import Printer
from parts3d.quotes.tables import Quote, QuoteLine
from tests.support.network import settings_for
from tests.support.shop import Shop, open_shop

FOOT, STOP, CLIP, WHEEL = (
    "furniture-foot",
    "drawer-runner-stop",
    "fridge-shelf-clip",
    "dishwasher-basket-wheel",
)


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return open_shop(sqlite_database, settings_for(tmp_path), now)


def add(client: TestClient, part: str, quantity: int = 1) -> Response:
    return client.post("/basket/add", data={"part": part, "quantity": str(quantity)})


def total(page: Response) -> str:
    found = re.search(r"total-line.*?<strong>(.*?)</strong>", page.text, re.DOTALL)
    assert found, page.text
    return found[1]


def checkout(client: TestClient, point: str = "huy") -> Response:
    return client.post("/basket/checkout", data={"point": point})


def order(client: TestClient, page: Response) -> Response:
    return client.post(
        page.url.path,
        data={
            "idempotency_key": re.search(r'"idempotency_key" value="(\w+)"', page.text)[1],  # type: ignore[index]
            "name": "Anne",
            "email": "anne@example.be",
            "accept_terms": "1",
        },
    )


def test_parts_of_one_order_have_one_price_and_one_promise_for_all_of_them(shop: Shop) -> None:
    client = shop.client()
    alone = add(client, FOOT, 2)
    page = add(client, STOP, 3)
    assert page.url.path == "/basket"
    assert "Drawer runner stop is in your basket" in page.text
    assert page.text.count('class="basket__line"') == 2
    assert "Order all 5 pieces and collect here" in page.text
    # The order's handling is paid once, so two together cost less than each alone.
    separately = shop.client()
    cents = [_cents(total(alone)), _cents(total(add(separately, STOP, 3)))]
    assert max(cents) < _cents(total(page)) < sum(cents)
    lines = re.findall(r'basket__total numeric">(.*?)<', page.text)
    assert sum(map(_cents, lines)) == _cents(total(page))


def _cents(euros: str) -> int:
    return int(re.sub(r"\D", "", euros))


def test_adding_a_part_again_adds_to_its_quantity(shop: Shop) -> None:
    client = shop.client()
    add(client, FOOT, 2)
    page = add(client, FOOT, 1)
    assert "Order all 3 pieces" in page.text
    assert page.text.count('class="basket__line"') == 1


def test_a_part_taken_out_can_be_put_back_where_it_stood(shop: Shop) -> None:
    client = shop.client()
    for part in (FOOT, STOP, CLIP):
        add(client, part, 2)
    page = client.post("/basket/remove", data={"part": STOP})
    assert "Drawer runner stop was taken out" in page.text
    assert _parts_in(page) == [FOOT, CLIP]
    undo = re.search(r'action="/basket/undo">(.*?)</form>', page.text, re.DOTALL)
    assert undo
    page = client.post(
        "/basket/undo", data=dict(re.findall(r'name="(\w+)" value="(.*?)"', undo[1]))
    )
    assert _parts_in(page) == [FOOT, STOP, CLIP]
    assert "Order all 6 pieces" in page.text


def _parts_in(page: Response) -> list[str]:
    return re.findall(r'basket__name">\s*<h3 class="h4"><a href="/parts/([\w-]+)', page.text)


def test_the_quantity_is_changed_in_the_basket_and_none_takes_it_out(shop: Shop) -> None:
    client = shop.client()
    before = total(add(client, FOOT, 1))
    page = client.post("/basket/change", data={"part": FOOT, "quantity": "2"})
    assert _cents(total(page)) > _cents(before)
    page = client.post("/basket/change", data={"part": FOOT, "quantity": "0"})
    assert "Your basket is empty" in page.text
    assert "Screw-on furniture foot was taken out" in page.text


def test_more_copies_than_may_be_ordered_are_refused_in_words_and_nothing_is_lost(
    shop: Shop,
) -> None:
    client = shop.client()
    add(client, FOOT, 8)
    page = add(client, FOOT, 5)
    assert page.status_code == 422
    assert "13 copies cannot be ordered here. Choose from 1 to 10." in page.text
    assert "Order all 10 pieces" in client.get("/basket").text
    page = client.post("/basket/change", data={"part": FOOT, "quantity": "11"})
    assert "11 copies cannot be ordered here. Choose from 1 to 10." in page.text


def test_the_basket_is_the_devices_own_and_survives_a_restart(shop: Shop) -> None:
    client = shop.client()
    add(client, FOOT, 2)
    other = shop.client()
    assert "Your basket is empty" in other.get("/basket").text
    restarted = shop.client()
    restarted.cookies.set(BASKET_COOKIE, client.cookies[BASKET_COOKIE].strip('"'))
    assert "Order all 2 pieces" in restarted.get("/basket").text
    header = restarted.get("/").text
    assert "Basket, 2 pieces" in header


@pytest.mark.parametrize("value", ["nonsense", "W1siZm9vdCIsMV1d.0000", ".", "e30=.", "%00.%00"])
def test_a_basket_that_we_did_not_sign_is_an_empty_one(shop: Shop, value: str) -> None:
    client = shop.client()
    client.cookies.set(BASKET_COOKIE, value)
    page = client.get("/basket")
    assert page.status_code == 200
    assert "Your basket is empty" in page.text


def test_a_part_that_went_off_sale_stays_in_the_basket_and_says_so(shop: Shop) -> None:
    client = shop.client()
    add(client, FOOT, 2)
    add(client, STOP, 1)

    def withdraw(session: Session) -> None:
        part = session.exec(select(Part).where(Part.slug == STOP)).one()
        session.get_one(Revision, part.current_revision_id).status = RevisionStatus.WITHDRAWN
        part.current_revision_id = None

    shop.write(withdraw)
    page = client.get("/basket")
    assert "This part is not on sale. It is not counted below" in page.text
    assert "Order all 2 pieces" in page.text
    ordered = order(client, checkout(client))
    assert "Screw-on furniture foot" in ordered.text
    left = client.get("/basket")
    assert "Drawer runner stop" in left.text
    assert "Nothing in the basket can be ordered at the moment." in left.text


def test_ordering_the_basket_makes_one_order_of_several_lines_and_empties_it(shop: Shop) -> None:
    client = shop.client()
    add(client, FOOT, 2)
    basket = add(client, STOP, 3)
    page = checkout(client)
    assert "Screw-on furniture foot and Drawer runner stop" in page.text
    assert total(basket) in page.text
    tracking = order(client, page)
    assert "One step is left" in tracking.text
    assert "Your basket is empty" in client.get("/basket").text
    mail = shop.write_mails()[0]
    assert "Screw-on furniture foot x 2" in mail
    assert "Drawer runner stop x 3" in mail
    confirmation = mail.split("/confirm/")[1].split()[0]
    client.post(f"/confirm/{confirmation}")
    with shop.context.database.reading() as session:
        quote = session.exec(select(Quote)).one()
        quoted = session.exec(select(QuoteLine).order_by(col(QuoteLine.position))).all()
        lines = session.exec(select(OrderLine).order_by(col(OrderLine.position))).all()
        jobs = session.exec(select(Job).order_by(Job.label)).all()
        assert [line.quantity for line in lines] == [2, 3]
        assert [line.total_cents for line in lines] == [line.total_cents for line in quoted]
        assert sum(line.total_cents for line in lines) == quote.total_cents
        number = session.exec(select(Order)).one().number
        assert [job.label for job in jobs] == [
            f"{number} {copy}" for copy in ("A 1/2", "A 2/2", "B 1/3", "B 2/3", "B 3/3")
        ]
        assert {job.revision_id for job in jobs} == {line.revision_id for line in lines}
    shop.drive(JobStatus.READY)
    page = client.get(tracking.url.path)
    assert "Your collection code" in page.text
    again = client.post("/basket/again", data={"order": tracking.url.path.rsplit("/", 1)[1]})
    assert "Order all 5 pieces" in again.text


def test_parts_that_no_single_point_can_make_say_which_one_is_in_the_way(shop: Shop) -> None:
    client = shop.client()
    add(client, FOOT)
    page = add(client, WHEEL)
    assert "No point can promise all of this at the moment." in page.text
    assert "Dishwasher lower basket wheel: Point 3D Huy has no ASA loaded today" in page.text
    assert "Screw-on furniture foot: Point 3D Liege has no PETG loaded today" in page.text
    refused = checkout(client)
    assert refused.status_code == 409
    assert "Dishwasher lower basket wheel: Point 3D Huy has no ASA loaded" in refused.text


def test_a_french_customer_reads_which_part_is_in_the_way(shop: Shop) -> None:
    client = shop.client("fr")
    add(client, FOOT)
    add(client, WHEEL)
    refused = checkout(client)
    assert "Point 3D Huy n’a pas de ASA" in refused.text.replace("&#39;", "’")  # noqa: RUF001


def test_an_empty_basket_cannot_be_ordered_and_says_so(shop: Shop) -> None:
    page = checkout(shop.client())
    assert page.status_code == 422
    assert "There is nothing to price: the basket is empty." in page.text


def test_a_point_that_lost_its_printers_refuses_the_basket_in_words(shop: Shop) -> None:
    client = shop.client()
    add(client, FOOT)

    def fail(session: Session) -> None:
        for printer in session.exec(select(Printer)).all():
            printer.condition = "error"

    shop.write(fail)
    page = checkout(client)
    assert page.status_code == 409
    assert "are not available at the moment" in page.text


def test_an_unknown_part_never_enters_the_basket(shop: Shop) -> None:
    client = shop.client()
    assert add(client, "no-such-part").status_code == 404
    assert "Your basket is empty" in client.get("/basket").text


def test_a_full_basket_says_how_many_parts_it_holds(shop: Shop) -> None:
    basket = Basket(tuple((f"part-{number}", 1) for number in range(20)))
    assert basket.is_full
    assert basket.with_part("part-3", 2).quantity_of("part-3") == 2
    assert basket.without({"part-3": 1, "part-4": 7}).count == 19
    assert shop.client().get("/basket").status_code == 200


def test_a_refusal_names_the_part_in_the_way_in_her_language(shop: Shop) -> None:
    client = shop.client("fr")
    add(client, FOOT)
    add(client, "oven-knob-d-shaft")
    page = checkout(client)
    assert page.status_code == 409
    refusal = re.search(r'role="alert".*?</div>\s*</div>', page.text, re.DOTALL)
    assert refusal
    assert "Bouton de four" in refusal[0]
    assert "Oven knob" not in page.text
