"""Several copies on one bed: where they lie, and what is printed of them."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.slicing.engines.base import SliceResult
from parts3d.slicing.engines.cura import CuraEngine
from parts3d.slicing.gcode import ROLE_NUMBER, Toolpath, inspect, read
from parts3d.slicing.placement import place_copies
from parts3d.slicing.plates import (
    MOST_COPIES,
    Spot,
    copies_per_plate,
    gap_mm,
    plate_spots,
)
from parts3d.slicing.profiles import printer_models, profile
from parts3d.slicing.verify import copy_faults
from tests.slicing.conftest import SliceShape
from tests.slicing.shapes import box_stl

sides = st.floats(0.5, 400)
sizes = st.tuples(sides, sides, st.floats(0.2, 250))
models = st.sampled_from(printer_models())
brims = st.sampled_from([0.0, 3.0, 8.0])
Box = tuple[float, float, float, float]
BOX = box_stl(20, 12, 4)


def boxes(spots: list[Spot], size: tuple[float, float, float]) -> list[Box]:
    found = []
    for spot in spots:
        x, y = (size[1], size[0]) if spot.turned else size[:2]
        found.append((spot.x_mm - x / 2, spot.y_mm - y / 2, spot.x_mm + x / 2, spot.y_mm + y / 2))
    return found


@given(size=sizes, model=models, brim=brims, wanted=st.integers(1, MOST_COPIES))
def test_copies_lie_on_the_bed_in_its_middle_and_never_touch(
    size: tuple[float, float, float], model: str, brim: float, wanted: int
) -> None:
    printer = profile(model)
    most = copies_per_plate(size, printer, brim)
    spots = plate_spots(size, printer, wanted, brim)
    assert len(spots) == (wanted if wanted <= most else 0)
    if not spots:
        return
    placed = boxes(spots, size)
    margin = max(3.0, brim)
    low_x, low_y = min(box[0] for box in placed), min(box[1] for box in placed)
    high_x, high_y = max(box[2] for box in placed), max(box[3] for box in placed)
    assert high_x - low_x <= printer.bed_x_mm - 2 * margin + 0.01
    assert high_y - low_y <= printer.bed_y_mm - 2 * margin + 0.01
    assert (low_x + high_x, low_y + high_y) == pytest.approx((0, 0), abs=1e-6)
    gap = gap_mm(brim) - 0.01
    for one, other in combinations(placed[:20], 2):
        apart_x = max(one[0] - other[2], other[0] - one[2])
        apart_y = max(one[1] - other[3], other[1] - one[3])
        assert max(apart_x, apart_y) >= gap


@given(size=sizes, model=models)
def test_a_smaller_part_never_has_fewer_copies_on_a_grid(
    size: tuple[float, float, float], model: str
) -> None:
    half = (size[0] / 2, size[1] / 2, size[2])
    assert copies_per_plate(half, profile(model)) >= copies_per_plate(size, profile(model))


@given(size=sizes, model=models, wanted=st.integers(1, MOST_COPIES))
def test_the_same_plate_is_laid_out_the_same_way(
    size: tuple[float, float, float], model: str, wanted: int
) -> None:
    first = plate_spots(size, profile(model), wanted)
    assert first == plate_spots(size, profile(model), wanted)


def test_a_strip_beside_the_grid_is_filled_with_turned_copies() -> None:
    # Two of 100 x 200 stand side by side on a bed of 250 x 210; nothing else fits.
    assert copies_per_plate((100, 200, 10), profile("mk3s")) == 2
    # Three lie one above the other; a fourth stands beside them.
    assert copies_per_plate((150, 60, 10), profile("mk3s")) == 4
    assert copies_per_plate((140, 90, 10), profile("mk3s")) == 3


def test_what_is_higher_than_the_printer_lies_on_no_plate() -> None:
    assert copies_per_plate((10, 10, 211), profile("mk3s")) == 0
    assert copies_per_plate((260, 10, 10), profile("mk3s")) == 0


@pytest.fixture(scope="module")
def one(slice_shape: SliceShape) -> SliceResult:
    return slice_shape(BOX)


@pytest.fixture(scope="module")
def plate(cura: CuraEngine) -> SliceResult:
    from parts3d.catalogue.recipe import Recipe
    from parts3d.slicing.profiles import materials

    recipe = Recipe(material="PLA")
    return cura.slice(BOX, profile("mk3s"), materials()["PLA"], recipe, copies=6)


def islands(path: Toolpath) -> int:
    """Outer walls of the first layer that do not touch, by the cells of 3 mm they pass."""
    wall = path.printing & (path.role == ROLE_NUMBER["wall_outer"])
    wall &= path.end[:, 2] <= path.end[wall, 2].min() + 1e-6
    cells: set[tuple[int, int]] = set()
    for start, end in zip(path.start[wall, :2], path.end[wall, :2], strict=True):
        steps = np.linspace(0, 1, 2 + int(np.linalg.norm(end - start)))
        points = start + (end - start) * steps[:, None]
        cells |= {(int(x // 3), int(y // 3)) for x, y in points}
    count = 0
    while cells:
        count += 1
        edge = [cells.pop()]
        while edge:
            x, y = edge.pop()
            near = {(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & cells
            cells -= near
            edge += near
    return count


def test_a_plate_of_six_prints_six_separate_parts_inside_the_bed(plate: SliceResult) -> None:
    path = read(plate.gcode)
    assert islands(path) == 6
    bounds = inspect(path).bounds_mm
    assert bounds is not None
    (x0, y0), (x1, y1) = bounds
    assert x0 > 0
    assert y0 > 0
    assert x1 < profile("mk3s").bed_x_mm
    assert y1 < profile("mk3s").bed_y_mm


def test_a_plate_takes_the_filament_of_its_copies_and_less_time_each(
    one: SliceResult, plate: SliceResult
) -> None:
    # One skirt for all: a little less than six times.
    assert plate.filament_mg == pytest.approx(6 * one.filament_mg, rel=0.12)
    assert plate.layers == one.layers
    assert one.print_seconds < plate.print_seconds < 6 * one.print_seconds
    assert (one.copies, plate.copies) == (1, 6)
    assert plate.part_mm == one.part_mm == pytest.approx((20, 12, 4))


def test_a_plate_that_lost_a_copy_is_found_out(plate: SliceResult) -> None:
    path = read(plate.gcode)
    placed = place_copies(BOX, profile("mk3s"), copies=6)
    assert copy_faults(path, placed) == ()
    lost = path.printing & (path.end[:, 0] < path.end[path.printing, 0].mean())
    lost &= path.end[:, 1] < path.end[path.printing, 1].mean()
    path.extruded[lost] = 0
    words = " ".join(copy_faults(path, placed))
    assert "without a first layer" in words
    assert "Copy " in words
