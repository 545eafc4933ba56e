"""Moonraker's words and traps, without a Moonraker: the real one is tried by the contract."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from printer_agents.config import MoonrakerSection
from printer_agents.drivers.base import JobOutcome, RemainingSource, RemoteFile
from printer_agents.drivers.moonraker import Moonraker
from printer_agents.drivers.moonraker_state import Status, ended, running, status_of
from printer_agents.errors import (
    DriverFault,
    PrinterBusy,
    PrinterOffline,
    PrinterRefused,
    StartUnanswered,
    UploadCorrupt,
)
from printer_agents.protocol import PrinterCondition

REMOTE = RemoteFile("a.gcode", "0" * 64, 9)
Handler = Callable[[httpx.Request], httpx.Response | None]


def klipper(**objects: dict[str, Any]) -> Status:
    return status_of("ready", "", {"webhooks": {"state": "ready"}, **objects})


def history(status: str, name: str = "a.gcode") -> dict[str, Any]:
    return {"job_id": "00000A", "filename": name, "status": status, "print_duration": 60.0}


class FakeMoonraker:
    """Answers as Moonraker does; ``say`` goes first."""

    def __init__(self, say: Handler = lambda _: None) -> None:
        self.say = say
        self.objects: dict[str, Any] = {
            "webhooks": {"state": "ready"},
            "print_stats": {"state": "standby"},
        }
        self.jobs: list[dict[str, Any]] = []
        self.asked: list[str] = []

    def driver(self) -> Moonraker:
        section = MoonrakerSection.model_validate(
            {
                "id": "p1",
                "driver": "moonraker",
                "material": "PLA",
                # Nothing listens there: push is not what is tried here.
                "options": {"url": "http://127.0.0.1:9"},
            }
        )
        return Moonraker(section, httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if (said := self.say(request)) is not None:
            return said
        match request.url.path:
            case "/server/info":
                return result(klippy_state="ready", klippy_connected=True)
            case "/printer/objects/query":
                return result(status=self.objects)
            case "/server/history/list":
                return result(jobs=self.jobs)
            case path if path.startswith("/server/files/gcodes/"):
                return httpx.Response(200, headers={"Content-Length": "9"})
            case _:
                return result()


def result(**values: Any) -> httpx.Response:
    return httpx.Response(200, json={"result": values})


def at(path: str, answer: httpx.Response | Exception) -> Handler:
    def say(request: httpx.Request) -> httpx.Response | None:
        if request.url.path != path:
            return None
        if isinstance(answer, Exception):
            raise answer
        return answer

    return say


def test_after_an_emergency_stop_the_paused_print_is_no_print() -> None:
    status = status_of(
        "ready",
        "",
        {
            "webhooks": {"state": "shutdown", "state_message": "Command request\nOnce more"},
            "print_stats": {"state": "paused", "filename": "a.gcode"},
        },
    )
    assert status.condition is PrinterCondition.ERROR
    assert status.message == "Command request"
    assert not status.holding


def test_complete_is_said_before_the_last_moves_are_made() -> None:
    stats = {"state": "complete", "filename": "a.gcode"}
    moving = klipper(print_stats=stats, idle_timeout={"state": "Printing"})
    assert moving.condition is PrinterCondition.FINISHING
    over = klipper(print_stats=stats, idle_timeout={"state": "Ready"})
    assert over.condition is PrinterCondition.IDLE


def test_heating_is_preparing_until_the_first_line_of_plastic() -> None:
    stats = {"state": "printing", "filename": "a.gcode", "print_duration": 0.0}
    assert klipper(print_stats=stats).condition is PrinterCondition.PREPARING
    stats["print_duration"] = 0.1
    assert klipper(print_stats=stats).condition is PrinterCondition.PRINTING


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("completed", JobOutcome.COMPLETED),
        ("cancelled", JobOutcome.CANCELLED),
        ("error", JobOutcome.FAILED),
        ("klippy_shutdown", JobOutcome.FAILED),
        ("klippy_disconnect", JobOutcome.FAILED),
        ("interrupted", JobOutcome.FAILED),
        ("something new", JobOutcome.FAILED),
        ("in_progress", JobOutcome.RUNNING),
    ],
)
def test_every_word_of_the_history_has_a_meaning(word: str, outcome: JobOutcome) -> None:
    seen = ended(history(word), klipper(print_stats={"state": "standby"}), "a.gcode")
    assert seen is not None
    assert seen.outcome is outcome
    assert (seen.detail is not None) == (outcome is JobOutcome.FAILED)


def test_a_print_that_outlived_moonraker_ended_as_klipper_says() -> None:
    own = klipper(print_stats={"state": "complete", "filename": "a.gcode"})
    seen = ended(history("interrupted"), own, "a.gcode")
    assert seen is not None
    assert seen.outcome is JobOutcome.COMPLETED
    other = klipper(print_stats={"state": "complete", "filename": "b.gcode"})
    seen = ended(history("interrupted"), other, "a.gcode")
    assert seen is not None
    assert seen.outcome is JobOutcome.FAILED


def test_a_print_that_the_history_missed_is_still_known_to_a_stopped_klipper() -> None:
    stopped = {"state": "shutdown", "state_message": "Lost communication"}
    stats = {"state": "complete", "filename": "a.gcode", "print_duration": 60.0}
    status = klipper(webhooks=stopped, print_stats=stats)
    seen = ended(None, status, "a.gcode")
    assert seen is not None
    assert (seen.outcome, seen.printed_seconds) == (JobOutcome.FAILED, 60.0)
    assert ended(None, status, "b.gcode") is None


def test_the_time_left_is_the_slicers_less_the_time_printed() -> None:
    status = klipper(
        print_stats={"state": "printing", "filename": "a.gcode", "print_duration": 100.0}
    )
    seen = running(status, 600.0)
    assert (seen.remaining_seconds, seen.remaining_source) == (500.0, RemainingSource.SLICER)
    assert running(status, None).remaining_source is None


def test_complete_by_a_klipper_that_then_stopped_is_no_end() -> None:
    host = FakeMoonraker()
    driver = host.driver()
    host.jobs = [history("completed")]
    host.objects["print_stats"] = {"state": "complete", "filename": "a.gcode"}
    seen = driver.find("a.gcode")
    assert seen is not None
    assert seen.outcome is JobOutcome.COMPLETED
    host.objects["webhooks"] = {"state": "shutdown", "state_message": "Lost communication"}
    for _ in range(2):
        seen = driver.find("a.gcode")
        assert seen is not None
        assert seen.outcome is JobOutcome.FAILED
        # Restarted by a person: it has forgotten, we have not.
        host.objects["webhooks"] = {"state": "ready"}
        host.objects["print_stats"] = {"state": "standby", "filename": ""}
    driver.close()


def test_starts_are_numbered_by_the_newest_job_of_the_history() -> None:
    host = FakeMoonraker()
    driver = host.driver()
    assert driver.snapshot().jobs_started == 0
    host.jobs = [history("in_progress")]
    assert driver.snapshot().jobs_started == 10
    host.say = at("/server/history/list", httpx.Response(404))
    assert driver.snapshot().jobs_started is None
    driver.close()


def test_a_klipper_that_is_away_is_connecting_not_offline() -> None:
    host = FakeMoonraker(at("/server/info", result(klippy_state="x", klippy_connected=False)))
    driver = host.driver()
    assert driver.snapshot().condition is PrinterCondition.CONNECTING
    host.say = at("/printer/objects/query", httpx.Response(503))
    assert driver.snapshot().condition is PrinterCondition.CONNECTING
    driver.close()


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (httpx.ReadTimeout("slow"), StartUnanswered, "did not answer"),
        (httpx.RemoteProtocolError("gone"), StartUnanswered, "did not answer"),
        (httpx.Response(504), StartUnanswered, "504"),
        (httpx.ConnectError("refused"), PrinterOffline, "does not answer"),
        (
            httpx.Response(400, json={"error": {"message": "SD busy"}}),
            PrinterBusy,
            "SD busy",
        ),
        (
            httpx.Response(400, json={"error": {"message": "Unable to open file"}}),
            PrinterRefused,
            "Unable to open file",
        ),
    ],
)
def test_an_unhappy_start_is_told_apart(
    answer: httpx.Response | Exception, error: type[DriverFault], words: str
) -> None:
    host = FakeMoonraker(at("/printer/print/start", answer))
    driver = host.driver()
    with pytest.raises(error, match=words):
        driver.start(REMOTE)
    assert host.asked.count("POST /printer/print/start") == 1
    driver.close()


def test_nothing_is_started_when_klipper_is_busy_or_stopped() -> None:
    host = FakeMoonraker()
    driver = host.driver()
    host.objects["print_stats"] = {"state": "paused", "filename": "b.gcode"}
    with pytest.raises(PrinterBusy, match=r"b\.gcode"):
        driver.start(REMOTE)
    host.objects["webhooks"] = {"state": "shutdown", "state_message": "MCU lost."}
    with pytest.raises(PrinterRefused, match="MCU lost"):
        driver.start(REMOTE)
    assert "POST /printer/print/start" not in host.asked
    driver.close()


def test_a_wrong_checksum_at_the_host_is_a_corrupt_upload_and_a_short_file_too(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.gcode"
    path.write_bytes(b"G28\nG1 X1\n")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    host = FakeMoonraker(at("/server/files/upload", httpx.Response(422)))
    driver = host.driver()
    with pytest.raises(UploadCorrupt, match="damaged"):
        driver.upload(path, sha256, "a.gcode")
    host.say = lambda _: None
    with pytest.raises(UploadCorrupt, match="short"):  # the fake's files have nine bytes
        driver.upload(path, sha256, "a.gcode")
    assert host.asked[-1] == "DELETE /server/files/gcodes/a.gcode"
    driver.close()


def test_a_refused_key_is_said_in_words() -> None:
    driver = FakeMoonraker(at("/server/info", httpx.Response(401))).driver()
    with pytest.raises(DriverFault, match="API key"):
        driver.probe()
    driver.close()


def test_what_is_no_moonraker_is_said_in_words() -> None:
    for answer in (httpx.Response(200, text="<html>"), httpx.Response(200, json=[])):
        driver = FakeMoonraker(at("/server/info", answer)).driver()
        with pytest.raises(DriverFault, match="not Moonraker"):
            driver.snapshot()
        driver.close()


def test_a_picture_that_is_too_large_or_no_jpeg_is_left_there() -> None:
    webcams = result(webcams=[{"name": "bed", "snapshot_url": "/webcam/?action=snapshot"}])
    for body, taken in (
        (b"\xff\xd8small", True),
        (b"<html>", False),
        (b"\xff\xd8" + b"x" * 2_000_000, False),
    ):

        def say(request: httpx.Request, body: bytes = body) -> httpx.Response | None:
            if request.url.path == "/server/webcams/list":
                return webcams
            return httpx.Response(200, content=body) if "webcam" in request.url.path else None

        driver = FakeMoonraker(say).driver()
        assert driver.camera_jpeg() == (body if taken else None)
        driver.close()
