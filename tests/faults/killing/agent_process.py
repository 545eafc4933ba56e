"""A real agent as a process of its own, stopped or killed at one named moment.

Usage: ``python -m tests.faults.killing.agent_process FOLDER [MOMENT VICTIM]``
"""

import logging
import os
import signal
import sys
import time
from pathlib import Path

from printer_agents.config import AgentConfig
from printer_agents.keys import load_key
from printer_agents.loop import Agent

LONGEST_STOP_SECONDS = 120.0


class StopAt:
    """At the moment, once in the life of the folder: dies, or waits while another is killed."""

    def __init__(self, folder: Path, moment: str, victim: str) -> None:
        self.folder, self.moment, self.victim = folder, moment, victim

    def __call__(self, moment: str) -> None:
        reached = self.folder / "reached"
        if moment != self.moment or reached.exists():
            return
        reached.write_text(moment)
        if self.victim == "agent":
            os.kill(os.getpid(), signal.SIGKILL)
        deadline = time.monotonic() + LONGEST_STOP_SECONDS
        while not (self.folder / "go").exists() and time.monotonic() < deadline:
            time.sleep(0.02)


def main() -> None:
    """Run until SIGTERM."""
    folder = Path(sys.argv[1])
    logging.basicConfig(filename=folder / "agent.log", level=logging.INFO)
    config = AgentConfig.model_validate_json((folder / "agent.json").read_bytes())
    moment, victim = sys.argv[2:4] if len(sys.argv) > 2 else ("", "")
    agent = Agent(
        config, load_key(config.agent_id, config.key_file), crash=StopAt(folder, moment, victim)
    )
    signal.signal(signal.SIGTERM, lambda *_: agent.stop())
    agent.run()


if __name__ == "__main__":
    main()
