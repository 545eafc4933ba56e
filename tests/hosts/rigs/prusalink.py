"""PrusaLink on trial: an own server of the published shape, as a separate process."""

from pathlib import Path
from typing import Any, ClassVar

from printer_agents.config import PrusaLinkSection
from tests.hosts.fakes.back_door import FakeHost
from tests.hosts.fakes.machine import starts_in
from tests.hosts.fakes.prusalink_host import KEY
from tests.hosts.rig import Rig
from tests.hosts.wire import Wire, free_port


class PrusaLinkRig(Rig):
    """The fake PrusaLink behind a wire that can be cut."""

    brand = "prusalink"
    lacks: ClassVar[dict[str, str]] = {
        "test_news_wake_whoever_listens": "it only answers",
        "test_when_push_falls_silent_the_poll_still_tells_and_push_comes_back": "it only answers",
        "test_after_an_emergency_stop_nothing_starts_until_a_person_has_looked": (
            "its API knows no emergency stop that stays: it can only end the print"
        ),
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        port = free_port()
        self._host = FakeHost("tests.hosts.fakes.prusalink_host", folder, str(port))
        self._wire = Wire(port)

    def start(self) -> None:
        self._host.start()
        self._wire.mend()

    def stop(self) -> None:
        self.close_drivers()
        self._wire.cut()
        self._host.kill()

    def kill(self) -> None:
        self._host.kill()

    def fresh(self) -> None:
        self._host.start()
        self._wire.mend()
        self._host.order("fresh")

    def section(self, **options: Any) -> PrusaLinkSection:
        told = {"url": f"http://127.0.0.1:{self._wire.port}", "api_key": KEY, **options}
        return PrusaLinkSection.model_validate(
            {"id": "p1", "driver": "prusalink", "material": "PLA", "options": told}
        )

    def starts(self) -> int:
        return starts_in(self.folder)

    def stored(self, name: str) -> bytes | None:
        path = self.folder / "files" / name
        return path.read_bytes() if path.exists() else None

    def gcode(self, seconds: float) -> bytes:
        return b"G92 E0\nG1 X1 E1 F60000\nG4 P%d\n" % (seconds * 1000)

    def cut(self) -> None:
        self._wire.cut()

    def mend(self) -> None:
        self._wire.mend()
        self._host.order("mend")

    def slow_down(self, seconds: float) -> None:
        self._host.order("faults", slow=seconds)

    def lose_start_answer(self) -> None:
        self._host.order("faults", lose_start_answer=True)

    def swallow_start(self) -> None:
        self._host.order("faults", swallow_start=True)

    def damage_upload(self) -> None:
        self._host.order("faults", damage_upload=True)

    def firmware_error(self) -> None:
        self._host.order("firmware_error")

    def recover(self) -> None:
        self._host.order("recover")

    def pause_here(self) -> None:
        self._host.order("pause_here")

    def print_here(self, seconds: float) -> str:
        text = self.gcode(seconds).decode()
        self._host.order("print_here", name="by-hand.gcode", text=text)
        return "by-hand.gcode"
