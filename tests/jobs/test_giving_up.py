import pytest
from sqlmodel import select

from parts3d.errors import Conflict, Invalid
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.stopping import give_up_order
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order
from printer_agents.protocol import ReportKind
from tests.jobs.bench import Shop


def give_up(shop: Shop, reason: str = "The model cannot be printed.") -> None:
    with shop.database.unit_of_work() as work:
        order = work.session.exec(select(Order)).one()
        give_up_order(work.session, order.id, actor="operator:1", now=shop.now, reason=reason)


def test_an_order_whose_print_failed_can_be_ended_by_the_operator(shop: Shop) -> None:
    ref = shop.must_claim().ref
    shop.permit(ref)
    shop.tell(ref, ReportKind.FAILED)
    give_up(shop)
    assert shop.job().status is JobStatus.CANCELLED
    with shop.database.reading() as session:
        order = session.exec(select(Order)).one()
    assert order.status is OrderStatus.CANCELLED
    assert order.reason == "The model cannot be printed."


def test_an_order_that_is_printing_is_not_ended_behind_the_printers_back(shop: Shop) -> None:
    shop.permit(shop.must_claim().ref)
    with pytest.raises(Conflict, match="under way"):
        give_up(shop)


def test_an_order_is_not_ended_without_a_reason(shop: Shop) -> None:
    with pytest.raises(Invalid, match="why"):
        give_up(shop, reason=" ")
