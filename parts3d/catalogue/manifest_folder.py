"""Folders of parts: ``<category>/<part>/`` with part.toml, model.stl and picture.png."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from parts3d.catalogue.manifest import Fault, Manifest, declared_dimensions, parse_manifest
from parts3d.catalogue.manifest_lines import KeyLines
from parts3d.errors import Unreadable
from parts3d.meshes import reader

MANIFEST = "part.toml"
MODEL = "model.stl"
PICTURE = "picture.png"
MAX_MODEL_BYTES = 1_000_000
MAX_PICTURE_BYTES = 2_000_000
MAX_MANIFEST_BYTES = 256_000
DIMENSION_TOLERANCE_MM = 0.5


@dataclass(frozen=True, slots=True)
class PartFolder:
    """A part whose folder has no fault: what there is to load."""

    manifest: Manifest
    model: bytes  # the STL file
    picture: bytes  # the PNG file


def check_catalogue(folder: Path, softening_c: Mapping[str, float]) -> list[Fault]:
    """Return every fault of every part below a folder, by file and line.

    Args:
        folder: the catalogue; its parts lie at ``<category>/<part>/``.
        softening_c: the temperature in °C at which each material goes soft.
    """
    return read_catalogue(folder, softening_c)[1]


def read_catalogue(
    folder: Path, softening_c: Mapping[str, float]
) -> tuple[list[PartFolder], list[Fault]]:
    """Read a catalogue: the parts without a fault, and the faults of all others.

    Args:
        folder: the catalogue.
        softening_c: the temperature in °C at which each material goes soft.
    """
    if not folder.is_dir():
        return [], [_fault(folder, "This is not a folder.", "Name the catalogue's folder.")]
    parts: list[PartFolder] = []
    faults: list[Fault] = []
    place_of: dict[str, Path] = {}
    for place in _part_folders(folder):
        found = read_part(place, softening_c)
        if place.name in place_of:
            other = place_of[place.name]
            twice = _fault(
                place / MANIFEST,
                f"{other.parent.name} has a part called {place.name}, too.",
                "Rename one of the two folders and its slug.",
            )
            found = [twice, *(found if isinstance(found, list) else [])]
        place_of.setdefault(place.name, place)
        if isinstance(found, list):
            faults += found
        else:
            parts.append(found)
    if not place_of:
        faults.append(
            _fault(folder, "There is no part here.", f"Add <category>/<part>/{MANIFEST}.")
        )
    return parts, sorted(faults)


def check_part_folder(place: Path, softening_c: Mapping[str, float]) -> Manifest | list[Fault]:
    """Return the manifest of one part's folder, or every fault of the folder.

    Args:
        place: the folder ``<category>/<part>``.
        softening_c: the temperature in °C at which each material goes soft.
    """
    found = read_part(place, softening_c)
    return found if isinstance(found, list) else found.manifest


def read_part(place: Path, softening_c: Mapping[str, float]) -> PartFolder | list[Fault]:
    """Read one part's folder; when anything is wrong, return every fault instead.

    Args:
        place: the folder ``<category>/<part>``.
        softening_c: the temperature in °C at which each material goes soft.
    """
    faults = _strangers(place)
    text, manifest = "", None
    read_text = _read_text(place / MANIFEST)
    if isinstance(read_text, Fault):
        faults.append(read_text)
    else:
        text = read_text
        parsed = parse_manifest(
            text,
            file=str(place / MANIFEST),
            softening_c=softening_c,
            category=place.resolve().parent.name,
            slug=place.resolve().name,
        )
        if isinstance(parsed, Manifest):
            manifest = parsed
        else:
            faults += parsed
    model = _read_bytes(place / MODEL, MAX_MODEL_BYTES, "Draw the model with fewer triangles.")
    picture = _read_bytes(place / PICTURE, MAX_PICTURE_BYTES, "Save it smaller.")
    faults += [found for found in (model, picture) if isinstance(found, Fault)]
    if isinstance(picture, bytes):
        faults += _picture_faults(picture, place / PICTURE)
    if isinstance(model, bytes):
        faults += _model_faults(model, text, place)
    if faults or manifest is None or isinstance(model, Fault) or isinstance(picture, Fault):
        return faults
    return PartFolder(manifest, model, picture)


def _fault(path: Path, message: str, remedy: str, *, line: int = 1, key: str = "") -> Fault:
    return Fault(str(path), line, key, message, remedy)


def _part_folders(folder: Path) -> list[Path]:
    return sorted(
        place
        for place in folder.glob("*/*")
        if place.is_dir() and not place.name.startswith(".") and place.parent.name[0] != "."
    )


def _strangers(place: Path) -> list[Fault]:
    return [
        _fault(
            path,
            f"{path.name} does not belong here.",
            f"Remove it; a part has {MANIFEST}, {MODEL} and {PICTURE}.",
        )
        for path in sorted(place.iterdir())
        if path.name not in {MANIFEST, MODEL, PICTURE}
    ]


def _read_bytes(path: Path, at_most: int, remedy: str) -> bytes | Fault:
    if not path.is_file():
        return _fault(path, f"{path.name} is missing.", "Add it.")
    size = path.stat().st_size
    if size > at_most:
        return _fault(path, f"{path.name} has {size} bytes; at most {at_most} are allowed.", remedy)
    return path.read_bytes()


def _read_text(path: Path) -> str | Fault:
    data = _read_bytes(path, MAX_MANIFEST_BYTES, "Shorten it.")
    if isinstance(data, Fault):
        return data
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return _fault(path, "This line is not UTF-8.", "Save the file as UTF-8.", line=line)


def _picture_faults(picture: bytes, path: Path) -> list[Fault]:
    try:
        with Image.open(io.BytesIO(picture), formats=["PNG"]) as image:
            image.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return [_fault(path, "This is not a PNG picture.", "Render or export it again as PNG.")]
    return []


def _model_faults(model: bytes, text: str, place: Path) -> list[Fault]:
    """Whether the model can be read, and whether its box is the declared one."""
    try:
        mesh = reader.read(model)
    except Unreadable as error:
        where = f" ({error.place})" if error.place else ""
        return [_fault(place / MODEL, f"The model cannot be read{where}.", error.message)]
    declared = declared_dimensions(text)
    if declared is None:
        return []  # said by the manifest's own faults
    lines = KeyLines(text)
    measured = (mesh.upper_mm - mesh.lower_mm).tolist()
    return [
        _fault(
            place / MANIFEST,
            f"dimensions_mm.{axis} is {said:g}, but the model measures {real:.2f} mm.",
            f"Write {real:.2f}, or export the model again in mm.",
            line=lines.line_of(("dimensions_mm", axis)),
            key=f"dimensions_mm.{axis}",
        )
        for axis, said, real in zip(
            "xyz", (declared.x, declared.y, declared.z), measured, strict=True
        )
        if abs(said - real) > DIMENSION_TOLERANCE_MM
    ]
