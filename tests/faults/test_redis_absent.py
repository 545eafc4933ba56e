"""Redis is a bell, not a memory: without it everything goes on, only not at once."""

from pathlib import Path

import pytest

from parts3d.demo.people import Customer
from parts3d.embedded.broker import choose_broker, redis_child
from parts3d.notices.tables import NoticeStatus
from tests.faults.ledger import assert_collected_once, ready_notices
from tests.faults.living_network import PART, POINT, living_network
from tests.faults.patience import PatientTransport
from tests.faults.trading_day import TradingDay
from tests.support.processes import until


@pytest.mark.timeout(400)
def test_without_redis_checkout_works_agents_find_work_and_mails_catch_up(tmp_path: Path) -> None:
    with living_network(tmp_path, printers=2) as network, TradingDay(network) as day:
        network.supervisor.stop_child("redis")
        customer = PatientTransport()
        day.customer = Customer(network.url, customer)
        order = day.customer.order(PART, POINT.slug)
        # Price, capacity, order: an answer that waited for an absent bell would be cut.
        assert customer.failures == 0
        day.clerk.confirm(order["number"])
        bought = day.follow(order)

        def is_ready() -> bool:
            day.go_round()
            return bought.status == "ready"

        until(is_ready, seconds=90, what="a print without Redis")
        assert len(network.started_files()) == 1
        assert ready_notices(network, bought.number) == []

        network.supervisor.start(redis_child(choose_broker(network.settings)))
        network.supervisor.wait_ready(["redis"])
        day.finish()
        assert ready_notices(network, bought.number) == [NoticeStatus.SENT]
        assert_collected_once(network, bought.number, bought.quantity)
        customer.close()
