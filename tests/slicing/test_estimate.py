"""The estimate: sections, drawn layers, and what comes of them for any mesh."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.catalogue.recipe import Recipe
from parts3d.meshes.measure import measure
from parts3d.meshes.reader import read
from parts3d.slicing.estimate.choosing import chosen_layers
from parts3d.slicing.estimate.estimate import Estimate, estimate
from parts3d.slicing.estimate.sections import outlines, sections
from parts3d.slicing.estimate.toolpaths import Kind, Surroundings, draw, spacing
from parts3d.slicing.profiles import materials, printer_models, profile
from tests.meshes import solids
from tests.meshes.hostile.horrors import HORRORS
from tests.meshes.solids import Triangles, mesh
from tests.slicing.shapes import box_stl

PLA = Recipe(material="PLA")


def estimated(triangles: Triangles, recipe: Recipe = PLA, printer: str = "mk3s") -> Estimate:
    return estimate(mesh(triangles), profile(printer), materials()[recipe.material], recipe)


def cut(triangles: Triangles, *heights: float) -> list[float]:
    topology = measure(mesh(triangles)).topology
    found = sections(topology.vertices, topology.faces, np.array(heights))
    return [one.area() for one in found]


def test_a_section_has_the_area_of_the_part_there() -> None:
    assert cut(solids.box((20, 30, 10)), -1, 5, 11) == pytest.approx([0, 600, 0])
    ring = 24 / 2 * math.sin(2 * math.pi / 24) * (10**2 - 6**2)
    assert cut(solids.tube(24), 7.3) == pytest.approx([ring], rel=1e-3)


def test_holes_are_left_open_whichever_way_the_facets_face() -> None:
    tube = solids.tube(24)
    assert cut(tube[:, ::-1].copy(), 7.3) == pytest.approx(cut(tube, 7.3))


def test_an_open_contour_is_closed_and_split_ones_are_joined() -> None:
    box = solids.box((20, 30, 10))
    wall = [row for row in range(12) if np.ptp(box[row, :, 2]) > 0][:1]
    assert cut(solids.without(box, *wall), 5) == pytest.approx([600], rel=0.3)


def test_bodies_that_touch_along_an_edge_are_both_cut() -> None:
    corner_to_corner = solids.together(
        solids.box((10, 10, 10)), solids.box((10, 10, 10), (10, 10, 0))
    )
    assert cut(corner_to_corner, 5) == pytest.approx([200], rel=1e-3)


def test_outlines_agree_with_sections() -> None:
    topology = measure(mesh(solids.tube(40))).topology
    heights = np.array([3.1, 9.9, 17.7])
    _, areas = outlines(topology.vertices, topology.faces, heights)
    assert areas == pytest.approx(
        [one.area() for one in sections(topology.vertices, topology.faces, heights)], rel=1e-3
    )


def test_a_thin_base_plate_is_chosen_beside_tall_walls() -> None:
    # A tray: 1.2 mm of base, 60 mm of thin walls; evenly spread layers would miss the base.
    tray = solids.together(
        solids.box((80, 80, 1.2)),
        *(solids.box((80, 1.2, 60), (0, y, 1.2)) for y in (0, 78.8)),
    )
    topology = measure(mesh(tray)).topology
    numbers, weights = chosen_layers(
        topology.vertices, topology.faces, 0.2, 306, PLA, profile("mk3s"), 24
    )
    assert min(numbers) < 6
    assert sum(weights) == pytest.approx(305, rel=0.25)


def test_a_full_layer_is_as_many_lines_as_fit_into_it() -> None:
    topology = measure(mesh(solids.box((40, 40, 10)))).topology
    (here,) = sections(topology.vertices, topology.faces, np.array([5.0]))
    solid = draw(Surroundings(here, here, (), (), first=True), PLA, profile("mk3s"), 0)
    length = np.linalg.norm(np.diff(solid.points, axis=0), axis=1)
    filled = length[solid.kinds == Kind.SOLID].sum()
    inner = 40 - 4 * spacing(0.45, 0.2)
    assert filled == pytest.approx(inner**2 / spacing(0.42, 0.2), rel=0.08)
    assert length[solid.kinds == Kind.OUTER_WALL].sum() == pytest.approx(4 * (40 - 0.45), rel=0.01)


def test_a_solid_box_takes_its_volume_of_filament() -> None:
    full = estimated(solids.box((30, 30, 30)), PLA.model_copy(update={"infill_percent": 100}))
    assert full.filament_mm == pytest.approx(30**3 / (math.pi * 1.75**2 / 4), rel=0.12)
    assert full.filament_g == pytest.approx(30**3 * 1.24 / 1000, rel=0.12)
    assert full.layers == 150


@given(st.integers(5, 60), st.integers(5, 60), st.integers(2, 60))
@settings(max_examples=15, deadline=None)
def test_more_of_everything_never_takes_less(x: int, y: int, z: int) -> None:
    one = estimated(solids.box((x, y, z)))
    taller = estimated(solids.box((x, y, z * 1.5)))
    denser = estimated(solids.box((x, y, z)), PLA.model_copy(update={"infill_percent": 60}))
    assert one.low_seconds < one.print_seconds < one.high_seconds
    assert taller.print_seconds > one.print_seconds
    assert taller.filament_mm > one.filament_mm
    assert denser.filament_mm >= one.filament_mm * 0.999


def test_supports_add_where_something_hangs_and_widen_the_band() -> None:
    table = solids.together(
        solids.box((40, 40, 3), (0, 0, 27)), solids.box((5, 5, 27.0), (17, 17, 0))
    )
    held = PLA.model_copy(update={"supports": True})
    plain, supported = estimated(table), estimated(table, held)
    assert supported.filament_mm > 1.3 * plain.filament_mm
    assert (
        supported.high_seconds / supported.print_seconds > plain.high_seconds / plain.print_seconds
    )


def test_a_slow_material_takes_longer() -> None:
    soft = PLA.model_copy(update={"material": "TPU"})
    big = solids.box((60, 60, 20))
    assert estimated(big, soft).print_seconds > 1.2 * estimated(big).print_seconds


@pytest.mark.parametrize("printer", printer_models())
def test_every_printer_model_has_an_estimate(printer: str) -> None:
    found = estimated(solids.torus(24), printer=printer)
    assert 60 < found.print_seconds < 3 * 3600


@pytest.mark.parametrize("name", sorted(HORRORS))
def test_whatever_can_be_read_gets_an_estimate(name: str) -> None:
    triangles = HORRORS[name](random.Random(7), 300)
    found = estimated(np.asarray(triangles, dtype=np.float32))
    assert math.isfinite(found.print_seconds)
    assert 0 <= found.filament_mm < 1e9
    assert found.low_seconds <= found.print_seconds <= found.high_seconds


@pytest.mark.parametrize("broken", [solids.moebius(24), solids.sphere(24)[:100], solids.box()[:1]])
def test_sheets_and_pieces_get_an_estimate(broken: Triangles) -> None:
    assert estimated(broken, PLA.model_copy(update={"supports": True})).print_seconds > 0


def test_the_band_is_wider_where_nothing_was_fitted() -> None:
    box = read(box_stl(30, 20, 10))
    recipe = Recipe(material="PLA")

    def width(printer: str, material: str) -> float:
        asked = recipe.model_copy(update={"material": material})
        found = estimate(box, profile(printer), materials()[material], asked)
        return math.log(found.high_seconds / found.low_seconds)

    fitted = width("mk3s", "PLA")
    assert width("a1", "PLA") == pytest.approx(1.5 * fitted)
    assert width("mk3s", "PETG") == pytest.approx(1.5 * fitted)
