"""``parts3d simulate``, called as typer calls it."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import typer
from typer.testing import CliRunner, Result

from parts3d.cli.simulate import simulate
from parts3d.simulation.scenarios import shipped

FIGURES = {
    "kept",
    "kept_same_day",
    "kept_at_point",
    "promised_same_day_before_15",
    "ready_same_day_before_15",
    "median_wait_h",
    "late_mean_min",
    "late_median_min",
    "moved",
    "refused",
    "worst_day_kept",
    "utilisation",
    "decisions",
    "ms_per_decision_p50",
    "ms_per_decision_p99",
    "orders",
}
TINY = """[scenario]
name = "tiny"
warmup_days = 0
measure_days = 2
[network]
points = 4
area_km = 8.0
cities = 1
"""


def call(*words: str) -> Result:
    app = typer.Typer()
    app.command()(simulate)
    return CliRunner().invoke(app, [*words, "--workers", "1"])


def tiny(folder: Path) -> str:
    path = folder / "tiny.toml"
    path.write_text(TINY)
    return str(path)


def test_json_has_the_figures_that_were_promised_and_nothing_else(tmp_path: Path) -> None:
    told = call(tiny(tmp_path), "--json", "--policy", "oracle", "--policy", "next-day")
    assert told.exit_code == 0
    found = json.loads(told.stdout)
    assert set(found) == {"scenario", "policies"}
    assert found["scenario"] == "tiny"
    assert list(found["policies"]) == ["oracle", "next-day"]
    assert all(set(figures) == FIGURES for figures in found["policies"].values())
    assert found["policies"]["oracle"]["kept_same_day"] in {1.0, None}


def test_people_get_a_table_and_a_picture(tmp_path: Path) -> None:
    picture = tmp_path / "picture.svg"
    told = call(tiny(tmp_path), "--policy", "safety-lead", "--seeds", "2", "--plot", str(picture))
    assert told.exit_code == 0, told.output
    assert "tiny: 4 points, 2 days after 0, 40% offered load" in told.stdout
    assert "safety-lead" in told.stdout
    root = ET.fromstring(picture.read_text())  # noqa: S314 - our own file
    assert root.tag.endswith("svg")
    assert "Kept promises by day of the order" in picture.read_text()


def test_a_load_is_taken_instead_of_the_file_s(tmp_path: Path) -> None:
    few, many = (
        json.loads(call(tiny(tmp_path), "--json", "--policy", "next-day", "--load", load).stdout)
        for load in ("0.1", "0.9")
    )
    assert many["policies"]["next-day"]["orders"] > 3 * few["policies"]["next-day"]["orders"]


def test_what_is_wrong_is_said_in_words(tmp_path: Path) -> None:
    missing = call(str(tmp_path / "nothing.toml"))
    assert missing.exit_code == 2
    assert all(name in missing.stderr for name in shipped())
    unknown = call(tiny(tmp_path), "--policy", "hope")
    assert unknown.exit_code == 2
    assert 'There is no policy "hope". Choose from' in unknown.stderr
    png = call(tiny(tmp_path), "--plot", "picture.png")
    assert png.exit_code == 2
    assert "picture.svg" in png.stderr
    broken = tmp_path / "broken.toml"
    broken.write_text("[network]\npoint = 3\n")
    told = call(str(broken))
    assert told.exit_code == 2
    assert "broken.toml:2: network.point is not a key of a scenario" in told.stderr
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert call(str(binary)).exit_code == 2
