"""Without any Redis, tasks travel through files: the order's path and its faults are the same."""

from pathlib import Path

import pytest

from tests.faults.ledger import assert_collected_once
from tests.faults.living_network import AGENT, living_network
from tests.faults.trading_day import Fault, Step, TradingDay


@pytest.mark.timeout(400)
def test_orders_come_through_where_tasks_travel_as_files_and_worker_and_agent_are_killed(
    tmp_path: Path,
) -> None:
    with living_network(tmp_path, broker="filesystem", printers=2) as network:
        assert "redis" not in network.supervisor.names
        with TradingDay(network) as day:
            day.buy()
            day.go_through([Fault("worker", Step.PRINTED), Fault(AGENT, Step.PRINTING)], at_once=3)
        assert len(day.killed) == len({fault.victim for fault in day.killed}) == 2
        assert len(day.collected) >= 3
        for bought in day.collected:
            assert_collected_once(network, bought.number, bought.quantity)
