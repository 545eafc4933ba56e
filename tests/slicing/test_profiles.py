import pytest

from parts3d.errors import Invalid, NotFound
from parts3d.slicing.profiles import (
    DATA,
    MATERIAL_NAMES,
    fits,
    materials,
    parse_materials,
    parse_profile,
    printer_models,
    profile,
)

MK3S = (DATA / "printers" / "mk3s.toml").read_text("utf-8")


def test_two_printer_models_differ_in_bed_and_speed() -> None:
    mk3s, neptune4 = profile("mk3s"), profile("neptune4")
    assert set(printer_models()) >= {"mk3s", "neptune4"}
    assert (mk3s.bed_x_mm, mk3s.bed_y_mm, mk3s.height_mm) == (250, 210, 210)
    assert (neptune4.bed_x_mm, neptune4.bed_y_mm, neptune4.height_mm) == (225, 225, 265)
    assert neptune4.speeds.wall_outer > 2 * mk3s.speeds.wall_outer
    assert mk3s.sha256 != neptune4.sha256


def test_every_material_of_the_recipes_is_known() -> None:
    assert set(materials()) == set(MATERIAL_NAMES)
    assert materials()["ASA"].softening_c > materials()["PLA"].softening_c


@pytest.mark.parametrize("printer_model", printer_models())
def test_every_allowed_material_prints_on_every_printer(printer_model: str) -> None:
    for name, properties in materials().items():
        if properties.allowed:
            profile(printer_model).temperatures_for(name)


def test_a_part_fits_with_room_for_its_skirt() -> None:
    mk3s = profile("mk3s")
    assert fits(((-10, 0, 5), (234, 204, 215)), mk3s)
    assert not fits(((-10, 0, 5), (235, 204, 215)), mk3s)
    assert not fits(((0, 0, 0), (244, 204, 210.5)), mk3s)
    assert not fits(((0, 0, 0), (100, 195, 10)), mk3s, margin_mm=8)


def test_an_unknown_printer_model_is_said_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="known: mk3s, neptune4"):
        profile("../mk3s")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("bed_x_mm = 250", "bed_x_mm = -1", "bed_x_mm: Input should be greater than 0"),
        ("bed_x_mm = 250", "bed_width = 250", "bed_width: Extra inputs are not permitted"),
        ("nozzle_c = 210", "nozzle_c = 340", "PLA is above max_nozzle_c"),
        ("bed_c = 60", "bed_c = 120", "PLA is above max_bed_c"),
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
    with pytest.raises(Invalid, match=r"material\.0\.density_g_cm3"):
        parse_materials(text.replace("1.24", '"light"'), "materials.toml")
