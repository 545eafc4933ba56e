"""The shipped catalogue, founded and sliced as the demo does it, with the engine that is there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from parts3d.demo.places import POINTS
from parts3d.slicing.cura_install import ensure_installed

ROOT = Path(__file__).resolve().parents[2]
MODELS = sorted({printer.model for point in POINTS for printer in point.printers})


def parts3d(*words: str, data: Path) -> subprocess.CompletedProcess[str]:
    """Run one of our commands on a data folder."""
    environment = {
        **os.environ,
        "PARTS3D_DATA_DIR": str(data),
        "PARTS3D_SLICED_MODELS": ",".join(MODELS),
    }
    return subprocess.run(
        [sys.executable, "-m", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


@pytest.mark.timeout(1200)
def test_every_part_on_sale_is_sliced_for_every_printer_of_the_demo_that_it_fits(
    tmp_path: Path,
) -> None:
    ensure_installed()
    address = "http://127.0.0.1:9"
    made = parts3d("parts3d.demo.founding", str(ROOT / "catalogue"), address, data=tmp_path)
    assert made.returncode == 0, made.stderr
    before = parts3d("parts3d", "slices", "status", "--check", data=tmp_path)
    assert before.returncode == 1, before.stdout
    sliced = parts3d("parts3d", "slices", "rebuild", "--yes", data=tmp_path)
    assert sliced.returncode == 0, sliced.stdout + sliced.stderr
    after = parts3d("parts3d", "slices", "status", "--check", "--json", data=tmp_path)
    assert after.returncode == 0, after.stdout + after.stderr
    coverage = json.loads(after.stdout)["coverage"]
    assert coverage["is_whole"]
    assert coverage["gaps"] == []
    assert coverage["parts"] == 6
    assert coverage["sliced"] + coverage["unfit"] >= coverage["parts"]
