"""Moonraker on trial: the real one, with a real Kalico that drives a simulated controller."""

import secrets
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import httpx

from printer_agents.config import MoonrakerSection
from tests.hosts.camera import Camera
from tests.hosts.controller.simulated import MARK_PIN
from tests.hosts.http_wire import HttpWire
from tests.hosts.install import program
from tests.hosts.programs import Program, wait_for
from tests.hosts.rig import Rig
from tests.hosts.wire import free_port

_ROOT = Path(__file__).parents[3]
# Kalico hands these over as fast as the printer moves; each takes a fifth of a second.
_LINE = "G1 E0.2 F60\n"
_LINE_SECONDS = 0.2
_START = r"^POST /printer/print/start"
_UPLOAD = r"^POST /server/files/upload"
_PRINTER = f"""\
[mcu]
serial: controller.tty
restart_method: command
[printer]
kinematics: none
max_velocity: 300
max_accel: 3000
[adc_temperature linear]
temperature1: 0
voltage1: 0
temperature2: 500
voltage2: 5
[extruder]
step_pin: P1
dir_pin: P2
microsteps: 16
rotation_distance: 33.5
nozzle_diameter: 0.4
filament_diameter: 1.75
heater_pin: P3
sensor_type: linear
sensor_pin: P4
control: watermark
min_temp: 0
max_temp: 300
min_extrude_temp: 0
max_extrude_only_distance: 500
[heater_bed]
heater_pin: P5
sensor_type: linear
sensor_pin: P6
control: watermark
min_temp: 0
max_temp: 150
[output_pin mark]
pin: P{MARK_PIN}
[virtual_sdcard]
path: data/gcodes
[pause_resume]
[display_status]
"""
_MOONRAKER = """\
[server]
host: 127.0.0.1
port: {port}
klippy_uds_address: {socket}
[authorization]
force_logins: False
{trust}
[history]
[file_manager]
check_klipper_config_path: False
[machine]
provider: none
validate_service: False
validate_config: False
[webcam bed]
service: mjpegstreamer
stream_url: {camera}
snapshot_url: {camera}
"""


