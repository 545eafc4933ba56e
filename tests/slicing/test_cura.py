"""Real slices by CuraEngine, and each of its silent failures."""

import pytest

from parts3d.catalogue.recipe import Recipe
from parts3d.errors import Invalid, Unreadable
from parts3d.sandbox import Limits
from parts3d.slicing.engines.base import SlicingFailed, finish
from parts3d.slicing.engines.cura import CuraEngine, part_moves
from parts3d.slicing.engines.cura_settings import cura_settings, extruder_settings
from parts3d.slicing.gcode import inspect, read
from parts3d.slicing.gcode_gate import check_gate
from parts3d.slicing.placement import place
from parts3d.slicing.profiles import materials, printer_models, profile
from tests.slicing.conftest import SliceShape
from tests.slicing.shapes import box_stl, cylinder_stl, table_stl

BOX = box_stl(20, 16, 6, at=(0, 0, 3))
CUBE = box_stl(24, 24, 16)
PLA = Recipe(material="PLA")


def finish_unplaced(cura: CuraEngine, stl: bytes) -> None:
    """What would happen if the model went to the engine as it lies."""
    mk3s, pla = profile("mk3s"), materials()["PLA"]
    raw = cura.raw_gcode(stl, cura_settings(mk3s, pla, PLA), extruder_settings(mk3s))
    placed = place(stl)
    finish(part_moves(raw), placed, mk3s, pla, PLA, cura)


def test_a_box_has_as_many_layers_as_its_height_holds(slice_shape: SliceShape) -> None:
    assert slice_shape(BOX).layers == 30
    assert slice_shape(BOX, layer_height_mm=0.3).layers == 20
    found = inspect(read(slice_shape(BOX).gcode))
    assert found.first_layer_z_mm == pytest.approx(0.2)
    assert found.top_z_mm == pytest.approx(6.0)


def test_a_box_above_below_or_beside_the_bed_gives_the_same_gcode(slice_shape: SliceShape) -> None:
    shifted = [box_stl(20, 16, 6, at=at) for at in ((0, 0, 0), (0, 0, -40), (200, -90, 3))]
    assert {slice_shape(stl).sha256 for stl in shifted} == {slice_shape(BOX).sha256}


def test_a_box_centred_on_the_bed_plane_would_be_cut_in_half_and_is_refused(
    cura: CuraEngine,
) -> None:
    with pytest.raises(SlicingFailed, match="layers up to 3"):
        finish_unplaced(cura, box_stl(20, 16, 6))


def test_a_box_below_the_bed_would_vanish_and_is_refused(cura: CuraEngine) -> None:
    with pytest.raises(SlicingFailed, match="no layers"):
        finish_unplaced(cura, box_stl(20, 16, 6, at=(0, 0, -30)))


def test_a_box_beside_the_bed_would_be_sliced_there_and_is_refused(cura: CuraEngine) -> None:
    with pytest.raises(SlicingFailed, match="beside the bed"):
        finish_unplaced(cura, box_stl(20, 16, 6, at=(200, 0, 3)))


def test_an_ignored_infill_setting_is_noticed(cura: CuraEngine) -> None:
    mk3s, pla = profile("mk3s"), materials()["PLA"]
    settings = cura_settings(mk3s, pla, PLA)
    part = place(CUBE)
    # The density alone changes nothing in this engine: the distance stays that of 20 %.
    settings["infill_sparse_density"] = 60
    raw = part_moves(cura.raw_gcode(part.stl, settings, extruder_settings(mk3s)))
    asked = Recipe(material="PLA", infill_percent=60)
    with pytest.raises(SlicingFailed, match="not to 60 % as asked"):
        finish(raw, part, mk3s, pla, asked, cura)


@pytest.mark.parametrize("pattern", ["gyroid", "grid", "lines"])
def test_more_infill_takes_more_filament_in_proportion(
    slice_shape: SliceShape, pattern: str
) -> None:
    def infill_mm(percent: int) -> float:
        sliced = slice_shape(CUBE, infill_percent=percent, infill_pattern=pattern)
        return inspect(read(sliced.gcode)).extruded_mm_by_role["infill"]

    assert infill_mm(0) == 0
    assert infill_mm(40) / infill_mm(20) == pytest.approx(2.0, rel=0.2)


def test_a_solid_part_holds_as_much_plastic_as_its_volume(slice_shape: SliceShape) -> None:
    solid = slice_shape(CUBE, infill_percent=100)
    volume_mm3 = solid.filament_mm * 2.4053
    assert volume_mm3 == pytest.approx(24 * 24 * 16, rel=0.05)
    assert solid.filament_mm > 1.5 * slice_shape(CUBE).filament_mm
    assert solid.filament_mg == pytest.approx(volume_mm3 * 1.24, rel=0.01)


def test_each_wall_adds_its_own_plastic(slice_shape: SliceShape) -> None:
    def walls_mm(count: int) -> float:
        made = inspect(read(slice_shape(BOX, wall_count=count).gcode)).extruded_mm_by_role
        return made["wall_outer"] + made["wall_inner"]

    one, two, four = walls_mm(1), walls_mm(2), walls_mm(4)
    assert two / one == pytest.approx(2, rel=0.06)
    assert four / one == pytest.approx(4, rel=0.15)


