"""A Bambu Lab printer of our own: it answers on a real broker's topics, and counts its starts.

It behaves as P1 and A1 do: after one full report only what changed is told, a cancel and a fault
are both FAILED and told apart by ``print_error``, a print is started from a ``.gcode.3mf`` on its
disk alone, compared by MD5. Report numbers, deltas and timings are emulated; firmware is not.

    python -m tests.hosts.fakes.bambu_host FOLDER MQTT_PORT FTPS_PORT CAMERA_PORT CONTROL_PORT
"""

import hashlib
import json
import math
import ssl
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.hosts.fakes import ftps_disk, jpeg_camera
from tests.hosts.fakes.control import serve_control
from tests.hosts.fakes.machine import ERROR, FINISHED, PAUSED, STOPPED, Busy, Machine, Print

SERIAL = "01P00A000000001"
CODE = "12345678"
PRINTER_USER = "printer"  # the broker is within a real printer and wants nothing of it
TICK_SECONDS = 0.2
PREPARE_SECONDS = 0.4
CANCELLED = 0x0300400C
THERMAL = 0x03008008
UNREADABLE = 0x05004003
# How long the screen shows that a print was cancelled.
SHOWN_SECONDS = 3.0
STATES = {FINISHED: "FINISH", STOPPED: "FAILED", ERROR: "FAILED", PAUSED: "PAUSE"}


