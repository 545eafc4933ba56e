"""A fake host as a process of its own, ordered about through its back door."""

import sys
from pathlib import Path
from typing import Any

import httpx

from tests.hosts.programs import Program, wait_for
from tests.hosts.wire import free_port

ROOT = Path(__file__).parents[3]
START_SECONDS = 20.0


class FakeHost:
    """One process; ``module`` takes the folder, its own ports, and the control port last."""

    def __init__(self, module: str, folder: Path, *arguments: str) -> None:
        self._control = free_port()
        words = [sys.executable, "-m", module, folder, *arguments, str(self._control)]
        self._name = module.rpartition(".")[2]
        self._program = Program(words, ROOT, folder / f"{self._name}.log")

    def start(self) -> None:
        """Start it and wait for its back door, which opens last or beside the front one."""
        if not self._program.runs:
            self._program.start()
            wait_for(self._open, [self._program], self._name, START_SECONDS)

    def _open(self) -> bool:
        self.order("faults")
        return True

    def order(self, order: str, **arguments: Any) -> Any:
        """Give an order and wait until it is done."""
        answer = httpx.post(
            f"http://127.0.0.1:{self._control}/{order}", json=arguments, timeout=START_SECONDS
        )
        return answer.raise_for_status().json()

    def kill(self) -> None:
        """SIGKILL."""
        self._program.kill()
