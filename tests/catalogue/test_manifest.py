"""A manifest is right, or every fault is named with its line and what to do."""

from pathlib import Path

import pytest

from parts3d.catalogue.manifest import (
    MAX_MANIFEST_CHARACTERS,
    Fault,
    Manifest,
    declared_dimensions,
    parse_manifest,
)
from parts3d.catalogue.safety import SafetyClass
from tests.catalogue.good_manifest import GOOD, faults_of, parse


def only_fault(old: str, new: str, **folder: str) -> Fault:
    """The single fault after one change to the good manifest."""
    assert GOOD.count(old) == 1, "the change must be at one place"
    (fault,) = faults_of(GOOD.replace(old, new), **folder)
    return fault


def line_with(text: str, words: str) -> int:
    (line,) = [n for n, line in enumerate(text.split("\n"), start=1) if words in line]
    return line


def test_a_good_manifest_is_taken_with_all_it_says() -> None:
    manifest = parse(GOOD, category="oven", slug="oven-knob")
    assert isinstance(manifest, Manifest)
    assert manifest.name.nl == "Knop"
    assert manifest.fits[0].models == ("BIE 22*", "BIM 24*")
    assert manifest.safety_class is SafetyClass.S2
    assert manifest.sellable
    assert not manifest.never_sold
    assert manifest.dimensions_mm.y == 44.0
    assert manifest.withdrawal.kind == "standard"


def test_a_manifest_survives_the_way_through_json() -> None:
    manifest = parse(GOOD)
    assert isinstance(manifest, Manifest)
    stored = manifest.model_dump(mode="json", by_alias=True)
    assert Manifest.model_validate(stored) == manifest


def test_a_draft_without_a_class_is_no_fault_but_not_sellable() -> None:
    manifest = parse(GOOD.replace('[safety]\nclass = "S2"\nreason = "It is warm."\n', ""))
    assert isinstance(manifest, Manifest)
    assert manifest.safety_class is None
    assert not manifest.sellable
    assert not manifest.never_sold


def test_s4_may_be_there_and_is_never_sold() -> None:
    manifest = parse(GOOD.replace('"S2"', '"S4"'))
    assert isinstance(manifest, Manifest)
    assert manifest.never_sold
    assert not manifest.sellable


@pytest.mark.parametrize(
    ("old", "new", "key", "at", "says", "remedy"),
    [
        ('nl = "Knop"\n', "", "name.nl", "[name]", "missing", "Dutch"),
        ('nl = "Knop"', 'nl = "  "', "name.nl", 'nl = "  "', "empty", "Dutch"),
        ('[licence]\nspdx = "CC-BY-4.0"\nauthor = "The parts3d authors"\n', "", "licence", "slug",
         "missing", "spdx and author"),
        ('"CC-BY-4.0"', '"GPL"', "licence.spdx", '"GPL"', '"GPL"', "CC-BY-4.0"),
        ("x = 44.0", 'x = "44"', "dimensions_mm.x", 'x = "44"', "wrong kind", "in mm"),
        ("z = 23.0", "z = -1.0", "dimensions_mm.z", "z = -1.0", "greater than 0", "in mm"),
        ("z = 23.0", "z = nan", "dimensions_mm.z", "z = nan", "wrong kind", "in mm"),
        ("z = 23.0", "z = 2026-11-23", "dimensions_mm.z", "z = 2026", "wrong kind", "in mm"),
        ("z = 23.0", "z = 23.0\nw = 1", "dimensions_mm.w", "w = 1", "not a key", "x, y, z"),
        ('["AKP2*"]', '["*"]', "fits.1.models.0", '["*"]', "form", "capitals"),
        ('["AKP2*"]', "[]", "fits.1.models", "models = []", "empty", "capitals"),
        ('brand = "Beko"\n', "", "fits.0.brand", "[[fits]]", "missing", "brand"),
        ('"safety@parts3d.example"', '"nobody"', "manufacturer.email", '"nobody"', "form",
         "e-mail"),
        ("days = 14", "days = 7", "withdrawal.days", "days = 7", "14", "at least 14"),
        ('kind = "standard"', 'kind = "none"', "withdrawal", "[withdrawal]", '"none"',
         "made_to_order"),
        ('kind = "standard"\n', "", "withdrawal", "[withdrawal]", "missing", "made_to_order"),
        ('"ASA"', '"WOOD"', "recipe.material", '"WOOD"', "PETG", "Correct"),
        ("wall_count = 3", "walls = 3", "recipe.walls", "walls = 3", "not a key", "wall_count"),
        ('"S2"', '"S9"', "safety.class", '"S9"', "possible", "S0"),
        ('slug = "oven-knob"', 'slug = "Oven Knob"', "slug", "slug", "form", "hyphens"),
        ("max_temperature_c = 80\n", "", "limits.max_temperature_c", "[limits]", "class S2",
         "°C"),
        ("= 80", "= 95", "limits.max_temperature_c", "= 95", "softens at 95", "Lower"),
        ('"ASA"', '"PA-CF"', "recipe.material", '"PA-CF"', "not known", "table of materials"),
        ('nl = "Een knop."', 'nl = "A knob."', "description.en", 'en = "A knob."', "same text",
         "Translate"),
        ('brand = "Whirlpool"\nmodels = ["AKP2*"]', 'brand = "BEKO"\nmodels = ["BIM 24*"]',
         "fits.1.models", 'models = ["BIM 24*"]', "twice", "Remove"),
        ('"S2"', '"S3"', "safety.test_report", "[safety]", "S3", "number and date"),
    ],
)  # fmt: skip
def test_each_fault_has_its_line_and_a_remedy(
    old: str, new: str, key: str, at: str, says: str, remedy: str
) -> None:
    fault = only_fault(old, new)
    lines = [n for n, line in enumerate(GOOD.replace(old, new).split("\n"), start=1) if at in line]
    assert fault.key == key
    assert fault.line == lines[0]
    assert says in fault.message
    assert remedy in fault.remedy
    assert str(fault).startswith(f"part.toml:{fault.line}: ")


