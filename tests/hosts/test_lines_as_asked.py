"""Every printer model by both engines: what its lines really hold, and how far apart they lie."""

from collections.abc import Callable

import pytest

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.cura_install import ensure_installed
from parts3d.slicing.engines.base import Engine
from parts3d.slicing.engines.cura import CuraEngine
from parts3d.slicing.engines.prusaslicer import PrusaSlicer, find_program
from parts3d.slicing.gcode import PART_SECTION, inspect, read
from parts3d.slicing.profiles import materials, printer_models, profile
from parts3d.slicing.spacing import measure_lines, spacing_mm
from tests.slicing.shapes import box_stl

CUBE = box_stl(24, 24, 16)
PLA = Recipe(material="PLA")
DIAMETER_MM = 1.75


def _cura() -> Engine:
    ensure_installed()
    return CuraEngine()


def _prusaslicer() -> Engine:
    program = find_program()
    assert program is not None, "Install PrusaSlicer to run the tests of hosts."
    return PrusaSlicer(program)


@pytest.mark.parametrize("engine", [_cura, _prusaslicer])
@pytest.mark.parametrize("printer_model", printer_models())
def test_each_printer_gets_the_lines_that_its_profile_asks_for(
    printer_model: str, engine: Callable[[], Engine]
) -> None:
    printer = profile(printer_model)
    path = read(engine().slice(CUBE, printer, materials()["PLA"], PLA).gcode)
    line_mm = spacing_mm(printer.widths.line, PLA.layer_height_mm)
    for role in ("wall_outer", "wall_inner", "infill", "solid"):
        made = measure_lines(path, role, DIAMETER_MM)
        assert made.section_mm2 == pytest.approx(line_mm * PLA.layer_height_mm, rel=0.03), role
    assert measure_lines(path, "solid", DIAMETER_MM).spacing_mm == pytest.approx(line_mm, rel=0.03)
    first_mm = spacing_mm(printer.widths.first_layer, printer.first_layer_height_mm)
    bed = measure_lines(path, "solid", DIAMETER_MM, first_layer=True)
    assert bed.section_mm2 == pytest.approx(first_mm * printer.first_layer_height_mm, rel=0.03)
    assert bed.spacing_mm == pytest.approx(first_mm, rel=0.03)
    # On the bed, inside the bed, and no layer too few.
    found = inspect(path)
    assert found.first_layer_z_mm == pytest.approx(printer.first_layer_height_mm, abs=1e-3)
    assert found.layers == pytest.approx(
        1 + (16 - printer.first_layer_height_mm) / PLA.layer_height_mm, abs=1
    )
    ends = path.end[path.printing & (path.section == PART_SECTION)]
    assert ends[:, :2].min() >= 0
    assert ends[:, 0].max() <= printer.bed_x_mm
    assert ends[:, 1].max() <= printer.bed_y_mm