class Printer:
    """The firmware."""

    def __init__(self, folder: Path, mqtt_port: int, context: ssl.SSLContext) -> None:
        self.machine = Machine(folder)
        self.disk = ftps_disk.Disk(self.machine.files, CODE)
        self.faults: dict[str, Any] = {}
        self._told: dict[str, Any] = {}
        self._unreadable: str | None = None
        self._number = 0
        self._lock = threading.RLock()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="printer")
        self._client.username_pw_set(PRINTER_USER, CODE)
        self._client.tls_set_context(context)
        self._client.tls_insecure_set(True)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", mqtt_port)
        self._client.loop_start()
        threading.Thread(target=self._tick, daemon=True).start()

    def fresh(self) -> None:
        with self._lock:
            self.mend()
            self._unreadable = None
            self.machine.clear()

    def mend(self) -> None:
        self.faults.clear()
        self.disk.short_uploads = self.disk.answers_426 = 0

    def order(self, **faults: Any) -> None:
        self.disk.short_uploads = faults.pop("short_uploads", self.disk.short_uploads)
        self.disk.answers_426 = faults.pop("answers_426", self.disk.answers_426)
        self.faults.update(faults)

    def print_here(self, name: str, text: str) -> None:
        self.machine.start(name, text.splitlines())

    def _subscribe(self, client: mqtt.Client, *_about: object) -> None:
        client.subscribe(f"device/{SERIAL}/request")

    def _tick(self) -> None:
        while True:
            time.sleep(TICK_SECONDS)
            with self._lock:
                now = self._state()
                change = {key: value for key, value in now.items() if self._told.get(key) != value}
                if change and not self.faults.get("mute"):
                    self._push(change, whole=False)

    def _push(self, report: dict[str, Any], *, whole: bool) -> None:
        self._number += 1
        self._told.update(report)
        about = {"command": "push_status", "msg": 0 if whole else 1}
        self._say({"print": {**about, "sequence_id": str(self._number), **report}})

    def _say(self, message: dict[str, Any]) -> None:
        self._client.publish(f"device/{SERIAL}/report", json.dumps(message))

    def _state(self) -> dict[str, Any]:
        job = self.machine.look()
        now = time.monotonic()
        state, error, percent, minutes = "IDLE", 0, 0, 0
        if self._unreadable is not None:
            state, error = "FAILED", UNREADABLE
        elif job is not None:
            state = STATES.get(job.state) or self._running(job, now)
            elapsed = job.elapsed(now)
            percent = int(100 * elapsed / job.total_seconds) if job.total_seconds else 100
            minutes = math.ceil((job.total_seconds - elapsed) / 60) if job.alive else 0
            shown = now - (job.stopped_at or 0.0) < SHOWN_SECONDS
            error = CANCELLED if job.state == STOPPED and shown else 0
        if self.machine.broken:
            error = THERMAL
        return {
            "gcode_state": state,
            "subtask_name": self._unreadable or (job.name if job else ""),
            "gcode_file": f"{job.name}.3mf" if job else "",
            "mc_percent": percent,
            "mc_remaining_time": minutes,
            "print_error": error,
            "nozzle_temper": round(25 + now % 1, 2) if job and job.alive else 25.0,
            "wifi_signal": "-40dBm",
            "ams": {"tray_now": "254", "ams": []},
        }

    def _running(self, job: Print, now: float) -> str:
        preparing = max(job.preparing_seconds, PREPARE_SECONDS)
        return "PREPARE" if job.elapsed(now) < preparing else "RUNNING"

    def _hear(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if self.faults.get("deaf"):
            return
        for kind, part in json.loads(message.payload).items():
            with self._lock:
                self._obey(kind, part)

    def _obey(self, kind: str, part: dict[str, Any]) -> None:
        command = part.get("command")
        if command == "pushall":
            self._push(self._state(), whole=True)
        elif command == "get_version":
            modules = [
                {"name": "ota", "sw_ver": "01.07.00.00", "product_name": "P1S", "sn": SERIAL}
            ]
            self._say({kind: {**part, "module": modules}})
        elif command == "project_file":
            self._project_file(part)
        else:
            verbs = {
                "pause": self.machine.pause,
                "resume": self.machine.resume,
                "stop": self.machine.stop,
                "gcode_line": lambda: True,
            }
            done = verbs[str(command)]()
            self._answer(part, "success" if done else "fail", "" if done else "not in that state")

    def _project_file(self, part: dict[str, Any]) -> None:
        if self.faults.pop("swallow_start", False):
            return
        if self.faults.get("unsigned_refused"):
            self._answer(part, "failed", "mqtt message verify failed")
            return
        lost = self.faults.pop("lose_start_answer", False)
        if lost:
            self.faults["mute"] = True
        if self.machine.broken or ((job := self.machine.look()) is not None and job.alive):
            self._answer(part, "fail", "printing")
            return
        if not lost:
            self._answer(part, "success", "")
        name = str(part["subtask_name"])
        try:
            self._unreadable = None
            lines = self._unpack(str(part["url"]), str(part["param"]), str(part["md5"]))
            self.machine.start(name, lines)
        except (KeyError, ValueError, OSError, zipfile.BadZipFile):
            self._unreadable = name
        except Busy:
            return

    def _unpack(self, url: str, plate: str, md5: str) -> list[str]:
        if not url.startswith("ftp:///"):
            raise ValueError(url)
        envelope = self.disk.path(url.removeprefix("ftp:///"))
        data = envelope.read_bytes()
        if hashlib.md5(data, usedforsecurity=False).hexdigest().upper() != md5:
            raise ValueError("MD5")
        with zipfile.ZipFile(envelope) as opened:
            gcode = opened.read(plate)
            wanted = opened.read(f"{plate}.md5").decode()
        if hashlib.md5(gcode, usedforsecurity=False).hexdigest().upper() != wanted:
            raise ValueError("MD5 of the plate")
        return gcode.decode().splitlines()

    def _answer(self, part: dict[str, Any], result: str, reason: str) -> None:
        self._say({"print": {**part, "result": result, "reason": reason}})


def main(folder: str, mqtt_port: str, ftps_port: str, camera_port: str, control: str) -> None:
    """Serve until killed."""
    home = Path(folder)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE  # its own broker, on its own machine
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(home / "certificate.pem", home / "key.pem")
    # As the printers do; with 1.3, a session is known to the client only after some reading.
    serving.maximum_version = ssl.TLSVersion.TLSv1_2
    printer = Printer(home, int(mqtt_port), trusting)
    ftps_disk.serve(printer.disk, int(ftps_port), serving)
    jpeg_camera.serve(int(camera_port), CODE, serving)
    machine = printer.machine
    serve_control(
        int(control),
        {
            "faults": printer.order,
            "mend": printer.mend,
            "fresh": printer.fresh,
            "pause_here": machine.pause,
            "firmware_error": machine.fail,
            "recover": machine.recover,
            "print_here": printer.print_here,
        },
    )
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
