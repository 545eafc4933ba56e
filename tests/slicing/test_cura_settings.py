"""CuraEngine computes no derived setting: none may be left at a stale default."""

import pytest

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.cura_install import default_folder
from parts3d.slicing.engines.cura import CuraEngine
from parts3d.slicing.engines.cura_settings import cura_settings, infill_line_distance_mm
from parts3d.slicing.profiles import materials, printer_models, profile
from parts3d.slicing.spacing import spacing_mm
from tests.slicing.cura_formulas import Formulas

DEFINITION = default_folder() / "cura-wasm" / "src" / "definitions" / "fdmprinter.def.json"
RECIPES = (
    Recipe(material="PLA"),
    Recipe(material="PETG", supports=True, infill_pattern="lines", wall_count=4),
    Recipe(material="ABS", brim_mm=5, infill_percent=100, layer_height_mm=0.1),
    Recipe(material="TPU", infill_percent=0, top_layers=0, layer_height_mm=0.3),
    Recipe(material="ASA", infill_pattern="grid", infill_percent=55, bottom_layers=1),
)


@pytest.mark.usefixtures("cura")
@pytest.mark.parametrize(
    ("printer_model", "recipe"),
    [
        pytest.param(model, recipe, id=f"{recipe.material}-{model}")
        for model in printer_models()
        for recipe in RECIPES
        if recipe.material in profile(model).temperatures
    ],
)
def test_every_setting_exists_and_no_derived_one_is_left_behind(
    recipe: Recipe, printer_model: str
) -> None:
    given = cura_settings(profile(printer_model), materials()[recipe.material], recipe)
    formulas = Formulas(DEFINITION, given)
    assert [name for name in given if name not in formulas.rows] == []
    stale = {
        name: (row["default_value"], formulas.value(name))
        for name, row in formulas.rows.items()
        if name not in given and "value" in row and formulas.is_enabled(name)
        # The engine would use the default; Cura's front end would use the formula.
        if formulas.value(name) != pytest.approx(row["default_value"])
    }
    assert stale == {}


@pytest.mark.usefixtures("cura")
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: str(recipe.material))
def test_the_distance_of_infill_lines_is_what_the_definition_derives(recipe: Recipe) -> None:
    given = cura_settings(profile("mk3s"), materials()[recipe.material], recipe)
    del given["infill_line_distance"]
    derived = Formulas(DEFINITION, given).value("infill_line_distance")
    assert infill_line_distance_mm(profile("mk3s"), recipe) == pytest.approx(derived)


def test_the_version_names_engine_and_translation(cura: CuraEngine) -> None:
    assert cura.version == "1.5.2+t1"


def test_lines_that_touch_hold_the_plastic_of_their_rounded_section() -> None:
    # 0.45 x 0.2 mm with half-round ends: 0.0814 mm² = spacing x height.
    assert spacing_mm(0.45, 0.2) * 0.2 == pytest.approx(0.0814, abs=1e-4)
