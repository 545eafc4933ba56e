"""Plain G-code in the envelope that Bambu Lab printers start: a minimal ``.gcode.3mf``."""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

PLATE = "Metadata/plate_1.gcode"
CHUNK_BYTES = 64 * 1024
# No time of day in it: the same G-code always makes the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
CONTENT_TYPES = (
    f'{_XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="model" '
    'ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>'
    '<Default Extension="gcode" ContentType="text/x.gcode"/></Types>'
)
RELATIONSHIPS = (
    f'{_XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Target="/3D/3dmodel.model" Id="rel-1" '
    'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>'
)
# The model is empty: the agent sees G-code, never a shape.
MODEL = (
    f'{_XML}<model unit="millimeter" '
    'xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">'
    "<resources/><build/></model>"
)
MODEL_SETTINGS = (
    f'{_XML}<config><plate><metadata key="plater_id" value="1"/>'
    f'<metadata key="gcode_file" value="{PLATE}"/></plate></config>'
)
SETTINGS_RELATIONSHIPS = (
    f'{_XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Target="/{PLATE}" Id="rel-1" '
    'Type="http://schemas.bambulab.com/package/2021/gcode"/></Relationships>'
)
SLICE_INFO = f'{_XML}<config><plate><metadata key="index" value="1"/></plate></config>'


@dataclass(frozen=True, slots=True)
class Project:
    """An envelope on this machine."""

    size_bytes: int
    md5: str  # of the whole envelope, in capitals, as the command wants it


def wrap(gcode: Path, target: Path) -> Project:
    """Write the envelope of a G-code file; the same file always makes the same bytes."""
    plate_md5 = _hash(gcode, "md5").upper()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as envelope:
        for name, text in (
            ("[Content_Types].xml", CONTENT_TYPES),
            ("_rels/.rels", RELATIONSHIPS),
            ("3D/3dmodel.model", MODEL),
            ("Metadata/model_settings.config", MODEL_SETTINGS),
            ("Metadata/_rels/model_settings.config.rels", SETTINGS_RELATIONSHIPS),
            ("Metadata/slice_info.config", SLICE_INFO),
            (f"{PLATE}.md5", plate_md5),
        ):
            envelope.writestr(_entry(name), text)
        with gcode.open("rb") as source, envelope.open(_entry(PLATE), "w") as plate:
            while chunk := source.read(CHUNK_BYTES):
                plate.write(chunk)
    return Project(target.stat().st_size, _hash(target, "md5").upper())


def unwrapped_sha256(envelope: Path) -> str | None:
    """Return the SHA-256 of the G-code within; None when the envelope is broken."""
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(envelope) as opened, opened.open(PLATE) as plate:
            while chunk := plate.read(CHUNK_BYTES):
                digest.update(chunk)
    except (zipfile.BadZipFile, KeyError, EOFError, OSError):
        return None
    return digest.hexdigest()


def project_of(envelope: Path) -> Project:
    """Return what is to be known of an envelope that lies here."""
    return Project(envelope.stat().st_size, _hash(envelope, "md5").upper())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _hash(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        # MD5 is what the printer compares; it is no guard against an enemy.
        return hashlib.file_digest(
            file, lambda: hashlib.new(kind, usedforsecurity=False)
        ).hexdigest()
