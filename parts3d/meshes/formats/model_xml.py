"""One model part of a 3MF: its XML as a stream of events, never a tree.

The standard library's expat reads it: no document type, so no entity; nothing is ever fetched;
a token may not grow beyond a cap. Names and meaning: 3MF Core Specification 1.3, chapters 3-4.
"""

import math
from array import array
from dataclasses import dataclass, field
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Unreadable
from parts3d.meshes.formats.archive import EntryStream
from parts3d.meshes.formats.limits import Limits, refuse_too_many

CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
PRODUCTION = "http://schemas.microsoft.com/3dmanufacturing/production/2015/06"
# Extensions that change no surface: what they add may be left out even where it is required.
_HARMLESS = {
    CORE,
    PRODUCTION,
    "http://schemas.microsoft.com/3dmanufacturing/material/2015/02",
    "http://schemas.microsoft.com/3dmanufacturing/trianglesets/2021/07",
}
MM_PER_UNIT = {
    "micron": 0.001,
    "millimeter": 1.0,
    "centimeter": 10.0,
    "inch": 25.4,
    "foot": 304.8,
    "meter": 1000.0,
}
_CHUNK_BYTES = 1 << 20
_TOKEN_BYTES = 4 << 20
_PENDING = 60_000
_DEPTH = 64
_ELEMENTS_PER_TRIANGLE = 6
_TRANSFORM_NUMBERS = 12
_LARGEST_NUMBER = 1e30

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reference:
    """A component or build item: an object, where it is, and how it is placed."""

    object_id: str
    path: str | None
    transform: Matrix | None
    place: str


@dataclass(slots=True)
class ModelObject:
    """An object of the resources: a mesh, or components, or (wrongly) neither."""

    id: str
    kind: str
    place: str
    numbers: "array[float]" = field(default_factory=lambda: array("d"))
    corners: "array[int]" = field(default_factory=lambda: array("q"))
    components: list[Reference] = field(default_factory=list)

    @property
    def triangle_count(self) -> int:
        """Triangles of its own mesh."""
        return len(self.corners) // 3


@dataclass(slots=True)
class ModelPart:
    """What one model part of the package holds."""

    mm_per_unit: float = 1.0
    objects: dict[str, ModelObject] = field(default_factory=dict)
    items: list[Reference] = field(default_factory=list)


