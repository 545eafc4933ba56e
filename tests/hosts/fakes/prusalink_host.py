"""A PrusaLink of our own, in the shape of its published API (v1), with a printer that counts.

It behaves as PrusaLink 0.8.1 on a Raspberry Pi does where that differs from the document: a
new file is seen only after a moment, deleting a missing one is a server error, a job is gone
from the answers at its end, FINISHED and STOPPED last a while in which a start is 409, a server
error may follow a start that worked.

    python -m tests.hosts.fakes.prusalink_host FOLDER PORT CONTROL_PORT
"""

import json
import re
import sys
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

from tests.hosts.fakes.control import serve_control
from tests.hosts.fakes.digest import Digest
from tests.hosts.fakes.machine import ERROR, FINISHED, PAUSED, STOPPED, Busy, Machine, Print

KEY = "key-of-the-shop"
PASSWORD = "password-of-the-shop"
SEEN_SECONDS = 0.4
END_SECONDS = 2.0
JPEG = b"\xff\xd8 a bed, seen from above \xff\xd9"
STATES = {FINISHED: "FINISHED", STOPPED: "STOPPED", ERROR: "ERROR"}


class Host:
    """What the handler's threads share."""

    def __init__(self, folder: Path) -> None:
        self.machine = Machine(folder)
        self.instance = str(uuid.uuid4())
        self.seen_at: dict[str, float] = {}
        self.faults: dict[str, Any] = {}
        self.digest = Digest("Administrator", "maker", PASSWORD)
        self.transferring = False

    def once(self, fault: str) -> Any:
        return self.faults.pop(fault, None)

    def state(self) -> tuple[str, Print | None]:
        """Return the state's word, and the job that the answers show."""
        job = self.machine.look()
        if self.machine.broken:
            return "ERROR", None
        if self.faults.get("state"):
            return str(self.faults["state"]), job if job and job.alive else None
        if job is None:
            return "IDLE", None
        if job.alive:
            return "PAUSED" if job.state == PAUSED else "PRINTING", job
        ended = time.monotonic() - (job.stopped_at or 0.0)
        return (STATES[job.state] if ended < END_SECONDS else "IDLE"), None

    def visible(self, name: str) -> Path | None:
        path = self.machine.files / name
        seen_at = self.seen_at.setdefault(name, 0.0)
        return path if path.exists() and time.monotonic() >= seen_at else None

    def fresh(self) -> None:
        self.faults.clear()
        self.machine.clear()

    def print_here(self, name: str, text: str) -> None:
        (self.machine.files / name).write_text(text, encoding="utf-8")
        self.machine.start(name, text.splitlines())


