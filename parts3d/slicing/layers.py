"""Read a G-code file's printed lines, layer by layer, into a small file for a browser.

The file is read as a stream, and what is kept has a bound: lines are rounded to 0.02 mm, points
that lie straight between others are left out, and beyond ``MOST_POINTS`` only every second layer
stays (then every fourth, and so on; the file says so). Travel, purge and retraction are left out.

The format, gzip around all of it: ``P3DL``, the length of a JSON header (uint32), the header,
padding to 4 bytes, then three columns, little-endian: points as int16 pairs, each the way from
the point before it in units of ``unit_mm`` (the first from the bed's corner); uint16 points of
each line; uint8 role of each line (an index into ``roles``). ``layer_lines`` says how many
lines each layer has.
"""

import gzip
import json
import math
import sys
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from parts3d.slicing.gcode import MARKS, PART_SECTION, ROLE_NUMBER, ROLE_OF_TYPE, ROLES
from parts3d.slicing.profiles import Profile

UNIT_MM: Final = 0.02
# 6 MB of points: what a phone still draws, and no G-code makes us keep more.
MOST_POINTS: Final = 1_500_000
# One layer alone may not use it all up; a bed filled with lines 0.4 mm apart has less.
MOST_POINTS_A_LAYER: Final = 300_000
_STRAIGHT_UNITS: Final = 1.5
_MOST_LINE_POINTS: Final = 65_535
_MOST_TEXT: Final = 4096
_MAGIC: Final = b"P3DL"
_MARKS: Final = {mark.encode(): section for mark, section in MARKS.items()}
_ROLES: Final = {word.encode(): ROLE_NUMBER[role] for word, role in ROLE_OF_TYPE.items()}


@dataclass(slots=True)
class Layer:
    """The lines of one layer: points as x, y pairs in units from the bed's corner."""

    z_mm: float
    points: "array[int]" = field(default_factory=lambda: array("i"))
    counts: "array[int]" = field(default_factory=lambda: array("H"))
    roles: bytearray = field(default_factory=bytearray)
    is_cut: bool = False

    def lines(self) -> Iterable[tuple[int, "array[int]"]]:
        """Yield each line's role and its points."""
        at = 0
        for role, count in zip(self.roles, self.counts, strict=True):
            yield role, self.points[at : at + 2 * count]
            at += 2 * count