class ModelReader:
    """Fills a ``ModelPart`` from expat's events.

    Args:
        name: the entry, for places.
        limits: the cap on triangles.
        triangles_before: triangles of the parts read before, which count with it.
    """

    def __init__(self, name: str, limits: Limits, triangles_before: int) -> None:
        self.part = ModelPart()
        self._name = name
        self._limits = limits
        self._triangles = triangles_before
        self._object: ModelObject | None = None
        self._stack: list[str] = []
        self._prefixes: dict[str, str] = {}
        self._elements = 0
        self._most_elements = _ELEMENTS_PER_TRIANGLE * limits.max_triangles + _PENDING
        self._vertices: list[str] = []
        self._indices: list[str] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartNamespaceDeclHandler = self._namespace
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def read(self, stream: EntryStream) -> ModelPart:
        """Read to the end.

        Raises:
            Unreadable: ``bad_xml``, ``bad_model``, ``needs_extension``, ``too_many_triangles``
                and what the stream refuses.
        """
        fed = 0
        try:
            while piece := stream.read(_CHUNK_BYTES):
                fed += len(piece)
                self._parser.Parse(piece, False)
                if fed - self._parser.CurrentByteIndex > _TOKEN_BYTES:
                    raise self._bad("a word of several megabytes", code="bad_xml")
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise self._bad(f"not well-formed XML ({error})", code="bad_xml") from None
        except (LookupError, UnicodeError, ValueError):
            raise self._bad("an encoding that is unknown", code="bad_xml") from None
        if not self._seen_model:
            raise self._bad("no <model> of a 3MF in it")
        return self.part

    _seen_model = False

    def _place(self) -> str:
        return f"{self._name}, line {self._parser.CurrentLineNumber}"

    def _bad(self, what: str, *, code: str = "bad_model") -> Unreadable:
        place = self._place()
        return Unreadable(
            f"The model inside the 3MF is damaged: {what} ({place}). Export the model again.",
            code=code,
            place=place,
        )

    def _doctype(self, *_: object) -> None:
        raise self._bad("a document type (DTD), which a 3MF may not have", code="bad_xml")

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        self._prefixes[prefix or ""] = uri or ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        uri, _, tag = name.rpartition(" ")
        if uri != CORE:
            tag = ""
        # The two that come by the million are asked first.
        if tag == "vertex" and self._object is not None and self._stack[-1] == "vertices":
            self._vertex(attributes)
        elif tag == "triangle" and self._object is not None and self._stack[-1] == "triangles":
            self._triangle(attributes)
        elif tag in {"object", "component", "item", "model"}:
            self._structure(tag, attributes)
        self._stack.append(tag)
        if self._elements > self._most_elements:
            raise self._bad("far more elements than its triangles need", code="bad_xml")
        if len(self._stack) > _DEPTH:
            raise self._bad("elements too deep inside each other", code="bad_xml")

    def _vertex(self, attributes: dict[str, str]) -> None:
        try:
            self._vertices += (attributes["x"], attributes["y"], attributes["z"])
        except KeyError:
            raise self._bad("a vertex without x, y or z") from None
        if len(self._vertices) >= _PENDING:
            self._flush()

    def _triangle(self, attributes: dict[str, str]) -> None:
        try:
            self._indices += (attributes["v1"], attributes["v2"], attributes["v3"])
        except KeyError:
            raise self._bad("a triangle without v1, v2 or v3") from None
        self._triangles += 1
        if len(self._indices) >= _PENDING:
            self._flush()

    def _structure(self, tag: str, attributes: dict[str, str]) -> None:
        parent = self._stack[-1] if self._stack else None
        if tag == "model" and parent is None:
            self._model(attributes)
        elif tag == "object" and parent == "resources":
            found = attributes.get("id", "")
            if not found or found in self.part.objects:
                raise self._bad(f"an object without a number of its own ('{found[:20]}')")
            self._object = ModelObject(found, attributes.get("type", "model"), self._place())
            self.part.objects[found] = self._object
        elif tag == "component" and parent == "components" and self._object is not None:
            self._object.components.append(self._reference(attributes))
            if len(self._object.components) > self._limits.max_instances:
                raise self._bad(f"more than {self._limits.max_instances} components")
        elif tag == "item" and parent == "build" and attributes.get("printable") != "0":
            self.part.items.append(self._reference(attributes))
            if len(self.part.items) > self._limits.max_instances:
                raise self._bad(f"more than {self._limits.max_instances} things to build")

    def _model(self, attributes: dict[str, str]) -> None:
        self._seen_model = True
        unit = attributes.get("unit", "millimeter")
        if unit not in MM_PER_UNIT:
            raise self._bad(f"the unit '{unit[:20]}', which 3MF does not know")
        self.part.mm_per_unit = MM_PER_UNIT[unit]
        for prefix in attributes.get("requiredextensions", "").split():
            uri = self._prefixes.get(prefix, prefix)
            if uri not in _HARMLESS:
                place = self._place()
                raise Unreadable(
                    f"The 3MF needs the extension '{prefix[:20]}' ({uri[:120]}), which is not "
                    "read here. Export the model as a plain 3MF or as STL.",
                    code="encrypted" if "securecontent" in uri else "needs_extension",
                    place=place,
                )

    def _reference(self, attributes: dict[str, str]) -> Reference:
        found = attributes.get("objectid", "")
        if not found:
            raise self._bad("a component or item without an objectid")
        path = attributes.get(f"{PRODUCTION} path")
        return Reference(found, path, self._transform(attributes.get("transform")), self._place())

    def _transform(self, text: str | None) -> Matrix | None:
        """Return the 4 x 3 matrix of a transform, for row vectors; None for none."""
        if text is None:
            return None
        words = text.split()
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            numbers = []
        if (
            len(numbers) != _TRANSFORM_NUMBERS
            or "_" in text
            or not all(abs(number) < _LARGEST_NUMBER for number in numbers)
        ):
            raise self._bad("a transform that is not 12 numbers")
        matrix = np.array(numbers, dtype=np.float64).reshape(4, 3)
        volume = float(np.linalg.det(matrix[:3]))
        if not math.isfinite(volume) or volume == 0.0:
            raise self._bad("a transform that flattens the object", code="bad_transform")
        return matrix

    def _end(self, _name: str) -> None:
        tag = self._stack.pop()
        if tag in {"vertices", "triangles"}:
            self._flush()
        elif tag == "object":
            self._object = None

    def _flush(self) -> None:
        """Turn the words that came since into numbers."""
        if self._object is None:
            return
        try:
            # Python would read 1_000 as a number; XML's numbers have no such thing.
            self._object.numbers.extend(map(float, _plain(self._vertices)))
            self._object.corners.extend(map(int, _plain(self._indices)))
        except (ValueError, OverflowError):
            what = f"a number that is none in object {self._object.id}, shortly before"
            raise self._bad(what) from None
        self._vertices.clear()
        self._indices.clear()
        refuse_too_many(self._triangles, self._limits, place=self._place())
        if len(self._object.numbers) > 9 * max(self._limits.max_triangles, _PENDING):
            raise self._bad("far more vertices than triangles may use")


def _plain(words: list[str]) -> list[str]:
    if "_" in "".join(words):
        raise ValueError("_")
    return words