def test_a_material_that_creeps_is_not_approved_for_a_loaded_part() -> None:
    text = GOOD.replace('"ASA"', '"PLA"').replace("= 80", "= 40")
    (fault,) = faults_of(text)
    assert fault.line == line_with(text, '"PLA"')
    assert "not approved for class S2" in fault.message
    assert "PETG" in fault.remedy


def test_the_folders_names_must_be_the_manifests() -> None:
    found = faults_of(GOOD, category="hob", slug="knob")
    assert [(fault.key, fault.line) for fault in found] == [("slug", 1), ("category", 2)]
    assert '"knob"' in found[0].message


def test_a_made_to_order_part_says_why_in_four_languages() -> None:
    made = GOOD.replace('kind = "standard"\ndays = 14\n', 'kind = "made_to_order"\n')
    reason = '\n[withdrawal.reason]\nfr = "Sur mesure."\nnl = "Op maat."\nen = "Made to size."\n'
    (fault,) = faults_of(made + reason)
    assert (fault.key, fault.line) == (
        "withdrawal.reason.de",
        line_with(made + reason, "[withdrawal.reason]"),
    )
    whole = parse(made + reason + 'de = "Nach Maß."\n')
    assert isinstance(whole, Manifest)
    assert whole.withdrawal.kind == "made_to_order"


def test_all_faults_are_told_at_once_in_the_order_of_lines() -> None:
    text = (
        GOOD.replace('nl = "Knop"', 'nl = ""')
        .replace("= 80", "= 120")
        .replace("days = 14", "days = 3")
        .replace('author = "The parts3d authors"\n', "")
    )
    found = faults_of(text, slug="other")
    assert [fault.key for fault in found] == [
        "slug",
        "name.nl",
        "limits.max_temperature_c",
        "licence.author",
        "withdrawal.days",
    ]
    assert [fault.line for fault in found] == sorted(fault.line for fault in found)


def test_broken_toml_is_told_with_its_line() -> None:
    text = GOOD.replace('brand = "Beko"', 'brand = "Beko')
    (fault,) = faults_of(text)
    assert fault.line == line_with(text, 'brand = "Beko')
    assert "not TOML" in fault.message


def test_toml_that_ends_too_early_is_told_at_the_last_line() -> None:
    (fault,) = faults_of('slug = "a"\nfits = [')
    assert fault.line == 2
    assert "end of the file" in fault.message


def test_an_endless_or_bottomless_text_is_refused() -> None:
    (long,) = faults_of("#" * (MAX_MANIFEST_CHARACTERS + 1))
    assert "characters" in long.message
    (deep,) = faults_of("a = " + "[" * 30_000)
    assert deep.message


def test_an_empty_manifest_names_every_table_that_is_missing() -> None:
    keys = {fault.key for fault in faults_of("")}
    assert {"slug", "name", "description", "recipe", "limits", "withdrawal"} <= keys


def test_dimensions_are_read_also_when_all_else_is_wrong() -> None:
    dimensions = declared_dimensions("[dimensions_mm]\nx = 1\ny = 2.5\nz = 3\n")
    assert dimensions is not None
    assert (dimensions.x, dimensions.y, dimensions.z) == (1, 2.5, 3)
    assert declared_dimensions("[dimensions_mm]\nx = 1") is None
    assert declared_dimensions("[") is None


def test_the_shown_path_is_the_one_that_was_given() -> None:
    (fault,) = parse_manifest("[", file=str(Path("a") / "part.toml"), softening_c={})  # type: ignore[misc]
    assert str(fault).startswith("a/part.toml:1: ")
