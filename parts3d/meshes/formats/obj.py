"""Wavefront OBJ: vertices and faces; nothing that it names in other files is opened.

Read in slices of a few megabytes, vertex lines and face lines in bulk. Texture and normal indices
are looked at for their form only; groups, objects, materials, lines and points are passed over.
"""

import re
from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Unreadable
from parts3d.meshes.formats.ascii_stl import decimal_comma, line_of, refuse_long_lines
from parts3d.meshes.formats.limits import Limits, no_triangles
from parts3d.meshes.formats.polygons import triangulated

_SLICE_BYTES = 4_000_000
_HEAD_BYTES = 200_000
_BOM = b"\xef\xbb\xbf"
# A polygon is one line, and may have some thousand corners.
_LINE_FACTOR = 16
_POLYGON_CORNERS = 10_000
_LINES_PER_TRIANGLE = 10
_SOME_LINES = 10_000
_CONTINUED = re.compile(rb"\\(?:\r\n|\r|\n)")
_VERTEX_LINE = re.compile(rb"(?m)^[ \t]*v[ \t]+[-+.\d]")
_FACE_LINE = re.compile(rb"(?:\A|(?<=[\r\n]))[ \t]*f[ \t][^\r\n]*")
_OTHER_INDICES = re.compile(rb"/(?:-?\d+)?(?:/(?:-?\d+)?)?(?=\s|\Z)")
_WHOLE_NUMBER = re.compile(rb"[-+]?\d{1,12}\Z")
_PASSED_OVER = frozenset(
    b"vt vn vp p l g o s mg usemtl mtllib usemap maplib bevel c_interp d_interp lod shadow_obj "
    b"trace_obj".split()
)
_FREE_FORM = frozenset(
    b"cstype deg bmat step curv curv2 surf parm trim hole scrv sp end con ctech stech".split()
)
_Index = NDArray[np.int64]


def looks_like_obj(data: memoryview) -> bool:
    """Whether the bytes are text with a line ``v`` and a number early on."""
    head = bytes(data[:_HEAD_BYTES])
    return b"\0" not in head and bool(_VERTEX_LINE.search(head.replace(b"\r", b"\n")))


def read_obj(data: bytes, limits: Limits) -> NDArray[np.float64]:
    """Read the corners of every face as triangles, shape (n, 3, 3), in the file's unit.

    Polygons are cut into triangles, convex ones as a fan, others by ``polygons``.

    Raises:
        Unreadable: ``line_too_long``, ``bad_word``, ``decimal_comma``, ``bad_index``,
            ``free_form``, ``polygon_too_large``, ``too_many_triangles``; the place is the line.
    """
    text = data.removeprefix(_BOM)
    refuse_long_lines(text, _LINE_FACTOR * limits.max_line_bytes)
    lines = text.count(b"\n") + text.count(b"\r")
    if lines > _LINES_PER_TRIANGLE * limits.max_triangles + _SOME_LINES:
        raise Unreadable(
            f"The file has {lines} lines, far more than {limits.max_triangles} triangles need. "
            "Export it with a coarser resolution.",
            code="too_many_lines",
            place=f"line {lines}",
        )
    body = _CONTINUED.sub(lambda match: b" " * len(match.group()), text)
    reader = _Reader(text, limits)
    for start, stop in _slices(body):
        reader.take(body[start:stop], start)
    return reader.corners()


def _slices(body: bytes) -> Iterator[tuple[int, int]]:
    """Cut after a line, every few megabytes."""
    start = 0
    while start < len(body):
        aim = start + _SLICE_BYTES
        stops = [at + 1 for end in (b"\n", b"\r") if (at := body.find(end, aim)) >= 0]
        # Between CR and LF no line ends, but an empty one more does no harm.
        stop = min(stops, default=len(body))
        yield start, stop
        start = stop


