"""The whole agent on each host: one job, one print, whatever gets lost on the way."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from printer_agents.config import AgentConfig
from printer_agents.drivers.base import Driver, JobOutcome
from printer_agents.errors import DriverFault
from printer_agents.keys import load_key, make_key
from printer_agents.loop import Agent
from tests.agents.fake_server import FakeServer
from tests.hosts.rig import Rig

# By this the agent believes an end, after the host has said it.
STEADY_SECONDS = 6.0


class Counter:
    """A shop with one printer of the rig's and a server in memory, in the rig's own time."""

    def __init__(self, rig: Rig, folder: Path, print_seconds: float = 8.0) -> None:
        self.rig = rig
        self.config = AgentConfig.model_validate(
            {
                "server_url": "http://server.test",
                "agent_id": "shop",
                "key_file": folder / "agent.key",
                "data_dir": folder / "data",
                "intervals": {"claim_wait_seconds": 0, "settle_seconds": 3},
                "printers": [rig.section().model_dump()],
            }
        )
        key = make_key("shop", self.config.key_file)
        self.server = FakeServer(self.clock, key.public_key)
        # A file of its own: a host with a long memory knows the names of earlier tests.
        gcode = rig.gcode(print_seconds) + f"; {folder}\n".encode()
        self.job = self.server.add("job-1", gcode)
        self.agent = self._agent()
        self._confirm()

    def clock(self) -> float:
        return time.monotonic() * self.rig.pace

    def restart(self) -> None:
        """Kill the agent, as far as one process can, and start another."""
        self.agent.close()
        self.agent = self._agent()

    def run_until(self, *statuses: str, seconds: float = 90) -> None:
        deadline = self.clock() + seconds
        while self.job.status not in statuses:
            assert self.clock() < deadline, f"{self.job.status}: {self.server.kinds()}"
            self.run(0.5)

    def run(self, seconds: float) -> None:
        until = self.clock() + seconds
        while True:
            self.agent.step()
            if self.job.status == "waiting":
                self._confirm()
            if self.clock() >= until:
                return
            self.rig.wait(0.25)

    def close(self) -> None:
        self.agent.close()

    def _confirm(self) -> None:
        """Staff look at the bed; no job is held."""
        self.server.staff_clear("p1")

    def _agent(self) -> Agent:
        return Agent(
            self.config,
            load_key("shop", self.config.key_file),
            drivers={"p1": self.rig.open()},
            transport=self.server.transport(),
            clock=self.clock,
        )


@pytest.fixture
def open_counter(rig: Rig, tmp_path: Path) -> Iterator[Callable[..., Counter]]:
    """Return a way to open a counter at the rig; its agent is closed at the end."""
    with ExitStack() as closing:

        def opened(**options: float) -> Counter:
            counter = Counter(rig, tmp_path, **options)
            closing.callback(counter.close)
            return counter

        yield opened


def test_a_job_is_printed_once_believed_when_steady_and_its_file_removed(
    rig: Rig, open_counter: Callable[..., Counter]
) -> None:
    shop, before, watcher = open_counter(), rig.starts(), rig.open()
    shop.run_until("printing")
    assert shop.job.ref is not None
    name = shop.job.ref.file_name
    said_at = None
    while shop.job.status != "printed":
        found = _found(watcher, name)
        if found is JobOutcome.COMPLETED and said_at is None:
            said_at = shop.clock()
        assert said_at is None or shop.clock() - said_at < 30
        shop.run(0)
        rig.wait(0.25)
    assert said_at is not None
    assert shop.clock() - said_at >= STEADY_SECONDS - 1
    kinds = shop.server.kinds()
    assert kinds[:2] == ["starting", "printing"]
    assert kinds[-1] == "printed"
    shop.run(3)
    assert rig.stored(name) is None
    assert rig.starts() == before + 1
    assert not shop.agent.around.beds.clear("p1")


def test_a_lost_answer_to_the_start_is_one_print_all_the_same(
    rig: Rig, open_counter: Callable[..., Counter]
) -> None:
    shop, before = open_counter(), rig.starts()
    rig.lose_start_answer()
    shop.run_until("printed")
    assert rig.starts() == before + 1


def test_an_agent_that_dies_while_it_prints_finds_its_job_again(
    rig: Rig, open_counter: Callable[..., Counter]
) -> None:
    shop, before = open_counter(), rig.starts()
    shop.run_until("printing")
    shop.restart()
    shop.run_until("printed", "needs_human")
    assert rig.starts() == before + 1
    assert shop.job.status == "printed"


def test_a_power_cut_at_the_printer_is_no_second_print(
    rig: Rig, open_counter: Callable[..., Counter]
) -> None:
    shop, before = open_counter(print_seconds=120), rig.starts()
    shop.run_until("printing")
    rig.kill()
    shop.run(2)
    rig.start()
    shop.run_until("failed", "needs_human")
    shop.run(3)
    assert rig.starts() == before + 1


def _found(driver: Driver, name: str) -> JobOutcome | None:
    try:
        seen = driver.find(name)
    except DriverFault:
        return None
    return None if seen is None else seen.outcome
