"""The real PrusaSlicer, where it is installed: run by ``make test-hosts``."""

import re
import subprocess
from pathlib import Path

import pytest

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.cura_install import ensure_installed
from parts3d.slicing.engines.cura import CuraEngine
from parts3d.slicing.engines.prusaslicer import PrusaSlicer, find_program
from parts3d.slicing.engines.prusaslicer_settings import ini, prusaslicer_settings
from parts3d.slicing.gcode import inspect, read
from parts3d.slicing.placement import place
from parts3d.slicing.profiles import materials, printer_models, profile
from tests.slicing.shapes import box_stl, cylinder_stl, table_stl

BOX = box_stl(30, 20, 8)
SHAPES = {"box": BOX, "cylinder": cylinder_stl(12, 20), "table": table_stl()}


@pytest.fixture(scope="session")
def program() -> Path:
    found = find_program()
    assert found is not None, "Install PrusaSlicer to run the tests of hosts."
    return found


RECIPES = (
    Recipe(material="PLA"),
    Recipe(material="PETG", infill_percent=100),
    Recipe(material="ASA", infill_percent=0, brim_mm=5),
    Recipe(material="TPU", infill_pattern="lines", layer_height_mm=0.3),
    Recipe(material="ABS", infill_pattern="grid", supports=True, wall_count=4),
)


@pytest.mark.parametrize(
    ("printer_model", "recipe"),
    [
        pytest.param(model, recipe, id=f"{model}-{recipe.material}")
        for model in printer_models()
        for recipe in RECIPES
        if recipe.material in profile(model).temperatures
    ],
)
def test_every_recipe_is_sliced_and_passes_our_checks(
    program: Path, recipe: Recipe, printer_model: str
) -> None:
    result = PrusaSlicer(program).slice(
        table_stl() if recipe.supports else BOX,
        profile(printer_model),
        materials()[recipe.material],
        recipe,
    )
    made = inspect(read(result.gcode)).extruded_mm_by_role
    assert (made["support"] > 0) == recipe.supports
    # "other" would mean a type of line that we do not know.
    assert made["other"] == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_our_time_and_filament_are_those_that_the_program_states(
    program: Path, tmp_path: Path, shape: str
) -> None:
    mk3s, pla, recipe = profile("mk3s"), materials()["PLA"], Recipe(material="PLA")
    (tmp_path / "part.stl").write_bytes(place(SHAPES[shape]).stl)
    (tmp_path / "c.ini").write_text(ini(prusaslicer_settings(mk3s, pla, recipe)))
    subprocess.run(
        [program, "--load", "c.ini", "--center", "125,105", "--export-gcode", "part.stl"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    stated = (tmp_path / "part.gcode").read_text()
    filament = re.search(r"; filament used \[mm\] = ([\d.]+)", stated)
    time = re.search(r"printing time \(normal mode\) = (?:(\d+)m )?(\d+)s", stated)
    assert filament is not None
    assert time is not None
    stated_seconds = 60 * int(time[1] or 0) + int(time[2])
    ours = PrusaSlicer(program).slice(SHAPES[shape], mk3s, pla, recipe)
    assert ours.filament_mm == pytest.approx(float(filament[1]), rel=0.01)
    assert ours.print_seconds == pytest.approx(stated_seconds, rel=0.04)


@pytest.mark.parametrize("printer_model", printer_models())
@pytest.mark.parametrize("shape", SHAPES)
def test_both_engines_use_about_the_same_plastic_and_time(
    program: Path, shape: str, printer_model: str
) -> None:
    ensure_installed()
    asked = (profile(printer_model), materials()["PLA"], Recipe(material="PLA"))
    prusa = PrusaSlicer(program).slice(SHAPES[shape], *asked)
    cura = CuraEngine().slice(SHAPES[shape], *asked)
    assert cura.layers == pytest.approx(prusa.layers, abs=1)
    assert cura.filament_mm == pytest.approx(prusa.filament_mm, rel=0.06)
    assert cura.print_seconds == pytest.approx(prusa.print_seconds, rel=0.25)
