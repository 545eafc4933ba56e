"""How many triangles a file has, counted in another way than our readers do."""

import io
import re
import zipfile
from xml.etree import ElementTree as ET

from tests.meshes.hostile.writing import MODEL

_CORE = "{http://schemas.microsoft.com/3dmanufacturing/core/2015/02}"
_MOST_XML = 2_000_000


def count_of(data: bytes) -> int | None:
    """Return the triangles if the file is to be read at all, None where this cannot tell."""
    declared = int.from_bytes(data[80:84], "little")
    if len(data) >= 84 and len(data) == 84 + 50 * declared:
        return declared
    if data[:2] == b"PK":
        return _in_archive(data)
    if re.match(rb"(?:\xef\xbb\xbf)?\s*solid\b", data, re.IGNORECASE):
        words = re.findall(rb"^[ \t]*endfacet\b", data, re.IGNORECASE | re.MULTILINE)
        return len(words)
    if re.search(rb"^f[ \t]", data, re.MULTILINE) and b"\\" not in data:
        faces = re.findall(rb"^[ \t]*f[ \t]([^\r\n#]*)", data, re.MULTILINE)
        return sum(max(0, len(face.split()) - 2) for face in faces)
    return None


def _in_archive(data: bytes) -> int | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            if file.getinfo(MODEL).file_size > _MOST_XML:
                return None
            xml = file.read(MODEL)
        if b"<!" in xml:
            return None
        root = ET.fromstring(xml)  # noqa: S314 - without a DOCTYPE, and not long
    except Exception:  # noqa: BLE001 - whatever is wrong with it, it is not for this to say
        return None
    objects = {found.get("id"): found for found in root.iter(f"{_CORE}object")}

    def triangles(identity: str | None, depth: int) -> int:
        here = objects[identity]
        inner = [part.get("objectid") for part in here.iter(f"{_CORE}component")]
        if depth > 40 or len(inner) > 1000:
            raise RecursionError
        counts = {one: triangles(one, depth + 1) for one in set(inner)}
        own = sum(1 for _ in here.iter(f"{_CORE}triangle"))
        return own + sum(counts[one] for one in inner)

    try:
        return sum(
            triangles(item.get("objectid"), 0)
            for item in root.iter(f"{_CORE}item")
            if item.get("printable") != "0"
        )
    except (KeyError, RecursionError):
        return None
