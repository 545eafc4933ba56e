"""OctoPrint on trial: the real server with its virtual printer, whose serial log counts starts."""

import json
import secrets
import time
from pathlib import Path
from typing import Any, ClassVar

import httpx

from printer_agents.config import OctoPrintSection
from tests.hosts.camera import Camera
from tests.hosts.http_wire import HttpWire
from tests.hosts.install import program
from tests.hosts.programs import Program, wait_for
from tests.hosts.rig import Rig
from tests.hosts.wire import free_port

# JSON is YAML: nothing more is needed to write OctoPrint's files.
_UNUSED_PLUGINS = [
    *("softwareupdate", "pluginmanager", "tracking", "errortracking", "announcements"),
    *("discovery", "achievements", "backup", "pi_support", "health_check", "corewizard"),
    *("file_check", "firmware_check", "gcodeviewer", "action_command_prompt"),
]
# The first line of every file here; the printer's serial log shows it once for every print.
_MARK = "M117 a print begins"
_LINE_SECONDS = 0.2
_START = r"^POST /api/files/local/[^/]+$"
_UPLOAD = r"^POST /api/files/local$"
_IDLE = "Operational"
_UNCONNECTED = {"Offline", "Offline after error", "Error"}


class OctoPrintRig(Rig):
    """One OctoPrint server on loopback, connected to its virtual printer."""

    brand = "octoprint"
    lacks: ClassVar[dict[str, str]] = {}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._base = folder / "base"
        self._key = secrets.token_hex(16)
        self._port = free_port()
        self._wire = HttpWire(self._port)
        self._camera = Camera()
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{self._port}",
            headers={"X-Api-Key": self._key},
            timeout=30,
            trust_env=False,
        )
        self._configure()
        self._server: Program | None = None

    def start(self) -> None:
        if self._server is None:
            words = [
                *(program("octoprint", "octoprint"), "serve", "-b", self._base),
                *("--host", "127.0.0.1", "--port", str(self._port), "--iknowwhatimdoing"),
            ]
            self._server = Program(words, self.folder, self.folder / "octoprint.log")
        self._server.start()
        wait_for(lambda: self._ask("GET", "/api/version") is not None, [self._server], "OctoPrint")
        self._connect()

    def stop(self) -> None:
        self.close_drivers()
        if self._server is not None:
            self._server.stop()
        self._wire.close()
        self._camera.close()
        self._http.close()

    def kill(self) -> None:
        assert self._server is not None
        self._server.kill()

    def fresh(self) -> None:
        self._wire.mend()
        self.start()
        if self._state() != _IDLE:
            self._ask("POST", "/api/job", {"command": "cancel"})
            self._until_idle()
        for file in (self._ask("GET", "/api/files/local") or {}).get("files", []):
            self._ask("DELETE", f"/api/files/local/{file['path']}")

    def section(self, **options: Any) -> OctoPrintSection:
        return OctoPrintSection.model_validate(
            {
                "id": "p1",
                "driver": "octoprint",
                "material": "PLA",
                "options": {"url": self._wire.url, "api_key": self._key, **options},
            }
        )

    def starts(self) -> int:
        log = self._base / "logs" / "plugin_virtual_printer_serial.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        # Since its second connection the printer logs each line twice, since its third thrice;
        # copies have the same millisecond.
        return len({line for line in lines if _MARK in line})

    def stored(self, name: str) -> bytes | None:
        path = self._base / "uploads" / name
        return path.read_bytes() if path.exists() else None

    def gcode(self, seconds: float) -> bytes:
        waits = max(int(seconds / _LINE_SECONDS), 1)
        return f"{_MARK}\n".encode() + b"G4 P%d\n" % (_LINE_SECONDS * 1000) * waits

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
        self._debug("trigger_fatal_error_marlin")

    def recover(self) -> None:
        self._connect()

    def pause_here(self) -> None:
        self._debug("action_pause")

    def print_here(self, seconds: float) -> str:
        sheet = self.sheet(seconds, "by-hand.gcode")
        with sheet.path.open("rb") as file:
            answer = self._http.post(
                "/api/files/local", files={"file": (sheet.name, file)}, data={"print": "true"}
            )
        assert answer.json()["effectivePrint"] is True
        return sheet.name

    def _configure(self) -> None:
        self._base.mkdir(parents=True, exist_ok=True)
        config = {
            "server": {
                "firstRun": False,
                "onlineCheck": {"enabled": False},
                "pluginBlacklist": {"enabled": False},
            },
            "webcam": {"timelapseEnabled": False},
            "gcodeAnalysis": {"runAt": "never"},
            "serial": {"port": "VIRTUAL", "baudrate": 115200, "autoconnect": False},
            "plugins": {
                "virtual_printer": {
                    "enabled": True,
                    "throttle": 0,
                    "simulated_errors": [],
                    "waitInterval": 0.2,
                    # OctoPrint asks for a word every 2 s, and a wait would end only at one.
                    "sendBusy": False,
                },
                "classicwebcam": {"snapshot": self._camera.url, "stream": self._camera.url},
                "_disabled": _UNUSED_PLUGINS,
            },
        }
        user = {
            "active": True,
            "apikey": self._key,
            "groups": ["admins"],
            "password": "x",
            "permissions": [],
            "settings": {},
        }
        (self._base / "config.yaml").write_text(json.dumps(config))
        (self._base / "users.yaml").write_text(json.dumps({"_version": 2, "agent": user}))

    def _connect(self) -> None:
        if self._state() in _UNCONNECTED:
            self._ask("POST", "/api/connection", {"command": "connect", "port": "VIRTUAL"})
            self._until_idle()

    def _until_idle(self) -> None:
        deadline = time.monotonic() + 60
        while self._state() != _IDLE:
            assert time.monotonic() < deadline, self._state()
            time.sleep(0.1)

    def _state(self) -> str:
        return str((self._ask("GET", "/api/job") or {}).get("state", ""))

    def _debug(self, order: str) -> None:
        """Tell the virtual printer to misbehave."""
        self._ask("POST", "/api/printer/command", {"commands": [f"!!DEBUG:{order}"]})

    def _ask(self, method: str, path: str, order: dict[str, Any] | None = None) -> Any:
        answer = self._http.request(method, path, json=order)
        if answer.is_error:
            return None
        return answer.json() if answer.content else {}
