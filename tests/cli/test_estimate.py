"""``parts3d estimate``, called as typer calls it."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from parts3d.cli.estimate import estimate
from parts3d.meshes.orient import write_stl
from tests.meshes import models, solids
from tests.meshes.solids import mesh

FIELDS = {
    *("file", "filament_mm", "filament_g", "print_seconds", "low", "high"),
    *("method", "engine", "elapsed_ms", "fits", "message"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "box.stl").write_bytes(write_stl(mesh(solids.box())))
    (tmp_path / "long.STL").write_bytes(write_stl(mesh(solids.box((400, 10, 10)))))
    (tmp_path / "words.stl").write_text("a letter to my aunt\n" * 20)
    return tmp_path


def call(*words: str) -> Result:
    app = typer.Typer()
    app.command()(estimate)
    return CliRunner().invoke(app, list(words))


def entries(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def test_each_file_has_an_entry_with_its_figures(folder: Path) -> None:
    result = call(str(folder / "box.stl"), "--json")
    (entry,) = entries(result)
    assert set(entry) == FIELDS
    assert entry["low"] < entry["print_seconds"] < entry["high"]
    assert entry["filament_g"] == pytest.approx(
        entry["filament_mm"] * 2.405 * 1.24 / 1000, rel=0.01
    )
    assert (entry["method"], entry["fits"], result.exit_code) == ("geometry", True, 0)


def test_a_part_that_does_not_fit_is_estimated_and_said_to_be_too_large(folder: Path) -> None:
    result = call(str(folder / "long.STL"), "--json", "--printer", "mini")
    (entry,) = entries(result)
    assert entry["print_seconds"] > 0
    assert "400 x 10 x 10 mm" in entry["message"]
    assert "180 x 180 x 180 mm" in entry["message"]
    assert result.exit_code == 1


def test_an_unreadable_file_has_an_entry_without_figures_and_the_worst_decides(
    folder: Path,
) -> None:
    result = call(str(folder), "--json")
    unread = next(entry for entry in entries(result) if entry["file"].endswith("words.stl"))
    assert unread["print_seconds"] is None
    assert "no model" in unread["message"]
    assert len(entries(result)) == 3
    assert result.exit_code == 2


def test_people_get_a_table(folder: Path) -> None:
    result = call(str(folder / "box.stl"))
    assert "min" in result.stdout
    assert " g " in result.stdout


def test_unknown_printers_and_materials_are_answered_with_the_known_ones(folder: Path) -> None:
    printer = call(str(folder / "box.stl"), "--printer", "replicator")
    assert (printer.exit_code, printer.stdout) == (2, "")
    assert "mk3s" in printer.stderr
    material = call(str(folder / "box.stl"), "--material", "oak")
    assert "PETG" in material.stderr


def test_a_material_in_small_letters_is_meant_all_the_same(folder: Path) -> None:
    assert call(str(folder / "box.stl"), "--material", "petg").exit_code == 0


def test_step_is_read_in_the_child(tmp_path: Path) -> None:
    (tmp_path / "box.step").write_bytes(models.step_box())
    (entry,) = entries(call(str(tmp_path / "box.step"), "--json"))
    assert entry["print_seconds"] > 0


def test_nothing_found_is_said(tmp_path: Path) -> None:
    result = call(str(tmp_path))
    assert "No model file was found" in result.stderr
    assert result.exit_code == 2
