"""A shop on one clock: a fake server, virtual printers, and an agent that can be killed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from printer_agents.config import AgentConfig
from printer_agents.drivers.virtual import VirtualPrinter
from printer_agents.keys import load_key, make_key
from printer_agents.loop import Agent
from tests.agents.fake_server import FakeServer

# About 24 s: homing takes 20, and the lines of plastic the rest.
GCODE = b"G28\nG90\nM83\nG1 F1200\n" + b"".join(
    b"G1 X%d E1\n" % (20 * (n % 2)) for n in range(1, 5)
)
DEADLINE_ROUNDS = 400


class Killed(BaseException):
    """SIGKILL, as seen from inside a test."""


class CrashAt:
    """Lets the agent die at the named moment, once."""

    def __init__(self, moment: str) -> None:
        self.moment = moment
        self.reached = False

    def __call__(self, moment: str) -> None:
        if moment == self.moment and not self.reached:
            self.reached = True
            raise Killed(moment)


def carry_on(_moment: str) -> None:
    """Nothing happens."""


class Shop:
    def __init__(self, folder: Path, printers: int = 1, **intervals: float) -> None:
        self.now = 1_000.0
        self.free_disk_bytes = 1 << 40
        self.folder = folder
        self.config = AgentConfig.model_validate(
            {
                "server_url": "http://server.test",
                "agent_id": "shop",
                "key_file": folder / "agent.key",
                "data_dir": folder / "data",
                "intervals": {"claim_wait_seconds": 0, "progress_seconds": 5, **intervals},
                "printers": [
                    {
                        "id": f"p{n}",
                        "driver": "virtual",
                        "material": "PLA",
                        "options": {"folder": folder / f"p{n}"},
                    }
                    for n in range(1, printers + 1)
                ],
            }
        )
        self.key = make_key("shop", self.config.key_file)
        self.server = FakeServer(self.clock, self.key.public_key)
        for section in self.config.printers:
            self.server.bed_clear[section.id] = True
        self.agent = self.start()
        # The first round greets, tells of the printers and hears of their beds.
        self.agent.step()

    def clock(self) -> float:
        return self.now

    def free_bytes(self, _folder: Path) -> int:
        return self.free_disk_bytes

    def printer(self, printer_id: str = "p1") -> VirtualPrinter:
        section = next(s for s in self.config.printers if s.id == printer_id)
        return VirtualPrinter(section, self.clock)

    def start(self, crash: Callable[[str], None] = carry_on) -> Agent:
        return Agent(
            self.config,
            load_key("shop", self.config.key_file),
            drivers={s.id: self.printer(s.id) for s in self.config.printers},
            transport=self.server.transport(),
            clock=self.clock,
            crash=crash,
            free_bytes=self.free_bytes,
        )

    def restart(self, crash: Callable[[str], None] = carry_on) -> None:
        self.agent.close()
        self.agent = self.start(crash)

    def run(self, rounds: int) -> None:
        for _ in range(rounds):
            self.now += 1
            try:
                self.agent.step()
            except Killed:
                self.restart()

    def run_until(self, *statuses: str, job_id: str = "job-1") -> str:
        for _ in range(DEADLINE_ROUNDS):
            if self.server.jobs[job_id].status in statuses:
                return self.server.jobs[job_id].status
            self.run(1)
        raise AssertionError(f"{job_id} stays {self.server.jobs[job_id].status}")

    def control(self, printer_id: str = "p1", **orders: Any) -> None:
        (self.folder / printer_id / "control.json").write_text(json.dumps(orders))

    def starts(self, printer_id: str = "p1") -> int:
        log = self.folder / printer_id / "starts.log"
        return len(log.read_text().splitlines()) if log.exists() else 0