@dataclass(frozen=True, slots=True)
class Layers:
    """A file's layers; every ``stride``-th of ``total`` was kept."""

    kept: tuple[Layer, ...]
    total: int
    stride: int

    @property
    def points(self) -> int:
        """How many points were kept."""
        return sum(len(layer.points) // 2 for layer in self.kept)


class _Keeper:
    """Collects lines, and thins out layers when there are too many points."""

    def __init__(self, most_points: int) -> None:
        self.most_points = most_points
        self.layers: list[Layer] = []
        self.points = 0
        self.stride = 1
        self.total = 0
        self._layer: Layer | None = None
        self._line: array[int] = array("i")
        self._role = 0

    def extrude(
        self, z_mm: float, role: int, start: tuple[float, float], end: tuple[float, float]
    ) -> None:
        """Add one printed move (mm)."""
        if self._layer is None or abs(z_mm - self._layer.z_mm) > UNIT_MM / 2:
            self._end_layer()
            self._layer = Layer(z_mm)
        x0, y0 = round(start[0] / UNIT_MM), round(start[1] / UNIT_MM)
        x1, y1 = round(end[0] / UNIT_MM), round(end[1] / UNIT_MM)
        line = self._line
        if (
            not line
            or role != self._role
            or line[-2] != x0
            or line[-1] != y0
            or len(line) >= 2 * _MOST_LINE_POINTS
        ):
            self._end_line()
            self._role = role
            line = self._line
            line.extend((x0, y0))
        if x1 == x0 and y1 == y0:
            return
        if len(line) > 2 and _is_straight(line[-4], line[-3], x0, y0, x1, y1):  # noqa: PLR2004  # two points
            line[-2], line[-1] = x1, y1
        else:
            line.extend((x1, y1))

    def end(self) -> None:
        """No more moves come."""
        self._end_layer()

    def _end_line(self) -> None:
        line, layer = self._line, self._layer
        if layer is not None and len(line) > 2:  # noqa: PLR2004  # more than one point
            if len(layer.points) // 2 + len(line) // 2 > MOST_POINTS_A_LAYER:
                layer.is_cut = True
            else:
                layer.points.extend(line)
                layer.counts.append(len(line) // 2)
                layer.roles.append(self._role)
        self._line = array("i")

    def _end_layer(self) -> None:
        self._end_line()
        layer, self._layer = self._layer, None
        if layer is None:
            return
        if self.total % self.stride == 0:
            self.layers.append(layer)
            self.points += len(layer.points) // 2
        self.total += 1
        while self.points > self.most_points and len(self.layers) > 1:
            self.layers = self.layers[::2]
            self.stride *= 2
            self.points = sum(len(kept.points) // 2 for kept in self.layers)


class _Reader:
    """Follows position, extrusion, role and section through the lines of a file."""

    def __init__(self, keeper: _Keeper) -> None:
        self.keeper = keeper
        self.x = self.y = self.z = self.e = 0.0
        self.role, self.section, self.is_relative = 0, PART_SECTION, False

    def move(self, raw: bytes) -> None:
        """Read a G0 or G1."""
        start = (self.x, self.y)
        extruded = 0.0
        for word in raw.partition(b";")[0].split()[1:]:
            letter, value = word[:1], float(word[1:])
            if letter == b"X":
                self.x = value
            elif letter == b"Y":
                self.y = value
            elif letter == b"Z":
                self.z = value
            elif letter == b"E":
                extruded = value if self.is_relative else value - self.e
                self.e = value
        end = (self.x, self.y)
        if extruded > 0 and self.section == PART_SECTION and end != start:
            self.keeper.extrude(self.z, self.role, start, end)

    def other(self, raw: bytes) -> None:
        """Read a comment, or a command that changes how moves are read."""
        code = raw[:3]
        if raw[:6] == b";TYPE:":
            self.role = _ROLES.get(raw[6:].strip(), 0)
        elif raw[:1] == b";":
            self.section = _MARKS.get(raw.strip(), self.section)
        elif code in (b"M82", b"M83"):
            self.is_relative = code == b"M83"
        elif code == b"G92":
            self.e = 0.0
        elif code == b"G28":
            self.x = self.y = self.z = 0.0


def read_layers(stream: BinaryIO, *, most_points: int = MOST_POINTS) -> Layers:
    """Read a G-code file's layers.

    Args:
        stream: a file that passed our gate; what it does not understand it passes over.
        most_points: how many points are kept at most, or of one layer if that has more.
    """
    reader = _Reader(_Keeper(most_points))
    while raw := stream.readline(_MOST_TEXT):
        if raw[:3] in (b"G1 ", b"G0 "):
            reader.move(raw)
        else:
            reader.other(raw)
    keeper = reader.keeper
    keeper.end()
    return Layers(tuple(keeper.layers), keeper.total, keeper.stride)


def layer_file(layers: Layers, profile: Profile) -> bytes:
    """Return the layers as the browser gets them: gzip; the same layers give the same bytes."""
    counts, roles = array("H"), bytearray()
    for layer in layers.kept:
        counts.extend(layer.counts)
        roles += layer.roles
    header = {
        "version": 1,
        "bed_mm": [profile.bed_x_mm, profile.bed_y_mm],
        "unit_mm": UNIT_MM,
        "line_mm": profile.widths.line,
        "first_line_mm": profile.widths.first_layer,
        "roles": list(ROLES),
        "bounds_mm": _bounds_mm(layers),
        "total_layers": layers.total,
        "stride": layers.stride,
        "is_cut": any(layer.is_cut for layer in layers.kept),
        "layer_z_mm": [round(layer.z_mm, 3) for layer in layers.kept],
        "layer_lines": [len(layer.counts) for layer in layers.kept],
        "points": layers.points,
    }
    return gzip.compress(_packed(header, _steps(layers), counts, bytes(roles)), 6, mtime=0)


def _packed(
    header: dict[str, Any], steps: "array[int]", counts: "array[int]", roles: bytes
) -> bytes:
    words = json.dumps(header, separators=(",", ":")).encode()
    words += b" " * (-(len(words)) % 4)
    if sys.byteorder == "big":
        steps.byteswap()
        counts.byteswap()
    length = len(words).to_bytes(4, "little")
    return b"".join([_MAGIC, length, words, steps.tobytes(), counts.tobytes(), roles])


def _steps(layers: Layers) -> "array[int]":
    """Return the way from each point to the next: small numbers, which gzip likes."""
    steps = array("h")
    x = y = 0
    for layer in layers.kept:
        points = layer.points
        for at in range(0, len(points), 2):
            steps.append(points[at] - x)
            steps.append(points[at + 1] - y)
            x, y = points[at], points[at + 1]
    return steps


def _bounds_mm(layers: Layers) -> list[float]:
    """Return lowest x, y and highest x, y of all that is printed."""
    columns = [layer.points for layer in layers.kept if layer.points]
    if not columns:
        return [0.0, 0.0, 0.0, 0.0]
    return [
        round(best(best(points[side::2]) for points in columns) * UNIT_MM, 2)
        for best, side in ((min, 0), (min, 1), (max, 0), (max, 1))
    ]


def _is_straight(ax: int, ay: int, bx: int, by: int, cx: int, cy: int) -> bool:
    """Tell whether b lies on the way from a on to c: leaving it out changes no picture."""
    way_x, way_y = cx - ax, cy - ay
    length = math.hypot(way_x, way_y)
    on = (bx - ax) * way_x + (by - ay) * way_y
    off = abs((bx - ax) * way_y - (by - ay) * way_x)
    return length > 0 and 0 <= on <= length * length and off <= _STRAIGHT_UNITS * length
