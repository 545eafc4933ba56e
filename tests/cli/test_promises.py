"""``parts3d promises``, as it is typed: explain, close, replan."""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from parts3d.db import Database
from tests.support.network import placed, settings_for, small_network


def promises(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "parts3d", "promises", *words],
        env={**os.environ, "PARTS3D_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def number(sqlite_database: Database, tmp_path: Path, now: datetime) -> str:
    network = small_network(sqlite_database, now)
    return placed(sqlite_database, settings_for(tmp_path), network).number


def test_an_order_is_explained_and_its_decision_computed_again(number: str, tmp_path: Path) -> None:
    said = promises(tmp_path, "explain", number)
    assert said.returncode == 0, said.stderr
    assert "Ready" in said.stdout
    assert "Computed again from what was stored: the same answer." in said.stdout
    data = json.loads(promises(tmp_path, "explain", number.lower(), "--json").stdout)
    [decision] = data["decisions"]
    assert decision["same"] is True
    assert decision["reasons"]
    unknown = promises(tmp_path, "explain", "P3D-0000-0000")
    assert unknown.returncode == 1
    assert "No order has the number" in unknown.stderr


def test_a_point_is_closed_and_its_orders_are_looked_at(number: str, tmp_path: Path) -> None:
    assert number
    tomorrow = (datetime.now().astimezone() + timedelta(days=1)).isoformat()
    said = promises(tmp_path, "close", "45", "--until", tomorrow, "--reason", "Snow")
    assert said.returncode == 0, said.stderr
    assert "Closed: 1 points. 1 orders to look at" in said.stdout
    assert "Done: 1 orders looked at." in said.stdout
    assert "Done: 0 orders looked at." in promises(tmp_path, "replan").stdout
    wrong = promises(tmp_path, "close", "Atlantis", "--until", tomorrow, "--reason", "Sea")
    assert wrong.returncode == 1
    assert "no point of this name" in wrong.stderr
