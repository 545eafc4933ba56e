"""OctoPrint's words and traps, without an OctoPrint: the real one is tried by the contract."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from printer_agents.config import OctoPrintSection
from printer_agents.drivers.base import JobOutcome, RemainingSource, RemoteFile
from printer_agents.drivers.octoprint import OctoPrint, condition_of
from printer_agents.errors import (
    DriverFault,
    PrinterBusy,
    PrinterOffline,
    PrinterRefused,
    StartUnanswered,
    UploadCorrupt,
)
from printer_agents.protocol import PrinterCondition

GCODE = b"G28\nG1 X1\n"
SHA1 = hashlib.sha1(GCODE, usedforsecurity=False).hexdigest()
REMOTE = RemoteFile("a.gcode", hashlib.sha256(GCODE).hexdigest(), len(GCODE))
FILE = "/api/files/local/a.gcode"
Handler = Callable[[httpx.Request], httpx.Response | None]


class FakeOctoPrint:
    """Answers as OctoPrint does; ``say`` goes first."""

    def __init__(self, say: Handler = lambda _: None) -> None:
        self.say = say
        self.job: dict[str, Any] = {"state": "Operational", "job": {}, "progress": {}}
        self.file: dict[str, Any] | None = {"hash": SHA1, "size": len(GCODE)}
        self.asked: list[str] = []

    def driver(self) -> OctoPrint:
        section = OctoPrintSection.model_validate(
            {
                "id": "p1",
                "driver": "octoprint",
                "material": "PLA",
                "options": {"url": "http://127.0.0.1:9", "api_key": "k"},
            }
        )
        return OctoPrint(section, httpx.MockTransport(self._answer))

    def prints(self, name: str, state: str = "Printing", **progress: float) -> None:
        self.job = {"state": state, "job": {"file": {"path": name}}, "progress": progress}

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if (said := self.say(request)) is not None:
            return said
        match request.method, request.url.path:
            case "GET", "/api/job":
                return httpx.Response(200, json=self.job)
            case "GET", path if path == FILE:
                return httpx.Response(200, json=self.file) if self.file else httpx.Response(404)
            case "POST", "/api/files/local":
                return httpx.Response(201, json={"files": {"local": {"path": "a.gcode"}}})
            case method, _:
                return httpx.Response(404 if method == "GET" else 204)


def at(request: str, answer: httpx.Response | Exception) -> Handler:
    def say(asked: httpx.Request) -> httpx.Response | None:
        if f"{asked.method} {asked.url.path}" != request:
            return None
        if isinstance(answer, Exception):
            raise answer
        return answer

    return say


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("Operational", PrinterCondition.IDLE),
        ("Starting", PrinterCondition.PREPARING),
        ("Printing from SD", PrinterCondition.PRINTING),
        ("Pausing", PrinterCondition.PRINTING),
        ("Paused", PrinterCondition.PAUSED),
        ("Resuming", PrinterCondition.PAUSED),
        ("Cancelling", PrinterCondition.CANCELLING),
        ("Finishing", PrinterCondition.FINISHING),
        ("Offline", PrinterCondition.CONNECTING),
        ("Offline after error", PrinterCondition.ERROR),
        ("Detecting serial connection", PrinterCondition.CONNECTING),
        ("Error: thermal runaway", PrinterCondition.ERROR),
        ("Something new", PrinterCondition.UNKNOWN),
    ],
)
def test_every_state_of_octoprint_has_a_meaning(text: str, condition: PrinterCondition) -> None:
    assert condition_of(text) is condition


def test_the_time_left_is_octoprints_and_says_so() -> None:
    host = FakeOctoPrint()
    driver = host.driver()
    host.prints("a.gcode", completion=25.0, printTimeLeft=300, printTime=100)
    state = driver.snapshot()
    assert (state.progress, state.remaining_seconds) == (0.25, 300)
    assert state.remaining_source is RemainingSource.HOST
    seen = driver.find("a.gcode")
    assert seen is not None
    assert (seen.outcome, seen.printed_seconds) == (JobOutcome.RUNNING, 100)
    driver.close()


def test_without_push_no_count_of_starts_is_claimed() -> None:
    driver = FakeOctoPrint().driver()
    state = driver.snapshot()
    assert state.jobs_started is None
    assert state.session
    driver.close()


def test_a_job_ends_as_its_files_history_says() -> None:
    host = FakeOctoPrint()
    driver = host.driver()
    assert driver.find("a.gcode") is None
    for success, outcome in ((True, JobOutcome.COMPLETED), (False, JobOutcome.FAILED)):
        host.file = {"prints": {"last": {"success": success, "printTime": 60.0}}}
        seen = driver.find("a.gcode")
        assert seen is not None
        assert seen.outcome is outcome
    driver.close()


def test_a_cancel_is_told_apart_from_a_failure_by_its_event_whatever_comes_late() -> None:
    host = FakeOctoPrint()
    driver = host.driver()
    host.file = {"prints": {"last": {"success": False}}}
    for event in (
        {"type": "PrintStarted", "payload": {"path": "a.gcode"}},
        {"type": "PrintCancelled", "payload": {"path": "a.gcode", "progress": 40}},
        {"type": "PrintFailed", "payload": {"path": "a.gcode", "reason": "cancelled"}},
        {"type": "PrintPaused", "payload": {"path": "a.gcode"}},
    ):
        driver._ears._hear("a" + json.dumps([{"event": event}]))
    seen = driver.find("a.gcode")
    assert seen is not None
    assert (seen.outcome, seen.progress) == (JobOutcome.CANCELLED, 0.4)
    driver.close()


def test_a_connection_lost_while_paused_is_in_no_history_but_was_heard() -> None:
    host = FakeOctoPrint()
    driver = host.driver()
    for event in (
        {"type": "PrintStarted", "payload": {"path": "a.gcode"}},
        {"type": "Error", "payload": {"error": "Too many timeouts"}},
        {"type": "FileDeselected", "payload": None},
    ):
        driver._ears._hear("a" + json.dumps([{"event": event}]))
    seen = driver.find("a.gcode")
    assert seen is not None
    assert (seen.outcome, seen.detail) == (JobOutcome.FAILED, "Too many timeouts")
    driver.close()


def test_frames_that_are_not_understood_are_passed_over() -> None:
    driver = FakeOctoPrint().driver()
    for frame in (
        "o",
        "h",
        'c[3000,"Go away!"]',
        "a[",
        'a[1, {"event": 2}, {"current": {}}, {"event": {"payload": []}}]',
    ):
        driver._ears._hear(frame)
    driver.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.ReadTimeout("slow"), StartUnanswered),
        (httpx.Response(500), StartUnanswered),
        (httpx.ConnectError("refused"), PrinterOffline),
        (httpx.Response(409, json={"error": "Printer is already printing"}), PrinterBusy),
        (httpx.Response(404), PrinterRefused),
    ],
)
def test_an_unhappy_start_is_told_apart(
    answer: httpx.Response | Exception, error: type[DriverFault]
) -> None:
    host = FakeOctoPrint(at(f"POST {FILE}", answer))
    driver = host.driver()
    with pytest.raises(error, match=r"\.$"):
        driver.start(REMOTE)
    assert host.asked.count(f"POST {FILE}") == 1
    driver.close()


def test_nothing_is_started_when_the_printer_is_busy_away_or_the_file_changed() -> None:
    host = FakeOctoPrint()
    driver = host.driver()
    host.prints("b.gcode")
    with pytest.raises(PrinterBusy, match=r"b\.gcode"):
        driver.start(REMOTE)
    host.prints("b.gcode", state="Offline after error")
    with pytest.raises(PrinterRefused, match="not ready"):
        driver.start(REMOTE)
    host.prints("", state="Operational")
    host.file = {"size": 1}
    with pytest.raises(PrinterRefused, match="as it was uploaded"):
        driver.start(REMOTE)
    assert f"POST {FILE}" not in host.asked
    driver.close()


def test_an_upload_is_compared_by_sha1_and_size_and_removed_when_it_differs(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.gcode"
    path.write_bytes(GCODE)
    host = FakeOctoPrint()
    driver = host.driver()
    assert driver.upload(path, REMOTE.sha256, "a.gcode") == REMOTE
    for there in ({"hash": "0" * 40, "size": len(GCODE)}, {"hash": SHA1, "size": 3}, None):
        host.file = there
        with pytest.raises(UploadCorrupt, match="removed"):
            driver.upload(path, REMOTE.sha256, "a.gcode")
        assert host.asked[-1] == f"DELETE {FILE}"
    driver.close()


def test_a_file_that_octoprint_would_call_otherwise_is_not_left_there(tmp_path: Path) -> None:
    path = tmp_path / "a.gcode"
    path.write_bytes(GCODE)
    other = httpx.Response(201, json={"files": {"local": {"path": "a_.gcode"}}})
    host = FakeOctoPrint(at("POST /api/files/local", other))
    driver = host.driver()
    with pytest.raises(UploadCorrupt):
        driver.upload(path, REMOTE.sha256, "a.gcode")
    assert host.asked[-1] == "DELETE /api/files/local/a_.gcode"
    driver.close()


def test_a_refused_key_is_said_in_words() -> None:
    driver = FakeOctoPrint(at("GET /api/job", httpx.Response(403))).driver()
    with pytest.raises(DriverFault, match="API key"):
        driver.find("a.gcode")
    driver.close()
