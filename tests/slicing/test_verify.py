"""The checks on a slice, by figures: each is a failure that no slicer reports."""

from dataclasses import replace

import pytest

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.gcode import Inspection
from parts3d.slicing.placement import PlacedPart
from parts3d.slicing.profiles import profile
from parts3d.slicing.verify import faults, layer_count

MK3S = profile("mk3s")
PART = PlacedPart(
    stl=b"", size_x_mm=40, size_y_mm=40, height_mm=20, volume_mm3=32_000, one_mm=(40, 40, 20)
)
SECTION_MM2 = 2.4053
GOOD = Inspection(
    layers=100,
    first_layer_z_mm=0.2,
    top_z_mm=20.0,
    bounds_mm=((105.2, 85.2), (144.8, 124.8)),
    filament_mm=5000,
    purge_mm=20,
    extruded_mm_by_role={
        "other": 0, "wall_outer": 500, "wall_inner": 500, "solid": 1500, "skirt_brim": 5,
        "support": 0, "infill": (32_000 - 2500 * SECTION_MM2) * 0.22 / SECTION_MM2,
    },
    max_nozzle_c=215,
    max_bed_c=60,
    heaters_off_at_end=True,
    moves=1000,
)  # fmt: skip


def said(found: Inspection, part: PlacedPart = PART, **recipe: object) -> str:
    asked = Recipe.model_validate({"material": "PLA", **recipe})
    return " ".join(faults(found, part, MK3S, asked))


def infill(factor: float) -> Inspection:
    made = GOOD.extruded_mm_by_role
    return replace(GOOD, extruded_mm_by_role={**made, "infill": made["infill"] * factor})


def test_a_good_slice_has_no_faults() -> None:
    assert said(GOOD) == ""


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (replace(GOOD, layers=0, bounds_mm=None), "made no layers"),
        (replace(GOOD, layers=50, top_z_mm=10.0), "50 layers up to 10.00 mm"),
        (replace(GOOD, first_layer_z_mm=0.6), "first layer is at 0.60 mm, not on the bed"),
        (replace(GOOD, bounds_mm=((-20, 85.2), (19.6, 124.8))), "beside the bed"),
        (replace(GOOD, bounds_mm=((115.2, 85.2), (154.8, 124.8))), "10.0, 0.0 mm off the middle"),
        (replace(GOOD, bounds_mm=((115, 85.2), (135, 124.8))), "20.00 mm long in x, not 40.00"),
        (replace(GOOD, max_nozzle_c=250), "nozzle is heated to 250 °C instead of 215 °C"),
        (replace(GOOD, max_bed_c=0), "bed is heated to 0 °C instead of 60 °C"),
        (infill(0), "filled to 0 %, not to 20 %"),
        (infill(0.5), "filled to 11 %"),
        (infill(3), "filled to 66 %"),
        (infill(8), "more than there is room for"),
    ],
)
def test_each_silent_failure_is_said(found: Inspection, words: str) -> None:
    assert words in said(found)


def test_infill_joined_along_the_walls_is_no_fault() -> None:
    # Joining takes up to one more line all round, as much plastic as the outer wall.
    assert said(infill(1.3)) == ""


def test_a_hollow_part_that_was_to_be_solid_is_a_fault() -> None:
    assert "was to be solid" in said(GOOD, infill_percent=100)


def test_without_a_closed_surface_the_filling_is_not_judged() -> None:
    assert said(infill(3), replace(PART, volume_mm3=0)) == ""


@pytest.mark.parametrize(
    ("height", "layer", "first", "count"),
    [(10, 0.2, 0.2, 50), (6, 0.3, 0.2, 20), (0.2, 0.2, 0.2, 1), (0.1, 0.2, 0.2, 1)],
)
def test_layers_are_counted_from_the_first(
    height: float, layer: float, first: float, count: int
) -> None:
    assert layer_count(height, layer, first) == count
