import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from parts3d.cli import COMMANDS
from parts3d.embedded.broker import Broker, choose_broker, redis_child
from parts3d.embedded.children import (
    agent_child,
    answers_http,
    free_port,
    network_environment,
    worker_child,
)
from parts3d.embedded.supervisor import Supervisor
from parts3d.errors import Unavailable
from parts3d.settings import Settings
from tests.support.processes import is_alive, processes_naming, until


def call(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "parts3d", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PARTS3D_DATA_DIR": str(data), "NO_COLOR": "1", "COLUMNS": "120"},
    )


def test_help_names_every_command_and_imports_none(tmp_path: Path) -> None:
    told = call(tmp_path, "--help")
    assert told.returncode == 0
    for name in COMMANDS:
        assert f" {name} " in told.stdout
    heavy = ["numpy", "sqlalchemy", "celery", "fastapi", "trimesh"]
    script = (
        "import sys; from parts3d.cli import build; build(None);"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name: str, tmp_path: Path) -> None:
    told = call(tmp_path, name, "--help")
    assert told.returncode == 0, told.stderr
    assert "Usage" in told.stdout


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = call(tmp_path, "serve", "--port", str(port))
        assert told.returncode == 1
        assert f"Port {port} is taken" in told.stderr
        assert "--next-port" in told.stderr
        assert "Traceback" not in told.stderr
        assert free_port(port) > port


def test_no_free_port_at_all_is_said_too() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Unavailable, match="taken"):
            free_port(taken.getsockname()[1], tries=1)


def test_a_broker_that_is_forced_and_missing_stops_the_worker_with_a_sentence(
    tmp_path: Path,
) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "parts3d", "worker"],
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": str(tmp_path),
            "PARTS3D_DATA_DIR": str(tmp_path),
            "PARTS3D_BROKER": "path",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )
    assert told.returncode == 1
    assert "Install Redis" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_real_worker_finds_all_tasks_and_stops_when_told(tmp_path: Path) -> None:
    broker = choose_broker(Settings(data_dir=tmp_path, broker="wheel"))
    environment = network_environment(tmp_path, broker)
    log = tmp_path / "logs" / "worker.log"
    with Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(redis_child(broker), worker_child(environment))
        until(lambda: log.exists() and "ready" in log.read_text(), seconds=60, what="the worker")
        supervisor.kill("worker", signal.SIGTERM)
        until(lambda: supervisor.starts("worker") == 2, what="its end and its next start")
        assert "Warm shutdown" in log.read_text()
        pid = supervisor.pid("worker")
    assert pid is None or not is_alive(pid)
    assert processes_naming(str(tmp_path)) == []


def test_children_agree_on_folder_and_broker(tmp_path: Path) -> None:
    there = network_environment(tmp_path, Broker("outside", "redis://r"), {"PARTS3D_DEMO": "1"})
    assert there["PARTS3D_REDIS_URL"] == "redis://r"
    assert there["PARTS3D_DEMO"] == "1"
    without = network_environment(tmp_path, Broker("filesystem", None))
    assert without["PARTS3D_BROKER"] == "filesystem"
    assert "PARTS3D_REDIS_URL" not in without
    agent = agent_child("agent-huy", tmp_path / "agent.toml")
    assert agent.command[-3:] == ("--config", str(tmp_path / "agent.toml"), "--die-with-parent")


def test_nobody_answers_on_a_free_port() -> None:
    assert not answers_http(free_port(42_000))


def test_a_wrong_setting_is_named_in_a_sentence_and_its_value_is_not_shown(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "parts3d.cli", "promises", "explain", "X"],
        env={**os.environ, "PARTS3D_DATA_DIR": str(tmp_path), "PARTS3D_HOLDS_PER_ADDRESS": "-77"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("PARTS3D_HOLDS_PER_ADDRESS: Input should be greater")
    assert "Traceback" not in done.stderr
    assert "77" not in done.stderr
