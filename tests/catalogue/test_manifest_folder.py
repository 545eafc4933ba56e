"""A part's folder: what belongs in it, and that the model is what the manifest says."""

import shutil
from pathlib import Path

import pytest

from parts3d.catalogue.manifest import Manifest
from parts3d.catalogue.manifest_folder import (
    MAX_MODEL_BYTES,
    check_catalogue,
    check_part_folder,
    read_catalogue,
)

SHIPPED = Path(__file__).parents[2] / "catalogue"
STOP = Path("furniture") / "drawer-runner-stop"
SOFTENING_C = {"PETG": 72.0, "ASA": 95.0, "ABS": 95.0}


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A catalogue with one good part."""
    folder = tmp_path / "catalogue"
    shutil.copytree(SHIPPED / STOP, folder / STOP)
    return folder


def told(folder: Path) -> list[str]:
    return [str(fault) for fault in check_catalogue(folder, SOFTENING_C)]


def change(manifest: Path, old: str, new: str) -> None:
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new), encoding="utf-8")


def test_a_good_folder_is_read_with_its_model_and_picture(catalogue: Path) -> None:
    parts, faults = read_catalogue(catalogue, SOFTENING_C)
    assert faults == []
    (part,) = parts
    assert part.manifest.slug == "drawer-runner-stop"
    assert part.model == (catalogue / STOP / "model.stl").read_bytes()
    assert part.picture.startswith(b"\x89PNG")
    assert isinstance(check_part_folder(catalogue / STOP, SOFTENING_C), Manifest)


def test_a_wrong_dimension_is_told_with_both_figures_and_the_line(catalogue: Path) -> None:
    manifest = catalogue / STOP / "part.toml"
    change(manifest, "y = 16.1", "y = 17.0")
    (fault,) = check_catalogue(catalogue, SOFTENING_C)
    assert "17" in fault.message
    assert "16.10" in fault.message
    assert manifest.read_text(encoding="utf-8").split("\n")[fault.line - 1] == "y = 17.0"


def test_a_difference_within_half_a_millimetre_is_no_fault(catalogue: Path) -> None:
    change(catalogue / STOP / "part.toml", "y = 16.1", "y = 16.5")
    assert told(catalogue) == []


def test_a_wrong_dimension_is_told_beside_other_faults(catalogue: Path) -> None:
    change(catalogue / STOP / "part.toml", "y = 16.1", "y = 17.0")
    change(catalogue / STOP / "part.toml", "days = 14", "days = 1")
    assert {fault.key for fault in check_catalogue(catalogue, SOFTENING_C)} == {
        "dimensions_mm.y",
        "withdrawal.days",
    }


def test_missing_and_foreign_files_are_told(catalogue: Path) -> None:
    (catalogue / STOP / "model.stl").unlink()
    (catalogue / STOP / "picture.png").unlink()
    (catalogue / STOP / "draw.py").write_text("print()")
    assert [line.split(": ")[1].split(" Add")[0] for line in told(catalogue)] == [
        "draw.py does not belong here. Remove it; a part has part.toml, model.stl and picture.png.",
        "model.stl is missing.",
        "picture.png is missing.",
    ]


def test_a_folder_without_a_manifest_is_told(catalogue: Path) -> None:
    (catalogue / STOP / "part.toml").unlink()
    assert any("part.toml is missing" in line for line in told(catalogue))


def test_a_renamed_folder_must_rename_its_slug(catalogue: Path) -> None:
    (catalogue / STOP).rename(catalogue / "furniture" / "stop")
    (fault,) = check_catalogue(catalogue, SOFTENING_C)
    assert fault.key == "slug"


def test_two_parts_of_one_name_are_told(catalogue: Path) -> None:
    shutil.copytree(catalogue / STOP, catalogue / "kitchen" / "drawer-runner-stop")
    change(
        catalogue / "kitchen" / "drawer-runner-stop" / "part.toml",
        'category = "furniture"',
        'category = "kitchen"',
    )
    parts, faults = read_catalogue(catalogue, SOFTENING_C)
    assert [part.manifest.category for part in parts] == ["furniture"]
    assert "furniture has a part called drawer-runner-stop" in faults[0].message


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "cannot be read"), (b"\0" * (MAX_MODEL_BYTES + 1), "bytes"), (b"PK\x03\x04", "read")],
)
def test_a_model_that_cannot_be_read_or_is_too_large_is_told(
    catalogue: Path, content: bytes, says: str
) -> None:
    (catalogue / STOP / "model.stl").write_bytes(content)
    (fault,) = check_catalogue(catalogue, SOFTENING_C)
    assert fault.file.endswith("model.stl")
    assert says in fault.message
    assert fault.remedy


def test_a_picture_that_is_no_png_is_told(catalogue: Path) -> None:
    (catalogue / STOP / "picture.png").write_bytes(b"GIF89a")
    assert "not a PNG" in told(catalogue)[0]


def test_a_line_that_is_not_utf_8_is_told(catalogue: Path) -> None:
    manifest = catalogue / STOP / "part.toml"
    manifest.write_bytes(b'slug = "a"\nname = "\xe9"\n')
    found = [f for f in check_catalogue(catalogue, SOFTENING_C) if "UTF-8" in f.message]
    assert [fault.line for fault in found] == [2]


def test_an_empty_or_missing_catalogue_is_told(tmp_path: Path) -> None:
    assert "There is no part here" in told(tmp_path)[0]
    assert "not a folder" in told(tmp_path / "nowhere")[0]
