"""The program itself, as a process, against a server on a socket."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from printer_agents.__main__ import main
from printer_agents.config import load_config
from printer_agents.keys import load_key
from tests.agents.fake_server import FakeServer
from tests.agents.shop import GCODE

CONFIG = """
server_url = "http://127.0.0.1:{port}"
agent_id = "shop"
key_file = "agent.key"
data_dir = "data"

[intervals]
claim_wait_seconds = 0
poll_seconds = 0.05
progress_seconds = 0.2
steady_seconds = 0.2
settle_seconds = 0.3
bed_seconds = 0.2
retry_first_seconds = 0.05

[[printers]]
id = "p1"
driver = "virtual"
material = "PLA"
options = {{ speed = 20 }}
"""


class Stage:
    """A server on a socket and the agent's process."""

    def __init__(self, folder: Path) -> None:
        stage = self
        self.lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                url = f"http://127.0.0.1{self.path}"
                request = httpx.Request(self.command, url, headers=dict(self.headers), content=body)
                with stage.lock:
                    answer = stage.server._handle(request)
                self.send_response(answer.status_code)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST  # noqa: N815 - the name that http.server looks for

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.folder = folder
        self.config = folder / "agent.toml"
        self.config.write_text(CONFIG.format(port=self.http.server_port))
        assert main(["key", "--config", str(self.config)]) == 0
        key = load_key("shop", load_config(self.config).key_file)
        self.server = FakeServer(time.monotonic, key.public_key)
        self.server.bed_clear["p1"] = True
        self.processes: list[subprocess.Popen[bytes]] = []

    def run(self, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "printer_agents", "run", "--config", str(self.config)]
        self.processes.append(subprocess.Popen([*command, *options], stderr=subprocess.PIPE))
        return self.processes[-1]

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.http.shutdown()
        self.http.server_close()

    def starts(self) -> int:
        log = self.folder / "data" / "printers" / "p1" / "starts.log"
        return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.close()


def _until(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def test_killed_by_sigkill_in_mid_print_and_run_again_it_finishes_by_one_start(
    stage: Stage,
) -> None:
    job = stage.server.add("job-1", GCODE)
    process = stage.run()
    _until(lambda: job.status == "printing")
    memory = Path(f"/proc/{process.pid}/status")
    if memory.exists():
        line = next(n for n in memory.read_text().splitlines() if n.startswith("VmRSS"))
        assert int(line.split()[1]) < 60 * 1024
    process.kill()
    process.wait()
    process = stage.run()
    _until(lambda: job.status == "printed")
    assert stage.starts() == 1
    process.send_signal(signal.SIGTERM)
    _, words = process.communicate(timeout=20)
    assert process.returncode == 0, words.decode()
    assert b"Traceback" not in words
    assert b"took job-1" not in words  # that was the first life
    assert b"/agent/v1/gcode" not in words


def test_asked_to_end_many_times_at_once_it_ends(stage: Stage) -> None:
    # A parent of several threads that is killed sends a signal with each of them.
    for _ in range(3):
        process = stage.run()
        _until(lambda: "p1" in stage.server.printers)
        stage.server.printers.clear()
        for _ in range(300):
            if process.poll() is not None:
                break
            process.terminate()
        assert process.wait(timeout=20) == 0


def test_an_agent_whose_parent_has_gone_does_not_start(stage: Stage) -> None:
    process = stage.run("--die-with-parent", "1")
    if sys.platform == "linux" and os.getpid() != 1:
        assert process.wait(timeout=20) == 1


def test_status_tells_beds_and_work(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--config", str(stage.config)]) == 0
    assert "has not run yet" in capsys.readouterr().out
    process = stage.run()
    _until(lambda: "p1" in stage.server.printers)
    assert main(["status", "--config", str(stage.config)]) == 0
    assert "p1 (PLA): bed clear; nothing in hand" in capsys.readouterr().out
    process.terminate()
    assert process.wait(timeout=20) == 0


def test_key_prints_the_same_key_again(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["key", "--config", str(stage.config)]) == 0
    out = capsys.readouterr().out
    assert stage.server.public_key in out
    assert "fingerprint: " in out


def test_a_faulty_configuration_ends_with_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agent.toml"
    path.write_text("agent_id = 'x'")
    assert main(["run", "--config", str(path)]) == 1
    assert f"{path}: server_url: is missing." in capsys.readouterr().err
