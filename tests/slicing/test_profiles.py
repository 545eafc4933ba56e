import pytest

from parts3d.errors import Invalid, NotFound
from parts3d.slicing.plates import EDGE_MM, copies_per_plate
from parts3d.slicing.profiles import (
    DATA,
    MATERIAL_NAMES,
    contradictions,
    fits,
    materials,
    parse_materials,
    parse_profile,
    printer_models,
    profile,
)

MK3S = (DATA / "printers" / "mk3s.toml").read_text("utf-8")


# Bed and height in mm, hottest nozzle and bed in °C, as the makers state them.
MACHINES = {
    "a1": (256, 256, 256, 300, 100),
    "ender3v3": (220, 220, 250, 300, 110),
    "mini": (180, 180, 180, 280, 100),
    "mk3s": (250, 210, 210, 285, 115),
    "mk4": (250, 210, 220, 290, 120),
    "neptune4": (225, 225, 265, 300, 110),
    "p1s": (256, 256, 250, 300, 100),
    "voron24": (350, 350, 330, 300, 115),
}
WARPING = {"ASA", "ABS"}


def test_each_printer_model_is_as_large_and_as_hot_as_its_maker_says() -> None:
    found = {
        model: (p.bed_x_mm, p.bed_y_mm, p.height_mm, p.max_nozzle_c, p.max_bed_c)
        for model in printer_models()
        for p in [profile(model)]
    }
    assert found == MACHINES


def test_printer_models_differ_in_speed_and_identity() -> None:
    assert profile("neptune4").speeds.wall_outer > 2 * profile("mk3s").speeds.wall_outer
    assert len({profile(model).sha256 for model in printer_models()}) == len(MACHINES)


def test_every_material_of_the_recipes_is_known_with_its_heat() -> None:
    assert set(materials()) == set(MATERIAL_NAMES)
    bears = sorted(materials().values(), key=lambda material: material.max_use_c)
    assert [material.name for material in bears] == ["PLA", "TPU", "PETG", "ABS", "ASA", "PA-CF"]
    for material in bears:
        assert material.max_use_c < material.softening_c
        assert material.drying
        assert material.uses


def test_every_allowed_material_is_printed_somewhere_and_only_where_it_can_be() -> None:
    printed = {model: set(profile(model).temperatures) for model in printer_models()}
    assert set.union(*printed.values()) == {m.name for m in materials().values() if m.allowed}
    assert all({"PLA", "PETG"} <= names for names in printed.values())
    # Carbon fibre needs a hardened nozzle; a Bowden tube does not push soft filament.
    assert {model for model, names in printed.items() if "PA-CF" in names} == {"voron24"}
    assert {model for model, names in printed.items() if "TPU" not in names} == {"mini"}
    open_ones = {model for model in printed if not profile(model).enclosed}
    assert open_ones == {"a1", "ender3v3", "mini", "mk3s", "mk4", "neptune4"}
    for model in open_ones:
        for name in WARPING & printed[model]:
            assert profile(model).temperatures_for(name).in_open_air


@pytest.mark.parametrize("printer_model", printer_models())
def test_no_profile_contradicts_the_materials(printer_model: str) -> None:
    assert contradictions(profile(printer_model), materials()) == ()


def test_a_profile_that_contradicts_the_materials_says_so() -> None:
    said = MK3S.replace("in_open_air = true\n", "").replace(
        "temperatures.TPU", "temperatures.PA-CF"
    )
    words = " ".join(contradictions(parse_profile(said, "mk3s.toml"), materials()))
    assert "PA-CF grinds down the nozzle of Prusa MK3S+" in words
    assert "ASA warps on Prusa MK3S+, which is open" in words
    forbidden = {
        name: known.model_copy(update={"allowed": False}) for name, known in materials().items()
    }
    assert "PLA is not allowed" in contradictions(profile("mk3s"), forbidden)[0]


