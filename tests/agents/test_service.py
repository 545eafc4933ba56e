"""The systemd unit that keeps the agent running."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from printer_agents.__main__ import main
from printer_agents.commands.service import NAME, install_service
from printer_agents.config import read_config
from printer_agents.errors import ConfigFault

CONFIG = """
server_url = "http://server.test"
key_file = "agent.key"
data_dir = "data"

[[printers]]
id = "left"
driver = "virtual"
material = "PLA"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a shop" / "agent.toml"
    file.parent.mkdir()
    file.write_text(CONFIG)
    return file


def unit_of(folder: Path) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(folder / NAME)
    return {name: dict(parser[name]) for name in parser.sections()}


@pytest.mark.parametrize("user", [False, True], ids=["system", "user"])
def test_the_unit_restarts_always_is_hardened_and_needs_no_internet(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, user: bool
) -> None:
    ran: list[list[str]] = []

    def run(command: object) -> int:
        ran.append(list(command))  # type: ignore[call-overload]
        return 0

    assert install_service(path, user=user, account="daemon", folder=tmp_path, run=run) == 0
    unit = unit_of(tmp_path)
    service = unit["Service"]
    assert service["Restart"] == "always"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    assert "network-online" not in unit["Unit"]["After"]
    assert service["NoNewPrivileges"] == "yes"
    assert service["ExecStart"].endswith(f'run --config "{path}"')
    if not user:
        assert service["User"] == "daemon"
        assert service["ProtectSystem"] == "strict"
        assert service["ReadWritePaths"] == f'"{path.parent / "data"}"'
        assert service["CapabilityBoundingSet"] == ""
    assert read_config(path).data_dir.is_dir()
    assert f"{tmp_path / NAME} is written" in capsys.readouterr().out


@pytest.mark.parametrize("user", [False, True], ids=["system", "user"])
def test_systemd_finds_no_fault_in_the_unit(path: Path, tmp_path: Path, *, user: bool) -> None:
    # Where there is no systemd, the test above has read the text.
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return
    install_service(path, user=user, account="daemon", folder=tmp_path, run=lambda _command: 0)
    manager = ["--user"] if user else ["--system"]
    done = subprocess.run(
        [analyze, "verify", *manager, "--man=no", str(tmp_path / NAME)],
        capture_output=True,
        text=True,
        check=False,
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    about_ours = [line for line in done.stderr.splitlines() if "parts3d" in line]
    assert about_ours == []


def test_root_is_not_what_an_agent_runs_as(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="--account NAME"):
        install_service(path, user=False, account="root", folder=tmp_path)


def test_an_account_that_is_not_there_is_told(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="no account nobody-of-this-name"):
        install_service(path, user=False, account="nobody-of-this-name", folder=tmp_path)


def test_a_folder_that_cannot_be_written_says_sudo_or_user(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigFault, match="Run it with sudo, or use --user"):
        install_service(path, user=False, account="daemon", folder=tmp_path / "file")


def test_the_unit_can_be_looked_at_first(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--print", "--account", "daemon", "--config", str(path)]
    assert main(["install-service", *options]) == 0
    assert "[Service]" in capsys.readouterr().out
