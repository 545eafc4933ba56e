"""PrusaLink's driver against answers that are made up; the contract suite tries the rest."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from printer_agents.config import PrusaLinkSection
from printer_agents.drivers.base import JobOutcome, RemainingSource, RemoteFile
from printer_agents.drivers.prusalink import PrusaLink
from printer_agents.drivers.prusalink_job import JobMemory
from printer_agents.errors import (
    PrinterBusy,
    PrinterOffline,
    PrinterRefused,
    StartUnanswered,
    UploadCorrupt,
)
from printer_agents.protocol import PrinterCondition

GCODE = b"G28\nG1 X10 E1\n"
SHA256 = hashlib.sha256(GCODE).hexdigest()
FILE = RemoteFile("a.gcode", SHA256, len(GCODE))
Answer = Callable[[httpx.Request], httpx.Response]


class Shelf:
    """A PrusaLink on a shelf: ``routes`` answers by method and path, the rest is as usual."""

    def __init__(self, **options: Any) -> None:
        self.now = 0.0
        self.state: dict[str, Any] = {"printer": {"state": "IDLE"}}
        self.job: dict[str, Any] = {}
        self.routes: dict[tuple[str, str], Answer] = {}
        self.asked: list[str] = []
        self.instance: str | None = "one"
        told = {"url": "http://mk4.local", "api_key": "key", "read_back": False, **options}
        section = PrusaLinkSection.model_validate(
            {"id": "p1", "driver": "prusalink", "material": "PLA", "options": told}
        )
        self.printer = PrusaLink(
            section, httpx.MockTransport(self.answer), lambda: self.now, self.sleep
        )

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def answer(self, request: httpx.Request) -> httpx.Response:
        key = (request.method, request.url.path)
        self.asked.append(" ".join(key))
        if key in self.routes:
            return self.routes[key](request)
        if request.method == "HEAD":
            return httpx.Response(200, headers={"Instance-ID": self.instance or ""})
        told: dict[str, Any] = {
            "/api/v1/status": self.state,
            "/api/v1/job": self.job,
            "/api/version": {"text": "PrusaLink", "server": "2.1.2"},
            "/api/v1/info": {"serial": "CZ1"},
            "/api/v1/storage": {
                "storage_list": [
                    {"path": "/sdcard", "available": True, "read_only": True},
                    {"path": "/usb/", "available": True},
                ]
            },
            "/api/v1/files/usb/a.gcode": {"name": "A~1.GCO", "size": len(GCODE)},
        }
        if request.url.path in told and request.method == "GET":
            return httpx.Response(200, json=told[request.url.path])
        return httpx.Response(204 if request.method in {"POST", "DELETE"} else 201)

    def prints(self, name: str = "a.gcode", number: int = 7, state: str = "PRINTING") -> None:
        figures = {"id": number, "progress": 25.0, "time_remaining": 90, "time_printing": 30}
        self.state = {"printer": {"state": state}, "job": figures}
        self.job = {**figures, "file": {"name": "A~1.GCO", "display_name": name, "path": "/usb"}}

    def says(self, state: str) -> None:
        self.state = {"printer": {"state": state}}


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.mark.parametrize(
    ("state", "condition"),
    [
        ("IDLE", PrinterCondition.IDLE),
        ("READY", PrinterCondition.IDLE),
        ("FINISHED", PrinterCondition.IDLE),
        ("STOPPED", PrinterCondition.IDLE),
        ("BUSY", PrinterCondition.UNKNOWN),
        ("ATTENTION", PrinterCondition.ATTENTION),
        ("ERROR", PrinterCondition.ERROR),
        ("SOMETHING NEW", PrinterCondition.UNKNOWN),
    ],
)
def test_each_state_has_its_condition(shelf: Shelf, state: str, condition: object) -> None:
    shelf.says(state)
    assert shelf.printer.snapshot().condition is condition


def test_a_print_is_known_by_its_long_name_and_the_time_left_is_the_printers(shelf: Shelf) -> None:
    shelf.prints()
    state = shelf.printer.snapshot()
    assert (state.file_name, state.progress) == ("a.gcode", 0.25)
    assert (state.remaining_seconds, state.remaining_source) == (90, RemainingSource.PRINTER)
    assert state.jobs_started is None, "the host does not count, and the driver does not claim it"
    shelf.printer.snapshot()
    assert shelf.asked.count("GET /api/v1/job") == 1, "the file of a known job is asked once"


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("FINISHED", JobOutcome.COMPLETED),
        ("STOPPED", JobOutcome.CANCELLED),
        ("ERROR", JobOutcome.FAILED),
    ],
)
def test_an_end_that_was_seen_is_remembered_when_the_host_forgets_it(
    shelf: Shelf, state: str, outcome: object
) -> None:
    shelf.prints()
    shelf.printer.snapshot()
    shelf.says(state)
    shelf.printer.snapshot()
    shelf.says("IDLE")
    found = shelf.printer.find("a.gcode")
    assert found is not None
    assert found.outcome is outcome


def test_a_print_that_ended_unseen_is_not_known(shelf: Shelf) -> None:
    shelf.prints()
    shelf.printer.snapshot()
    shelf.says("IDLE")
    assert shelf.printer.find("a.gcode") is None
    shelf.says("FINISHED")  # whatever this is about
    assert shelf.printer.find("a.gcode") is None


def test_finished_before_anything_was_seen_is_nobodys_end(shelf: Shelf) -> None:
    shelf.says("FINISHED")
    assert shelf.printer.find("a.gcode") is None


def test_another_print_after_ours_is_not_taken_for_ours(shelf: Shelf) -> None:
    shelf.prints("a.gcode", 7)
    shelf.printer.snapshot()
    shelf.prints("other.gcode", 8)
    assert shelf.printer.find("a.gcode") is None
    shelf.says("FINISHED")
    assert shelf.printer.find("a.gcode") is None
    found = shelf.printer.find("other.gcode")
    assert found is not None
    assert found.outcome is JobOutcome.COMPLETED


def test_a_restart_of_the_host_changes_the_session_and_wipes_the_memory() -> None:
    memory = JobMemory()
    status = {"printer": {"state": "PRINTING"}, "job": {"id": 1, "progress": 5}}
    memory.hear("one", status, {"file": {"name": "a.gcode"}})
    assert memory.seen("a.gcode") is not None
    assert memory.hear("two", {"printer": {"state": "FINISHED"}}, None).session == "two"
    assert memory.seen("a.gcode") is None


def test_a_restart_is_noticed_at_the_latest_after_a_while(shelf: Shelf) -> None:
    assert shelf.printer.snapshot().session == "one"
    shelf.instance = "two"
    shelf.now += 16
    assert shelf.printer.snapshot().session == "two"


def test_a_printer_that_waits_for_a_person_is_paused_for_its_job(shelf: Shelf) -> None:
    shelf.prints(state="ATTENTION")
    found = shelf.printer.find("a.gcode")
    assert found is not None
    assert found.outcome is JobOutcome.PAUSED
    assert shelf.printer.snapshot().condition is PrinterCondition.ATTENTION


def test_a_409_after_another_prints_end_is_waited_out(shelf: Shelf) -> None:
    tries: list[float] = []

    def start(_request: httpx.Request) -> httpx.Response:
        tries.append(shelf.now)
        if shelf.now < 11:
            return httpx.Response(409, json={"text": "Cannot print in STOPPED state."})
        shelf.prints()
        return httpx.Response(204)

    shelf.says("STOPPED")
    shelf.routes["POST", "/api/v1/files/usb/a.gcode"] = start
    shelf.printer.start(FILE)
    assert len(tries) > 1
    assert tries[-1] >= 11


def test_a_409_that_stays_is_a_refusal_and_has_started_nothing(shelf: Shelf) -> None:
    shelf.says("ATTENTION")
    shelf.routes["POST", "/api/v1/files/usb/a.gcode"] = lambda _: httpx.Response(
        409, json={"text": "Not ready."}
    )
    with pytest.raises(PrinterRefused, match="Not ready"):
        shelf.printer.start(FILE)


def test_a_409_from_a_printer_that_is_at_rest_again_is_asked_once_more(shelf: Shelf) -> None:
    answers = [httpx.Response(409), httpx.Response(204)]

    def start(_request: httpx.Request) -> httpx.Response:
        answer = answers.pop(0)
        if answer.is_success:
            shelf.prints()
        return answer

    shelf.routes["POST", "/api/v1/files/usb/a.gcode"] = start
    shelf.printer.start(FILE)
    assert not answers


def test_a_server_error_at_a_delete_is_fine_when_the_file_is_gone(shelf: Shelf) -> None:
    shelf.routes["DELETE", "/api/v1/files/usb/a.gcode"] = lambda _: httpx.Response(
        500, text="<!DOCTYPE html>"
    )
    with pytest.raises(PrinterRefused, match=r"HTTP 500\.$"):
        shelf.printer.delete("a.gcode")
    shelf.routes["GET", "/api/v1/files/usb/a.gcode"] = lambda _: httpx.Response(404)
    shelf.printer.delete("a.gcode")


def test_a_409_because_somebody_was_faster_is_busy(shelf: Shelf) -> None:
    def start(_request: httpx.Request) -> httpx.Response:
        shelf.prints("other.gcode", 9)
        return httpx.Response(409)

    shelf.routes["POST", "/api/v1/files/usb/a.gcode"] = start
    with pytest.raises(PrinterBusy, match=r"other\.gcode"):
        shelf.printer.start(FILE)


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_at_the_start_may_have_worked(shelf: Shelf, status: int) -> None:
    shelf.routes["POST", "/api/v1/files/usb/a.gcode"] = lambda _: httpx.Response(status)
    with pytest.raises(StartUnanswered):
        shelf.printer.start(FILE)


def test_a_start_without_an_answer_may_have_worked_and_without_a_connection_not(
    shelf: Shelf,
) -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    shelf.routes["POST", "/api/v1/files/usb/a.gcode"] = lost
    with pytest.raises(StartUnanswered):
        shelf.printer.start(FILE)
    shelf.routes["POST", "/api/v1/files/usb/a.gcode"] = away
    with pytest.raises(PrinterOffline):
        shelf.printer.start(FILE)


def test_a_file_of_another_size_is_not_started(shelf: Shelf) -> None:
    with pytest.raises(PrinterRefused, match="as it was uploaded"):
        shelf.printer.start(RemoteFile("a.gcode", SHA256, len(GCODE) + 1))
    assert "POST /api/v1/files/usb/a.gcode" not in shelf.asked


def test_an_upload_never_prints_and_overwrites(shelf: Shelf, tmp_path: Path) -> None:
    sent: list[httpx.Request] = []

    def put(request: httpx.Request) -> httpx.Response:
        request.read()
        sent.append(request)
        return httpx.Response(201)

    path = tmp_path / "job.gcode"
    path.write_bytes(GCODE)
    shelf.routes["PUT", "/api/v1/files/usb/a.gcode"] = put
    assert shelf.printer.upload(path, SHA256, "a.gcode") == FILE
    headers = sent[0].headers
    assert headers["Print-After-Upload"] == "?0"
    assert headers["Overwrite"] == "?1"
    assert headers["Content-Length"] == str(len(GCODE))
    assert "Transfer-Encoding" not in headers
    assert sent[0].content == GCODE


def test_an_upload_that_reads_back_otherwise_is_removed(tmp_path: Path) -> None:
    shelf = Shelf(read_back=True)
    path = tmp_path / "job.gcode"
    path.write_bytes(GCODE)
    shelf.routes["GET", "/api/v1/files/usb/a.gcode"] = lambda _: httpx.Response(
        200, json={"size": len(GCODE), "refs": {"download": "/usb/A~1.GCO"}}
    )
    shelf.routes["GET", "/usb/A~1.GCO"] = lambda _: httpx.Response(200, content=GCODE[::-1])
    with pytest.raises(UploadCorrupt, match="SHA-256"):
        shelf.printer.upload(path, SHA256, "a.gcode")
    assert shelf.asked[-1] == "DELETE /api/v1/files/usb/a.gcode"


def test_a_password_is_proved_by_digest_and_never_sent() -> None:
    shelf = Shelf(api_key=None, password="secret of the shop")
    seen: list[str] = []

    def status(request: httpx.Request) -> httpx.Response:
        told = request.headers.get("Authorization", "")
        seen.append(told)
        if not told.startswith("Digest "):
            challenge = 'Digest realm="Printer API", nonce="1", qop="auth", algorithm=MD5'
            return httpx.Response(401, headers={"WWW-Authenticate": challenge})
        return httpx.Response(200, json=shelf.state)

    shelf.routes["GET", "/api/v1/status"] = status
    assert shelf.printer.snapshot().condition is PrinterCondition.IDLE
    assert 'username="maker"' in seen[-1]
    assert "secret" not in " ".join(seen)


def test_without_a_place_for_files_it_says_what_to_do(shelf: Shelf) -> None:
    shelf.routes["GET", "/api/v1/storage"] = lambda _: httpx.Response(200, json={})
    with pytest.raises(PrinterRefused, match="USB stick"):
        shelf.printer.probe()