def test_top_and_bottom_layers_are_as_many_as_asked(slice_shape: SliceShape) -> None:
    def solid_mm(top: int, bottom: int) -> float:
        sliced = slice_shape(CUBE, top_layers=top, bottom_layers=bottom)
        return inspect(read(sliced.gcode)).extruded_mm_by_role["solid"]

    assert solid_mm(0, 0) == 0
    assert solid_mm(3, 3) / solid_mm(1, 1) == pytest.approx(3, rel=0.1)


def test_supports_and_brim_appear_when_asked_and_only_then(slice_shape: SliceShape) -> None:
    def made(**recipe: object) -> dict[str, float]:
        return inspect(read(slice_shape(table_stl(), **recipe).gcode)).extruded_mm_by_role

    assert made()["support"] == 0
    assert made(supports=True)["support"] > 50
    assert made(brim_mm=5)["skirt_brim"] > 4 * made()["skirt_brim"]


def test_a_recipe_turns_the_part_before_it_is_sliced(slice_shape: SliceShape) -> None:
    upright = slice_shape(BOX, orientation_deg=(0.0, 90.0, 0.0))
    assert upright.layers == 100


@pytest.mark.parametrize("printer_model", printer_models())
def test_start_end_and_temperatures_are_those_of_the_profile(
    slice_shape: SliceShape, printer_model: str
) -> None:
    for material in ("PLA", "PETG"):
        sliced = slice_shape(BOX, printer_model, material=material)
        text = sliced.gcode.decode()
        heat = profile(printer_model).temperatures_for(material)
        start, rest = text.split(";PARTS3D:PART")
        moves, end = rest.split(";PARTS3D:END")
        assert f"M109 S{heat.nozzle_first_layer_c}\n" in start
        assert f"M190 S{heat.bed_first_layer_c}\n" in start
        assert ("G80" in start) == (printer_model == "mk3s")
        assert "G28" not in moves
        assert "M109" not in moves
        assert end.strip().endswith("M104 S0\nM140 S0\nM84")
        if heat.nozzle_c != heat.nozzle_first_layer_c:
            assert f"M104 S{heat.nozzle_c}\n" in moves
        check_gate(read(sliced.gcode), profile(printer_model))


def test_the_faster_printer_prints_faster_with_the_same_plastic(slice_shape: SliceShape) -> None:
    slow, fast = slice_shape(CUBE), slice_shape(CUBE, "neptune4")
    assert fast.print_seconds < 0.8 * slow.print_seconds
    assert fast.filament_mm == pytest.approx(slow.filament_mm, rel=0.03)


def test_no_line_is_pushed_faster_than_the_material_melts(slice_shape: SliceShape) -> None:
    path = read(slice_shape(CUBE, "neptune4", material="TPU").gcode)
    moved = path.printing & (path.section == 1)
    length = ((path.end - path.start)[moved] ** 2).sum(axis=1) ** 0.5
    flow_mm3_s = path.extruded[moved] / length * path.speed[moved] * 2.4053
    # Line lengths are rounded in the file: very short ones say little.
    assert flow_mm3_s[length > 1].max() < materials()["TPU"].max_flow_mm3_s * 1.05


def test_the_same_question_gives_the_same_bytes(cura: CuraEngine, slice_shape: SliceShape) -> None:
    again = cura.slice(BOX, profile("mk3s"), materials()["PLA"], PLA)
    assert again == slice_shape(BOX)


def test_a_round_part_is_placed_in_the_middle_of_the_bed(slice_shape: SliceShape) -> None:
    found = inspect(read(slice_shape(cylinder_stl(9, 5), "neptune4").gcode))
    assert found.bounds_mm is not None
    (x0, y0), (x1, y1) = found.bounds_mm
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((112.5, 112.5), abs=0.1)
    assert x1 - x0 == pytest.approx(18 - 0.4, abs=0.1)


def test_a_part_larger_than_the_printer_is_refused_with_both_sizes(cura: CuraEngine) -> None:
    with pytest.raises(Invalid, match=r"240\.0 x 20\.0 x 5\.0 mm .* 225 x 225 x 265"):
        cura.slice(box_stl(240, 20, 5), profile("neptune4"), materials()["PLA"], PLA)


def test_a_material_that_the_printer_does_not_print_is_refused(cura: CuraEngine) -> None:
    recipe = Recipe(material="PA-CF")
    with pytest.raises(Invalid, match="does not print PA-CF"):
        cura.slice(BOX, profile("mk3s"), materials()["PA-CF"], recipe)
    with pytest.raises(Invalid, match="asks for PA-CF, but PLA"):
        cura.slice(BOX, profile("mk3s"), materials()["PLA"], recipe)


def test_what_is_no_model_is_refused_before_the_engine_starts(cura: CuraEngine) -> None:
    with pytest.raises(Unreadable):
        cura.slice(b"solid nothing", profile("mk3s"), materials()["PLA"], PLA)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(rss_bytes=20_000_000), "more than 20 MB of memory"),
        (Limits(wall_seconds=0.05), "did not end within 0.05 s"),
        (Limits(file_bytes=10_000), "failed on this part"),
    ],
)
def test_a_limit_passed_is_said_in_words(limits: Limits, words: str) -> None:
    with pytest.raises(SlicingFailed, match=words):
        CuraEngine(limits=limits).slice(
            cylinder_stl(15, 30), profile("mk3s"), materials()["PLA"], PLA
        )


def test_settings_that_the_engine_cannot_read_are_a_failure_in_words(cura: CuraEngine) -> None:
    part = place(BOX)
    with pytest.raises(SlicingFailed, match="failed on this part"):
        cura.raw_gcode(part.stl, {"layer_height": "abc", "infill_pattern": "nonsense"}, {})
