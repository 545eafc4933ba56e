"""A fake host as a process of its own: started, ordered about through its back door, killed."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from tests.hosts.wire import free_port

ROOT = Path(__file__).parents[3]
# It dies with the tests, however they die.
TIED = ROOT / "parts3d" / "embedded" / "child.py"
START_SECONDS = 20.0


class Program:
    """One process; ``module`` takes the folder, its own ports, and the control port last."""

    def __init__(self, module: str, folder: Path, *arguments: str) -> None:
        self._module = module
        self._folder = folder
        self._arguments = arguments
        self._control = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait for its back door, which opens last or beside the front one."""
        if self._process is not None and self._process.poll() is None:
            return
        log = (self._folder / f"{self._module.rpartition('.')[2]}.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-IS", str(TIED), str(os.getpid())),
                    sys.executable,
                    "-m",
                    self._module,
                    str(self._folder),
                    *self._arguments,
                    str(self._control),
                ],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.order("faults")
            except httpx.TransportError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def order(self, order: str, **arguments: Any) -> Any:
        """Give an order and wait until it is done."""
        answer = httpx.post(
            f"http://127.0.0.1:{self._control}/{order}", json=arguments, timeout=START_SECONDS
        )
        return answer.raise_for_status().json()

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