class Handler(BaseHTTPRequestHandler):
    """The API."""

    protocol_version = "HTTP/1.1"
    host: ClassVar[Host]

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Instance-ID", self.host.instance)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self._do("GET")

    def do_PUT(self) -> None:
        self._do("PUT")

    def do_POST(self) -> None:
        self._do("POST")

    def do_DELETE(self) -> None:
        self._do("DELETE")

    def log_message(self, *_args: object) -> None:
        """Quiet."""

    def _do(self, method: str) -> None:
        body = self._body()
        time.sleep(self.host.faults.get("slow", 0.0))
        key = self.headers.get("X-Api-Key")
        if key is None and not self.host.digest.accepts(method, self.headers):
            self._answer(401, headers={"WWW-Authenticate": self.host.digest.challenge()})
            return
        if key not in {None, KEY}:
            self._answer(403, text="Bad X-Api-Key.")
            return
        routes = (
            (r"/api/version", self._version),
            (r"/api/v1/info", self._info),
            (r"/api/v1/status", self._status),
            (r"/api/v1/storage", self._storage),
            (r"/api/v1/transfer", self._transfer),
            (r"/api/v1/cameras/snap", self._camera),
            (r"/api/v1/job", self._job),
            (r"/api/v1/job/(\d+)(?:/(\w+))?", self._command),
            (r"/api/v1/files/local/([^/]+)", self._file),
            (r"/api/files/local/gcodes/([^/]+)/raw", self._raw),
        )
        for pattern, route in routes:
            if found := re.fullmatch(pattern, self.path):
                route(method, body, *found.groups())
                return
        self._answer(404, text="Not found.")

    def _version(self, *_request: Any) -> None:
        self._answer(
            200,
            {
                "api": "2.0.0",
                "server": "0.8.1",
                "text": "PrusaLink 0.8.1",
                "firmware": "3.14.0",
                "capabilities": {"upload-by-put": True},
            },
        )

    def _info(self, *_request: Any) -> None:
        self._answer(200, {"serial": "CZPX0000X000XC00000", "nozzle_diameter": 0.4})

    def _status(self, *_request: Any) -> None:
        word, job = self.host.state()
        fine = {"ok": word != "ERROR", "message": "OK" if word != "ERROR" else "Thermal runaway."}
        told: dict[str, Any] = {"printer": {"state": word, "status_printer": fine}}
        if job is not None:
            told["job"] = self._figures(job)
        if not self.host.faults.get("no_camera"):
            told["camera"] = {"id": "cam"}
        self._answer(200, told)

    def _job(self, *_request: Any) -> None:
        word, job = self.host.state()
        if job is None:
            self._answer(204)
            return
        file = {"name": job.name[:6].upper() + "~1.GCO", "display_name": job.name, "path": "/local"}
        self._answer(200, {**self._figures(job), "state": word, "file": file})

    def _figures(self, job: Print) -> dict[str, Any]:
        elapsed = job.elapsed(time.monotonic())
        return {
            "id": job.number,
            "progress": round(100 * elapsed / job.total_seconds, 2) if job.total_seconds else 100.0,
            "time_remaining": round(job.total_seconds - elapsed),
            "time_printing": round(elapsed),
        }

    def _storage(self, *_request: Any) -> None:
        listed = [
            {"type": "SDCARD", "path": "/sdcard", "available": True, "read_only": True},
            {"type": "LOCAL", "path": "/local", "available": True, "read_only": False},
        ]
        self._answer(200, {"storage_list": listed})

    def _transfer(self, *_request: Any) -> None:
        if self.host.transferring:
            self._answer(200, {"type": "FROM_CLIENT", "progress": 50.0, "to_print": False})
        else:
            self._answer(204)

    def _camera(self, *_request: Any) -> None:
        if self.host.faults.get("no_camera"):
            self._answer(404, text="No camera.")
        else:
            self._answer(200, raw=JPEG, kind="image/jpeg")

    def _command(self, method: str, _body: bytes, number: str, command: str | None) -> None:
        _, job = self.host.state()
        machine = self.host.machine
        if job is None or job.number != int(number):
            self._answer(404, {"title": "NOT CURRENT JOB", "text": "Job ID is not current."})
            return
        verbs = {("PUT", "pause"): machine.pause, ("PUT", "resume"): machine.resume}
        done = verbs.get((method, command or ""), machine.stop)()
        self._answer(204) if done else self._answer(409, {"text": "Not in that state."})

    def _file(self, method: str, body: bytes, quoted: str) -> None:
        name = unquote(quoted)
        path = self.host.visible(name)
        if method == "PUT":
            self._put(name, body)
        elif path is None and method == "DELETE":
            self._answer(500, text="<!DOCTYPE html><title>500 - Internal Server Error</title>")
        elif path is None:
            self._answer(404, {"title": "FILE NOT FOUND", "text": "File was not found"})
        elif method == "GET":
            refs = {"download": f"/api/files/local/gcodes/{name}/raw"}
            size = path.stat().st_size
            self._answer(200, {"name": name, "display_name": name, "size": size, "refs": refs})
        elif method == "POST":
            self._start(name, path)
        elif (job := self.host.state()[1]) is not None and job.name == name:
            self._answer(409, {"text": "File is currently printed."})
        else:
            path.unlink()
            self._answer(204)

    def _put(self, name: str, body: bytes) -> None:
        path = self.host.machine.files / name
        if path.exists() and self.headers.get("Overwrite") != "?1":
            self._answer(409, {"text": "File already exists."})
            return
        if self.host.once("damage_upload"):
            body = body[:-8] + b"; broken"
        self.host.seen_at[name] = time.monotonic() + SEEN_SECONDS
        path.write_bytes(body)
        self._answer(201)
        if self.headers.get("Print-After-Upload") == "?1":
            self.host.machine.start(name, body.decode().splitlines())

    def _start(self, name: str, path: Path) -> None:
        if self.host.once("swallow_start"):
            self._hang_up()
            return
        word, _ = self.host.state()
        if word not in {"IDLE", "READY"}:
            self._answer(409, {"title": "NOT IN STATE", "text": f"Cannot print in {word} state."})
            return
        try:
            self.host.machine.start(name, path.read_text(encoding="utf-8").splitlines())
        except Busy:
            self._answer(409, {"text": "Already printing."})
            return
        if self.host.once("lose_start_answer"):
            self._hang_up()
        elif self.host.once("start_ends_in_500"):
            self._answer(500, {"text": "Response timeout."})
        else:
            self._answer(204)

    def _raw(self, _method: str, _body: bytes, quoted: str) -> None:
        path = self.host.visible(unquote(quoted))
        if path is None:
            self._answer(404)
        else:
            self._answer(200, raw=path.read_bytes(), kind="text/x.gcode")

    def _body(self) -> bytes:
        self.host.transferring = self.command == "PUT"
        try:
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        finally:
            self.host.transferring = False

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _answer(
        self,
        status: int,
        told: dict[str, Any] | None = None,
        *,
        text: str = "",
        raw: bytes | None = None,
        kind: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        body = raw if raw is not None else json.dumps(told).encode() if told else text.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Type", kind if told or raw else "text/plain")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)


def main(folder: str, port: str, control_port: str) -> None:
    """Serve until killed."""
    host = Host(Path(folder))
    Handler.host = host
    machine = host.machine
    serve_control(
        int(control_port),
        {
            "faults": lambda **faults: host.faults.update(faults),
            "mend": host.faults.clear,
            "fresh": host.fresh,
            "pause_here": machine.pause,
            "firmware_error": machine.fail,
            "recover": machine.recover,
            "print_here": host.print_here,
        },
    )
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