class MoonrakerRig(Rig):
    """Moonraker and Kalico on loopback, and a controller on a pseudo-terminal."""

    brand = "moonraker"
    lacks: ClassVar[dict[str, str]] = {
        "test_a_wrong_key_is_said_in_words": "it trusts its own network, here as in most shops",
    }

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._port = free_port()
        self._wire = HttpWire(self._port)
        self._camera = Camera()
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{self._port}", timeout=30, trust_env=False
        )
        (folder / "data" / "gcodes").mkdir(parents=True, exist_ok=True)
        # A Unix socket's path must be short; a test's folder need not be.
        self._socket = Path("/tmp") / f"kalico-{secrets.token_hex(6)}.sock"  # noqa: S108
        (folder / "printer.cfg").write_text(_PRINTER)
        (folder / "moonraker.conf").write_text(
            _MOONRAKER.format(
                port=self._port,
                socket=self._socket,
                trust="trusted_clients:\n    127.0.0.1",
                camera=self._camera.url,
            )
        )
        self._starts = folder / "starts.log"
        self._controller: Program | None = None
        self._hosts: list[Program] = []

    def start(self) -> None:
        if self._controller is None:
            self._controller, self._hosts = self._programs()
        self._controller.start()
        wait_for((self.folder / "controller.tty").exists, [self._controller], "The controller")
        for host in self._hosts:
            host.start()
        running = [self._controller, *self._hosts]
        wait_for(lambda: self._state() == "ready", running, "Moonraker", seconds=180)

    def stop(self) -> None:
        self.close_drivers()
        for host in reversed(self._hosts):
            host.stop()
        if self._controller is not None:
            self._controller.stop()
        self._socket.unlink(missing_ok=True)
        self._wire.close()
        self._camera.close()
        self._http.close()

    def kill(self) -> None:
        assert self._controller is not None
        for running in (*self._hosts, self._controller):
            running.kill()
        (self.folder / "controller.tty").unlink(missing_ok=True)

    def fresh(self) -> None:
        self._wire.mend()
        self.start()
        if self._state() != "ready":
            self.recover()
        if self.said_of_the_print() in {"printing", "paused"}:
            self._post("/printer/print/cancel")
        self._until(self._at_rest)
        for file in self._get("/server/files/list").get("result", []):
            self._http.delete(f"/server/files/gcodes/{file['path']}")

    def section(self, **options: Any) -> MoonrakerSection:
        return MoonrakerSection.model_validate(
            {
                "id": "p1",
                "driver": "moonraker",
                "material": "PLA",
                "options": {"url": self._wire.url, **options},
            }
        )

    def starts(self) -> int:
        return len(self._starts.read_text().splitlines()) if self._starts.exists() else 0

    def stored(self, name: str) -> bytes | None:
        path = self.folder / "data" / "gcodes" / name
        return path.read_bytes() if path.exists() else None

    def gcode(self, seconds: float) -> bytes:
        begin = "SET_PIN PIN=mark VALUE=1\nG4 P200\nSET_PIN PIN=mark VALUE=0\nM83\n"
        return (begin + _LINE * max(int(seconds / _LINE_SECONDS), 1)).encode()

    def cut(self) -> None:
        self._wire.cut()

    def mend(self) -> None:
        self._wire.mend()

    def slow_down(self, seconds: float) -> None:
        self._wire.slow_down(seconds)

    def mute(self) -> None:
        self._wire.mute()

    def lose_start_answer(self) -> None:
        self._wire.lose_answer(_START)

    def swallow_start(self) -> None:
        self._wire.swallow(_START)

    def damage_upload(self) -> None:
        self._wire.damage(_UPLOAD)

    def firmware_error(self) -> None:
        assert self._controller is not None
        self._controller.signal_fault()

    def pull_the_plug(self) -> None:
        """Cut the controller's power: Klipper notices some seconds later."""
        assert self._controller is not None
        self._controller.kill()

    def recover(self) -> None:
        self._post("/printer/firmware_restart")
        time.sleep(0.5)
        self._until(lambda: self._state() == "ready")

    def pause_here(self) -> None:
        self._post("/printer/print/pause")

    def print_here(self, seconds: float) -> str:
        sheet = self.sheet(seconds, "by-hand.gcode")
        with sheet.path.open("rb") as file:
            self._http.post(
                "/server/files/upload", files={"file": (sheet.name, file)}, data={"print": "true"}
            ).raise_for_status()
        return sheet.name

    def _programs(self) -> tuple[Program, list[Program]]:
        controller = Program(
            [
                sys.executable,
                "-m",
                "tests.hosts.controller.simulated",
                self.folder / "controller.tty",
                self._starts,
            ],
            _ROOT,
            self.folder / "controller.log",
        )
        kalico = Program(
            [
                program("kalico", "kalico"),
                *("printer.cfg", "-I", "printer.tty", "-a", self._socket, "-l", "klippy.log"),
            ],
            self.folder,
            self.folder / "kalico.log",
        )
        moonraker = Program(
            [
                program("moonraker", "moonraker"),
                *("-d", "data", "-c", "moonraker.conf", "-l", "moonraker.log"),
            ],
            self.folder,
            self.folder / "moonraker.out",
        )
        return controller, [kalico, moonraker]

    def _state(self) -> str:
        result = self._get("/server/info").get("result", {})
        return str(result.get("klippy_state", ""))

    def said_of_the_print(self) -> str:
        """Return Klipper's own word for its print: printing, complete, ..."""
        return self._object("print_stats")

    def _object(self, name: str) -> str:
        status = self._get(f"/printer/objects/query?{name}").get("result", {}).get("status", {})
        return str(status.get(name, {}).get("state", ""))

    def _at_rest(self) -> bool:
        return self.said_of_the_print() not in {"printing", "paused"} and self._object(
            "idle_timeout"
        ) in {
            "Ready",
            "Idle",
        }

    def _until(self, true: Any) -> None:
        deadline = time.monotonic() + 60
        while not true():
            assert time.monotonic() < deadline, (self._state(), self.said_of_the_print())
            time.sleep(0.1)

    def _get(self, path: str) -> dict[str, Any]:
        answer = self._http.get(path)
        return {} if answer.is_error else dict(answer.json())

    def _post(self, path: str) -> None:
        self._http.post(path)
