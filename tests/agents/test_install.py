"""What the base install is made of: the agent, and nothing of the server."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVER_SIDE = {"parts3d", "fastapi", "sqlmodel", "sqlalchemy", "celery", "redis", "numpy", "jinja2"}
# Heavy or slow to import: typer brings pygments, and cryptography alone is 16 MB.
UNWANTED = {"typer", "cryptography"}
# Only a printer of that brand, or `init`, needs these.
ON_DEMAND = {"zeroconf", "paho", "websockets"}


def test_the_running_agent_imports_nothing_of_the_server_and_no_brand_it_does_not_drive() -> None:
    code = (
        "import sys, printer_agents.__main__, printer_agents.drivers.virtual, "
        "printer_agents.status.server, printer_agents.status.look\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(answer.stdout.split())
    assert "printer_agents" in loaded
    assert loaded & (SERVER_SIDE | UNWANTED | ON_DEMAND) == set()


def test_the_base_install_asks_for_no_server_library() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = (ROOT / "requirements-agent.lock").read_text()
    locked = {line.split("==")[0] for line in lock.splitlines() if "==" in line}
    assert len(project["dependencies"]) <= 6
    assert locked & (SERVER_SIDE | UNWANTED) == set()
