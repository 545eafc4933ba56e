"""The virtual printer on trial: its folder is the machine, so there is no program to start."""

import json
import shutil
from pathlib import Path
from typing import Any, ClassVar

from printer_agents.config import VirtualPrinterSection
from printer_agents.drivers.virtual import VirtualPrinter
from tests.hosts.rig import Rig

_NO_NETWORK = "the machine is a folder: there is no network between"


class VirtualRig(Rig):
    """The virtual printer, ten times as fast as life."""

    brand = "virtual"
    lacks: ClassVar[dict[str, str]] = {
        "test_news_wake_whoever_listens": "it only answers",
        "test_when_push_falls_silent_the_poll_still_tells_and_push_comes_back": "it only answers",
        "test_a_host_that_answers_too_slowly_counts_as_away": _NO_NETWORK,
        "test_a_start_at_a_host_that_answers_too_slowly_may_have_worked": _NO_NETWORK,
        "test_a_wrong_key_is_said_in_words": "it has no key",
        "test_after_an_emergency_stop_nothing_starts_until_a_person_has_looked": (
            "it has no firmware that stays stopped"
        ),
    }

    shared = False
    pace = 10.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._machine = folder / "machine"

    def start(self) -> None:
        self._order(offline=False)

    def stop(self) -> None:
        self.close_drivers()

    def kill(self) -> None:
        self._order(offline=True, reboot=True)

    def fresh(self) -> None:
        (self._machine / "control.json").unlink(missing_ok=True)
        shutil.rmtree(self._machine / "files", ignore_errors=True)
        self._order(reboot=True)

    def section(self, **options: Any) -> VirtualPrinterSection:
        return VirtualPrinterSection.model_validate(
            {
                "id": "p1",
                "driver": "virtual",
                "material": "PLA",
                "options": {"folder": self._machine, "speed": self.pace, **options},
            }
        )

    def starts(self) -> int:
        return self._other().starts()

    def stored(self, name: str) -> bytes | None:
        path = self._machine / "files" / name
        return path.read_bytes() if path.exists() else None

    def gcode(self, seconds: float) -> bytes:
        return b"G92 E0\nG1 X1 E1 F60000\nG4 P%d\n" % (seconds * 1000)

    def cut(self) -> None:
        self._order(offline=True)

    def mend(self) -> None:
        self._order(offline=False)

    def slow_down(self, seconds: float) -> None:
        raise NotImplementedError(seconds)

    def lose_start_answer(self) -> None:
        self._order(lose_start_answer=True)

    def swallow_start(self) -> None:
        self._order(ignore_start=True)

    def damage_upload(self) -> None:
        self._order(damage_upload=True)

    def firmware_error(self) -> None:
        self._order(fail_at=0.0)

    def recover(self) -> None:
        """It forgets a fault with the print that it ended."""

    def pause_here(self) -> None:
        self._other().pause()

    def print_here(self, seconds: float) -> str:
        other, sheet = self._other(), self.sheet(seconds, "by-hand.gcode")
        other.start(other.upload(sheet.path, sheet.sha256, sheet.name))
        return sheet.name

    def _other(self) -> VirtualPrinter:
        """A second hand on the same machine."""
        return VirtualPrinter(self.section())

    def _order(self, **orders: Any) -> None:
        self._machine.mkdir(parents=True, exist_ok=True)
        path = self._machine / "control.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**known, **orders}))