class _Reader:
    """Vertices and faces so far; ``text`` is the file, for the line of a fault."""

    def __init__(self, text: bytes, limits: Limits) -> None:
        self._text = text
        self._limits = limits
        self._vertices: list[NDArray[np.float64]] = []
        self._vertex_count = 0
        # Corners of all faces in a row, and how many each has.
        self._indices: list[_Index] = []
        self._sizes: list[_Index] = []
        self._triangles = 0

    def take(self, piece: bytes, at: int) -> None:
        """Read whole lines that begin at byte ``at``."""
        rows = [line.split() for line in piece.splitlines()]
        vertices, faces, before = [], [], array("q")
        for row in rows:
            word = row[0] if row else b"#"
            if word == b"v":
                vertices.append(row)
            elif word == b"f":
                faces.append(row)
                before.append(len(vertices))
            elif word not in _PASSED_OVER and not word.startswith(b"#"):
                raise self._unknown(word, rows, row, at)
        if vertices:
            self._take_vertices(vertices, rows, at)
        if faces:
            known = np.frombuffer(before, dtype=np.int64) + self._vertex_count
            self._take_faces(faces, known, rows, at)
        self._vertex_count += len(vertices)

    def _take_vertices(self, lines: list[list[bytes]], rows: list[list[bytes]], at: int) -> None:
        points = np.empty((len(lines), 3), dtype=np.float64)
        try:
            for axis in range(3):
                words = [line[axis + 1] for line in lines]
                points[:, axis] = list(map(float, _plain(words)))
        except (ValueError, IndexError):
            raise self._bad_vertex(lines, rows, at) from None
        self._vertices.append(points)

    def _take_faces(
        self, lines: list[list[bytes]], known: _Index, rows: list[list[bytes]], at: int
    ) -> None:
        sizes = np.fromiter((len(line) - 1 for line in lines), dtype=np.int64, count=len(lines))
        for wrong, code, what in (
            (sizes < 3, "bad_word", "has fewer than three corners"),  # noqa: PLR2004 - a triangle
            (sizes > _POLYGON_CORNERS, "polygon_too_large", f"has over {_POLYGON_CORNERS} corners"),
        ):
            if wrong.any():
                raise self._bad_face(lines[int(np.argmax(wrong))], rows, at, what, code)
        self._triangles += int((sizes - 2).sum())
        if self._triangles > self._limits.max_triangles:
            line = self._line(rows, lines[-1], at)
            raise Unreadable(
                f"The file has more than {self._limits.max_triangles} triangles. "
                "Export it with a coarser resolution.",
                code="too_many_triangles",
                place=f"line {line}",
            )
        joined = b" ".join([b" ".join(line[1:]) for line in lines])
        if b"/" in joined:
            joined = _OTHER_INDICES.sub(b"", joined)
        words = joined.split()
        try:
            indices = np.array(list(map(int, _plain(words))), dtype=np.int64)
        except (ValueError, OverflowError):
            raise self._bad_corner(lines, rows, at) from None
        if len(indices) != sizes.sum():
            raise self._bad_corner(lines, rows, at)
        from_the_end = indices < 0
        if from_the_end.any():
            indices = np.where(from_the_end, indices + np.repeat(known, sizes), indices - 1)
        else:
            indices -= 1
        if (indices < 0).any():
            face = int(np.searchsorted(np.cumsum(sizes), int(np.argmax(indices < 0)), side="right"))
            what = "names a vertex that is not there (numbers begin with 1)"
            raise self._bad_face(lines[face], rows, at, what, "bad_index")
        self._indices.append(indices)
        self._sizes.append(sizes)

    def corners(self) -> NDArray[np.float64]:
        """Return the triangles of all faces, once all vertices are known."""
        if not self._sizes:
            raise no_triangles()
        points = np.concatenate([*self._vertices, np.empty((0, 3))])
        indices, sizes = np.concatenate(self._indices), np.concatenate(self._sizes)
        beyond = indices >= len(points)
        if beyond.any():
            at = int(np.argmax(beyond))
            face = int(np.searchsorted(np.cumsum(sizes), at, side="right"))
            line = self._line_of_face(face)
            raise Unreadable(
                f"Line {line}: the face names vertex {indices[at] + 1}, but there are only "
                f"{len(points)}. The file was cut off or is damaged; export it again.",
                code="bad_index",
                place=f"line {line}",
            )
        return points[triangulated(points, indices, sizes)]

    def _line_of_face(self, number: int) -> int:
        body = _CONTINUED.sub(lambda match: b" " * len(match.group()), self._text)
        for face, match in enumerate(_FACE_LINE.finditer(body)):
            if face == number:
                return line_of(self._text, match.start())
        return line_of(self._text, len(self._text))

    def _line(self, rows: list[list[bytes]], wanted: list[bytes], at: int) -> int:
        """Return the line in the file of a row of this slice, which is found by identity."""
        index = next(number for number, row in enumerate(rows) if row is wanted)
        body = _CONTINUED.sub(lambda match: b" " * len(match.group()), self._text)
        lines = body[at : at + _SLICE_BYTES + _HEAD_BYTES * _LINE_FACTOR].splitlines(keepends=True)
        offset = at + sum(len(line) for line in lines[:index])
        return line_of(self._text, offset + len(lines[index]) - len(lines[index].lstrip()))

    def _bad_face(
        self, face: list[bytes], rows: list[list[bytes]], at: int, what: str, code: str
    ) -> Unreadable:
        line = self._line(rows, face, at)
        return Unreadable(
            f"Line {line}: the face {what}. The file was cut off or is damaged; export it again.",
            code=code,
            place=f"line {line}",
        )

    def _bad_corner(self, faces: list[list[bytes]], rows: list[list[bytes]], at: int) -> Unreadable:
        for face in faces:
            for word in face[1:]:
                if not _WHOLE_NUMBER.match(_OTHER_INDICES.sub(b"", word)):
                    shown = word[:40].decode("utf-8", "replace")
                    what = f"has '{shown}' where the number of a vertex belongs"
                    return self._bad_face(face, rows, at, what, "bad_word")
        return self._bad_face(faces[0], rows, at, "cannot be read", "bad_word")

    def _bad_vertex(
        self, vertices: list[list[bytes]], rows: list[list[bytes]], at: int
    ) -> Unreadable:
        for vertex in vertices:
            words = [*vertex[1:4], *[b"nothing"] * (4 - len(vertex))]
            for word in words:
                try:
                    fits = b"_" not in word and float(word) is not None
                except ValueError:
                    fits = False
                if fits:
                    continue
                line = self._line(rows, vertex, at)
                shown = word[:40].decode("utf-8", "replace")
                return decimal_comma(word, line) or Unreadable(
                    f"Line {line}: expected a number, found '{shown}'. The file is damaged; "
                    "export it again.",
                    code="bad_word",
                    place=f"line {line}",
                )
        raise AssertionError("a vertex was refused that can be read")

    def _unknown(
        self, word: bytes, rows: list[list[bytes]], row: list[bytes], at: int
    ) -> Unreadable:
        line = self._line(rows, row, at)
        shown = word[:40].decode("utf-8", "replace")
        if word in _FREE_FORM:
            return Unreadable(
                f"Line {line}: the OBJ has curved surfaces ('{shown}'), which are not read. "
                "Export it as a mesh of triangles.",
                code="free_form",
                place=f"line {line}",
            )
        return Unreadable(
            f"Line {line} begins with '{shown}', which OBJ does not know. The file is damaged or "
            "is no OBJ; export it again.",
            code="bad_word",
            place=f"line {line}",
        )


def _plain(words: list[bytes]) -> list[bytes]:
    """Refuse what Python reads as a number and no other program does: 1_000."""
    if b"_" in b"".join(words):
        raise ValueError("_")
    return words
