"""The built wheel in a clean environment: how much disk and memory a Raspberry Pi gives for it."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx
import pytest

from printer_agents.paired import KnownPrinter, Paired, save_paired

ROOT = Path(__file__).resolve().parents[2]
MOST_DISK_MB = 40
MOST_MEMORY_MB = 60
CONFIG = """
server_url = "http://127.0.0.1:9"
key_file = "agent.key"
data_dir = "data"
status_port = {port}

[[printers]]
id = "left"
driver = "virtual"
material = "PLA"
"""


def run(*command: str | Path, **more: object) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        **more,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def megabytes(folder: Path) -> float:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    # Blocks, as a disk counts.
    return sum(path.stat().st_blocks * 512 for path in files) / 1e6


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(Path(sys.executable).with_name("hatchling"), "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float, float]:
    """A clean environment with the wheel in it, and what it weighs empty and full."""
    home = tmp_path_factory.mktemp("clean")
    run(sys.executable, "-m", "venv", home)
    empty = megabytes(home)
    pip = [home / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    # No Node, no compiler: what comes is what runs.
    quiet = {**os.environ, "PATH": f"{home / 'bin'}:/usr/bin:/bin"}
    lock = ROOT / "requirements-agent.lock"
    run(*pip, "--only-binary=:all:", "--require-hashes", "-r", lock, env=quiet)
    run(*pip, "--no-deps", "--no-index", wheel, env=quiet)
    return home, empty, megabytes(home)


def test_the_wheel_carries_the_built_front_end(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "parts3d/static/built/manifest.json" in names
    assert "printer_agents/status/style.css" in names
    assert not [name for name in names if "node_modules" in name]


def test_the_install_is_small(installed: tuple[Path, float, float]) -> None:
    _home, empty, full = installed
    sys.stdout.write(f"\nagent: {full - empty:.1f} MB beyond an empty environment ({empty:.0f})\n")
    assert full - empty <= MOST_DISK_MB


def test_the_agent_rests_in_little_memory(
    installed: tuple[Path, float, float], tmp_path: Path
) -> None:
    home, _empty, _full = installed
    port = 17_130
    path = tmp_path / "agent.toml"
    path.write_text(CONFIG.format(port=port))
    agent = home / "bin/parts3d-agent"
    run(agent, "key", "--config", path)
    printers = {"left": KnownPrinter(id="p1", name="Left", model="mk3s")}
    paired = Paired(
        server_url="http://127.0.0.1:9",
        agent_id="a1",
        agent_name="Pi",
        point="Huy",
        printers=printers,
    )
    save_paired(tmp_path / "data", paired)
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([agent, "run", "--config", path], stderr=log)
        try:
            url = f"http://127.0.0.1:{port}/status.json"
            for _ in range(100):
                time.sleep(0.2)
                try:
                    answer = httpx.get(url)
                except httpx.HTTPError:
                    continue
                if answer.json()["printers"][0]["condition"] == "idle":
                    break
            time.sleep(3)
            status = Path(f"/proc/{process.pid}/status").read_text()
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=20) == 0, (tmp_path / "log").read_text()
    resident = int(status.split("VmRSS:")[1].split()[0]) / 1000
    sys.stdout.write(f"\nagent: {resident:.1f} MB of memory at rest\n")
    assert resident <= MOST_MEMORY_MB


def test_even_with_every_library_loaded_it_stays_within(
    installed: tuple[Path, float, float],
) -> None:
    code = (
        "import printer_agents.__main__, printer_agents.discovery, websockets.sync.client, "
        "paho.mqtt.client, printer_agents.status.server\n"
        "print(open('/proc/self/status').read().split('VmRSS:')[1].split()[0])"
    )
    resident = int(run(installed[0] / "bin/python", "-c", code)) / 1000
    sys.stdout.write(f"\nagent with every library: {resident:.1f} MB of memory\n")
    assert resident <= MOST_MEMORY_MB
