"""A Bambu Lab printer on trial: a real broker with TLS, and an emulated printer that answers."""

import io
import time
import zipfile
from pathlib import Path
from typing import Any, ClassVar

from printer_agents.config import BambuSection
from printer_agents.drivers.bambu import UPLOAD_TRIES
from tests.hosts.fakes.back_door import FakeHost
from tests.hosts.fakes.bambu_host import CODE, PRINTER_USER, SERIAL
from tests.hosts.fakes.broker import Broker
from tests.hosts.fakes.machine import starts_in
from tests.hosts.rig import Rig
from tests.hosts.wire import Wire, free_port

# How long the end of a connection takes to be known at the other side, and more.
NOTICED_SECONDS = 0.5


class BambuRig(Rig):
    """Broker, disk and camera behind wires that can be cut. A power cut ends them all."""

    brand = "bambu"
    lacks: ClassVar[dict[str, str]] = {
        "test_a_host_that_answers_too_slowly_counts_as_away": (
            "its state is pushed: what it says late is still what it says; silence is tried instead"
        ),
        "test_after_an_emergency_stop_nothing_starts_until_a_person_has_looked": (
            "the network knows no emergency stop that stays: it can only end the print"
        ),
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._broker = Broker(folder, {"bblp": CODE, PRINTER_USER: CODE})
        disk, camera = free_port(), free_port()
        self._printer = FakeHost(
            "tests.hosts.fakes.bambu_host",
            folder,
            *(str(port) for port in (self._broker.port, disk, camera)),
        )
        self._wires = [Wire(port) for port in (self._broker.port, disk, camera)]

    def start(self) -> None:
        self._broker.start()
        self._printer.start()
        for wire in self._wires:
            wire.mend()

    def stop(self) -> None:
        self.close_drivers()
        for wire in self._wires:
            wire.cut()
        self.kill()

    def kill(self) -> None:
        self._printer.kill()
        self._broker.kill()
        time.sleep(NOTICED_SECONDS)

    def fresh(self) -> None:
        self.start()
        self._printer.order("fresh")

    def section(self, **options: Any) -> BambuSection:
        mqtt, disk, camera = (wire.port for wire in self._wires)
        told = {
            "host": "127.0.0.1",
            "serial": SERIAL,
            "access_code": options.pop("api_key", CODE),
            "mqtt_port": mqtt,
            "ftps_port": disk,
            "camera_port": camera,
            "request_seconds": 4,
            **options,
        }
        return BambuSection.model_validate(
            {"id": "p1", "driver": "bambu", "material": "PLA", "options": told}
        )

    def starts(self) -> int:
        return starts_in(self.folder)

    def stored(self, name: str) -> bytes | None:
        """Return the G-code within the envelope that lies there."""
        path = self.folder / "files" / f"{name}.3mf"
        if not path.exists():
            return None
        try:
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as envelope:
                return envelope.read("Metadata/plate_1.gcode")
        except zipfile.BadZipFile:
            return path.read_bytes()

    def gcode(self, seconds: float) -> bytes:
        return b"G92 E0\nG1 X1 E1 F60000\nG4 P%d\n" % (seconds * 1000)

    def cut(self) -> None:
        for wire in self._wires:
            wire.cut()
        time.sleep(NOTICED_SECONDS)

    def mend(self) -> None:
        for wire in self._wires:
            wire.mend()
        self._printer.order("mend")

    def slow_down(self, seconds: float) -> None:
        for wire in self._wires:
            wire.delay_seconds = seconds

    def order(self, **faults: Any) -> None:
        """Let the printer do wrong what only this brand does."""
        self._printer.order("faults", **faults)

    def lose_start_answer(self) -> None:
        self.order(lose_start_answer=True)

    def swallow_start(self) -> None:
        self.order(swallow_start=True)

    def damage_upload(self) -> None:
        # Once would be healed by the driver within the same upload.
        self.order(short_uploads=UPLOAD_TRIES)

    def firmware_error(self) -> None:
        self._printer.order("firmware_error")

    def recover(self) -> None:
        self._printer.order("recover")

    def pause_here(self) -> None:
        self._printer.order("pause_here")

    def print_here(self, seconds: float) -> str:
        text = self.gcode(seconds).decode()
        self._printer.order("print_here", name="by-hand.gcode", text=text)
        return "by-hand.gcode"

    def mute(self) -> None:
        self.order(mute=True)
