"""Widths and distances of lines, read back from G-code."""

import pytest

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.engines.base import SlicingFailed, finish
from parts3d.slicing.engines.cura import CuraEngine, part_moves
from parts3d.slicing.engines.cura_settings import cura_settings, extruder_settings
from parts3d.slicing.gcode import read
from parts3d.slicing.placement import place
from parts3d.slicing.profiles import materials, profile
from parts3d.slicing.spacing import line_faults, measure_lines, spacing_mm
from tests.slicing.conftest import SliceShape
from tests.slicing.shapes import box_stl

CUBE = box_stl(24, 24, 16)
PLA = Recipe(material="PLA")
AREA_MM2 = 2.40528


def lines(apart_mm: float, section_mm2: float, kind: str = "SKIN", count: int = 60) -> bytes:
    """One line of a first layer, then a field of parallel lines 40 mm long, to and fro."""
    e = 40 * section_mm2 / AREA_MM2
    rows = ["G28", "M83", "G1 Z0.2 F600", f";TYPE:{kind}", "G1 X50 E9 F1200", "G1 Z0.4"]
    for number in range(count):
        x0, x1 = (100, 140) if number % 2 == 0 else (140, 100)
        y = 50 + number * apart_mm
        rows += [f"G1 X{x0} Y{y:.4f} E0.01", f"G1 X{x1} Y{y:.4f} E{e:.5f}"]
    return "\n".join([*rows, ""]).encode()


def test_width_and_distance_are_read_from_the_moves() -> None:
    made = measure_lines(read(lines(0.45, 0.09)), "solid", 1.75)
    assert made.spacing_mm == pytest.approx(0.45, abs=1e-3)
    assert made.section_mm2 == pytest.approx(0.09, rel=1e-3)
    assert made.length_mm == pytest.approx(60 * 40 + 60 * 0.45, rel=0.05)
    assert measure_lines(read(lines(0.45, 0.09)), "infill", 1.75).section_mm2 is None


@pytest.mark.parametrize(
    ("kind", "apart_mm", "section_mm2", "words"),
    [
        ("SKIN", 0.407, 0.0814, ""),
        ("SKIN", 0.55, 0.0814, "solid areas are 0.55 mm apart, not 0.41 mm as asked"),
        ("SKIN", 0.30, 0.0814, "solid areas are 0.30 mm apart"),
        ("FILL", 2.0, 0.0814, ""),
        ("FILL", 2.0, 0.12, "infill hold 0.120 mm² of plastic, not 0.081 mm² as asked"),
        ("Internal infill", 2.0, 0.06, "infill hold 0.060 mm²"),
        ("WALL-OUTER", 3.0, 0.2, "outer walls hold 0.200 mm²"),
        ("Perimeter", 3.0, 0.03, "inner walls hold 0.030 mm²"),
        # Walls of thin parts are narrower than asked, and rightly so.
        ("External perimeter", 3.0, 0.06, ""),
    ],
)
def test_lines_that_are_not_as_asked_are_said(
    kind: str, apart_mm: float, section_mm2: float, words: str
) -> None:
    said = " ".join(line_faults(read(lines(apart_mm, section_mm2, kind)), profile("mk3s"), PLA))
    assert words in said
    assert bool(said) == bool(words)


def test_a_few_lines_are_not_judged() -> None:
    assert line_faults(read(lines(0.6, 0.2, count=10)), profile("mk3s"), PLA) == ()


def test_lines_are_as_wide_and_as_far_apart_as_asked(slice_shape: SliceShape) -> None:
    """For every printer model and both engines: tests/hosts/test_lines_as_asked.py."""
    for model in ("mk3s", "neptune4"):
        path, widths = read(slice_shape(CUBE, model).gcode), profile(model).widths
        asked_mm = spacing_mm(widths.line, 0.2)
        for role in ("wall_outer", "wall_inner", "infill", "solid"):
            made = measure_lines(path, role, 1.75)
            assert made.section_mm2 == pytest.approx(asked_mm * 0.2, rel=0.03), role
        assert measure_lines(path, "solid", 1.75).spacing_mm == pytest.approx(asked_mm, rel=0.03)


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("infill_line_width", 0.6, "infill hold"),
        ("skin_line_width", 0.6, "solid areas are"),
        ("material_flow", 130, "infill hold"),
        ("initial_layer_line_width_factor", 140, "on the bed hold"),
    ],
)
def test_a_width_or_flow_that_was_not_asked_is_refused(
    cura: CuraEngine, setting: str, value: float, words: str
) -> None:
    mk3s, pla = profile("mk3s"), materials()["PLA"]
    settings = cura_settings(mk3s, pla, PLA) | {setting: value}
    if setting == "material_flow":
        # The engine derives nothing: each kind of line has a flow of its own.
        flows = ("wall_0", "wall_x", "skin", "infill", "roofing")
        settings |= {f"{name}_material_flow": value for name in flows}
    part = place(CUBE)
    raw = part_moves(cura.raw_gcode(part.stl, settings, extruder_settings(mk3s)))
    with pytest.raises(SlicingFailed, match=words):
        finish(raw, part, mk3s, pla, PLA, cura)