def test_a_part_fits_with_room_for_its_skirt() -> None:
    mk3s = profile("mk3s")
    assert fits(((-10, 0, 5), (234, 204, 215)), mk3s)
    assert not fits(((-10, 0, 5), (235, 204, 215)), mk3s)
    assert not fits(((0, 0, 0), (244, 204, 210.5)), mk3s)
    assert not fits(((0, 0, 0), (100, 195, 10)), mk3s, margin_mm=8)


def test_a_part_keeps_clear_of_what_stands_on_the_bed() -> None:
    assert fits(((0, 0, 0), (220, 250, 10)), profile("p1s"))
    assert not fits(((0, 0, 0), (221, 20, 10)), profile("p1s"))
    assert copies_per_plate((221.0, 256.0 - 2 * EDGE_MM, 10.0), profile("p1s")) == 0
    assert copies_per_plate((220.0, 256.0 - 2 * EDGE_MM, 10.0), profile("p1s")) == 1


def test_an_unknown_printer_model_is_said_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="known: a1, ender3v3, mini, mk3s"):
        profile("../mk3s")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("bed_x_mm = 250", "bed_x_mm = -1", "bed_x_mm: Input should be greater than 0"),
        ("bed_x_mm = 250", "bed_width = 250", "bed_width: Extra inputs are not permitted"),
        ("nozzle_c = 210", "nozzle_c = 340", "PLA is above max_nozzle_c"),
        ("bed_c = 60", "bed_c = 120", "PLA is above max_bed_c"),
        ("wall_outer = 25", "wall_outer = 225", "speeds.wall_outer is 225 mm/s; the machine's"),
        ("\nz = 12", "\nz = 13", "speeds.z is 13 mm/s; the machine's limit is 12"),
        ("travel = 1000", "travel = 1001", "accelerations.travel is 1001 mm/s²; the machine's"),
        ("line = 0.45", "line = 0.9", "widths.line is 0.9 mm, no line of a nozzle of 0.4 mm"),
        ("line = 0.45", "line = 0.3", "widths.line is 0.3 mm"),
        ("speed = 35", "speed = 135", "retraction.speed is above limits.speed_e"),
        ("first_layer_height_mm = 0.2", "first_layer_height_mm = 0.35", "too much for a nozzle"),
        ('firmware = "prusa"', 'firmware = "repetier"', "firmware: Input should be 'marlin'"),
        ("enclosed = false", "enclosed = 0.5", "enclosed: Input should be a valid boolean"),
        ("[temperatures.PLA]", "[temperatures.WOOD]", "temperatures.WOOD"),
        ("nozzle_c = 210", "nozzle_c = 140", "greater than or equal to 150"),
        ("height_mm = 210\n", "", "height_mm: Field required"),
        ("{park_z_mm}", "{part_name}", "unknown field {part_name}; known: bed_c,"),
        ("{park_z_mm}", "{park_z_mm!r}", "unknown field"),
        ("[widths]", "[widths", "no valid TOML.*line"),
        ('printer_model = "mk3s"', 'printer_model = "mk4"', "must be the file's name"),
    ],
)
def test_a_faulty_profile_says_every_fault(old: str, new: str, words: str) -> None:
    assert old in MK3S
    with pytest.raises(Invalid, match=words):
        parse_profile(MK3S.replace(old, new), "mk3s.toml")


def test_a_material_that_stands_twice_is_refused() -> None:
    text = (DATA / "materials.toml").read_text("utf-8")
    with pytest.raises(Invalid, match="PLA stands twice"):
        parse_materials(text.replace('"PETG"', '"PLA"'), "materials.toml")
    with pytest.raises(Invalid, match="max_use_c of PLA is not below its softening_c"):
        parse_materials(text.replace("max_use_c = 50", "max_use_c = 55", 1), "materials.toml")
    with pytest.raises(Invalid, match=r"material\.0\.density_g_cm3"):
        parse_materials(text.replace("1.24", '"light"'), "materials.toml")
