"""The layers of a slice: what is read from G-code, how small it stays, who may look."""

import gzip
import io
import json
import tracemalloc
import xml.etree.ElementTree as ET
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.db import Database
from parts3d.slicing.drawing import draw_slice
from parts3d.slicing.engines.base import SliceResult
from parts3d.slicing.first_layer import COLOURS, first_layer_svg
from parts3d.slicing.gcode import PART_SECTION, ROLES, inspect, read
from parts3d.slicing.layers import (
    MOST_POINTS,
    MOST_POINTS_A_LAYER,
    UNIT_MM,
    Layers,
    layer_file,
    read_layers,
)
from parts3d.slicing.profiles import profile
from parts3d.slicing.tables import Slice
from parts3d.store import FolderStore
from tests.slicing.conftest import SliceShape
from tests.slicing.shapes import box_stl
from tests.support.network import Network

BED = profile("mk3s")


@pytest.fixture(scope="module")
def box(slice_shape: SliceShape) -> SliceResult:
    return slice_shape(box_stl(30, 20, 8))


def layers_of(text: str, **limits: int) -> Layers:
    return read_layers(io.BytesIO(text.encode()), **limits)


@dataclass
class Read:
    header: dict[str, Any]
    points: "array[int]"
    counts: "array[int]"
    roles: bytes


def unpacked(content: bytes) -> Read:
    """Read a layer file as its description says."""
    raw = gzip.decompress(content)
    assert raw[:4] == b"P3DL"
    length = int.from_bytes(raw[4:8], "little")
    header = json.loads(raw[8 : 8 + length])
    at, lines = 8 + length, sum(header["layer_lines"])
    assert at % 4 == 0
    points, counts = array("h"), array("H")
    points.frombytes(raw[at : at + 4 * header["points"]])
    at += 4 * header["points"]
    counts.frombytes(raw[at : at + 2 * lines])
    roles = raw[at + 2 * lines :]
    assert len(roles) == lines
    for index in range(2, len(points)):
        points[index] += points[index - 2]
    return Read(header, points, counts, roles)


def test_a_real_slice_has_its_layers_heights_and_extent(box: SliceResult) -> None:
    layers = read_layers(io.BytesIO(box.gcode))
    found = inspect(read(box.gcode))
    assert layers.total == len(layers.kept) == box.layers
    assert layers.stride == 1
    assert layers.kept[0].z_mm == pytest.approx(found.first_layer_z_mm)
    assert layers.kept[-1].z_mm == pytest.approx(found.top_z_mm)
    read_back = unpacked(layer_file(layers, BED))
    assert found.bounds_mm is not None
    low, high = found.bounds_mm
    # The skirt lies around the part.
    x0, y0, x1, y1 = read_back.header["bounds_mm"]
    assert x0 < low[0] < high[0] < x1
    assert y0 < low[1] < high[1] < y1
    assert x0 > 0
    assert x1 < BED.bed_x_mm


def test_the_lines_are_as_long_as_the_moves_that_print_them(box: SliceResult) -> None:
    path = read(box.gcode)
    printing = path.printing & (path.section == PART_SECTION)
    ways = ((path.end - path.start)[printing, :2] ** 2).sum(axis=1) ** 0.5
    layers = read_layers(io.BytesIO(box.gcode))
    for number, role in enumerate(ROLES):
        drawn = 0.0
        for layer in layers.kept:
            for line_role, points in layer.lines():
                if line_role == number:
                    drawn += sum(
                        ((points[i] - points[i - 2]) ** 2 + (points[i + 1] - points[i - 1]) ** 2)
                        ** 0.5
                        for i in range(2, len(points), 2)
                    )
        assert drawn * UNIT_MM == pytest.approx(
            ways[path.role[printing] == number].sum(), rel=0.01, abs=1
        ), role


def test_the_file_says_everything_again_that_was_read(box: SliceResult) -> None:
    layers = read_layers(io.BytesIO(box.gcode))
    read_back = unpacked(layer_file(layers, BED))
    assert read_back.header["layer_z_mm"] == [round(one.z_mm, 3) for one in layers.kept]
    assert read_back.points.tolist() == [point for one in layers.kept for point in one.points]
    assert read_back.counts.tolist() == [count for one in layers.kept for count in one.counts]
    assert read_back.roles == b"".join(bytes(one.roles) for one in layers.kept)
    assert layer_file(layers, BED) == layer_file(layers, BED)


def test_the_file_is_a_small_part_of_its_gcode(box: SliceResult) -> None:
    assert len(layer_file(read_layers(io.BytesIO(box.gcode)), BED)) < len(box.gcode) / 10


def test_start_end_and_travel_are_no_lines() -> None:
    layers = layers_of(
        ";PARTS3D:START\nM83\nG1 X0 Y0 Z0.2 F600\nG1 X60 E9\n;PARTS3D:PART\nM83\n"
        ";TYPE:WALL-OUTER\nG1 X10 Y10 Z0.2 F1200\nG1 X20 E1\nG0 X30\nG1 E-0.8\nG1 E0.8\n"
        ";PARTS3D:END\nG1 X50 Y50 E5\n"
    )
    assert [list(points) for _, points in layers.kept[0].lines()] == [[500, 500, 1000, 500]]
    assert [ROLES[role] for role, _ in layers.kept[0].lines()] == ["wall_outer"]


def test_absolute_and_relative_extrusion_give_the_same_lines() -> None:
    relative = "M83\nG1 Z0.2 F600\nG1 X10 E1\nG1 X20 E1\nG1 X30\nG1 Y10 E1\n"
    absolute = "M82\nG92 E0\nG1 Z0.2 F600\nG1 X10 E1\nG1 X20 E2\nG1 X30\nG1 Y10 E3\n"
    assert layers_of(relative) == layers_of(absolute)


corner = st.tuples(st.integers(-200, 6000), st.integers(-200, 6000))


@given(path=st.lists(corner, min_size=2, max_size=60))
def test_no_point_that_was_left_out_lies_far_from_the_line_that_is_drawn(
    path: list[tuple[int, int]],
) -> None:
    moves = "".join(f"G1 X{x * UNIT_MM:.2f} Y{y * UNIT_MM:.2f} E1\n" for x, y in path[1:])
    start = f"G1 X{path[0][0] * UNIT_MM:.2f} Y{path[0][1] * UNIT_MM:.2f} Z0.2 F600\n"
    layers = layers_of(f"M83\n{start}{moves}")
    if not layers.kept:
        assert len(set(path)) == 1
        return
    drawn = [
        (points[i - 2], points[i - 1], points[i], points[i + 1])
        for _, points in layers.kept[0].lines()
        for i in range(2, len(points), 2)
    ]
    for x, y in path:
        assert min(_distance(x, y, *segment) for segment in drawn) <= 4  # 0.08 mm


def _distance(x: float, y: float, ax: float, ay: float, bx: float, by: float) -> float:
    length = (bx - ax) ** 2 + (by - ay) ** 2
    along = max(0.0, min(1.0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length))
    away_x, away_y = x - ax - along * (bx - ax), y - ay - along * (by - ay)
    return float((away_x**2 + away_y**2) ** 0.5)


def test_beyond_the_bound_every_second_layer_stays_and_the_file_says_so() -> None:
    zigzag = "".join(f"G1 X{10 + i % 2 * 5} Y{i / 10} E1\n" for i in range(100))
    text = "M83\n" + "".join(f"G1 Z{0.2 * n:.1f} F600\n{zigzag}" for n in range(1, 41))
    whole = layers_of(text)
    thinned = layers_of(text, most_points=whole.points // 3)
    assert (whole.stride, len(whole.kept)) == (1, 40)
    assert (thinned.stride, thinned.total) == (4, 40)
    assert [one.z_mm for one in thinned.kept] == [one.z_mm for one in whole.kept[::4]]
    assert thinned.points <= whole.points // 3
    header = unpacked(layer_file(thinned, BED)).header
    assert (header["stride"], header["total_layers"]) == (4, 40)


class EndlessFile(io.RawIOBase):
    """G-code of many layers, made as it is read: nothing of it lies in memory."""

    def __init__(self, layers: int) -> None:
        self.lines = self._made(layers)
        self.bytes = 0

    def _made(self, layers: int) -> Iterator[bytes]:
        yield b"M83\n"
        for layer in range(layers):
            yield f"G1 Z{0.2 + layer / 5:.1f} F600\n".encode()
            for i in range(2000):
                yield f"G1 X{10 + i % 2 * 50}.125 Y{i / 20:.3f} E0.51234\n".encode()

    def readline(self, size: int | None = -1, /) -> bytes:
        line = next(self.lines, b"")
        assert size is None or size < 0 or len(line) <= size
        self.bytes += len(line)
        return line


def test_a_gcode_of_many_megabytes_is_read_in_little_memory() -> None:
    file = EndlessFile(150)
    tracemalloc.start()
    layers = read_layers(file, most_points=100_000)  # type: ignore[arg-type]  # reads lines only
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert file.bytes > 8_000_000
    assert layers.points <= 100_000
    assert peak < 4_000_000


def test_one_layer_of_endless_lines_is_cut_and_says_so() -> None:
    count = MOST_POINTS_A_LAYER // 1000 + 5
    line = "".join(f"G1 X{i % 2 * 9} Y{i / 10} E1\n" for i in range(1000))
    text = "M83\nG1 Z0.2 F600\n" + f"{line}G0 X100 Y0\n" * count
    layers = layers_of(text)
    assert layers.kept[0].is_cut
    assert layers.points <= MOST_POINTS_A_LAYER < MOST_POINTS
    assert unpacked(layer_file(layers, BED)).header["is_cut"] is True


def test_the_first_layer_is_drawn_with_its_size_the_bed_and_a_colour_a_role(
    box: SliceResult,
) -> None:
    layers = read_layers(io.BytesIO(box.gcode))
    picture = first_layer_svg(layers.kept[0], BED)
    drawing = ET.fromstring(picture)  # noqa: S314  # our own
    texts = [text.text or "" for text in drawing.iter("{http://www.w3.org/2000/svg}text")]
    wide = unpacked(layer_file(Layers(layers.kept[:1], 1, 1), BED)).header["bounds_mm"]
    assert f"{wide[2] - wide[0]:.1f} × {wide[3] - wide[1]:.1f} mm" in texts  # noqa: RUF001
    assert "250 × 210" in texts  # noqa: RUF001
    strokes = {path.get("stroke") for path in drawing.iter("{http://www.w3.org/2000/svg}path")}
    present = {ROLES[role] for role, _ in layers.kept[0].lines()}
    assert strokes == {COLOURS[role] for role in present}
    assert {"wall_outer", "solid", "skirt_brim"} <= present
    assert b"style" not in picture


def test_colours_of_the_picture_are_those_of_the_viewer() -> None:
    from pathlib import Path

    sheet = (Path(__file__).parents[2] / "frontend/css/layers.css").read_text("utf-8")
    for role, colour in COLOURS.items():
        assert f"--layer-{role}: {colour};" in sheet


def test_a_slice_is_drawn_once_from_its_stored_gcode(
    sqlite_database: Database, now: datetime, tmp_path: Any, box: SliceResult
) -> None:
    store = FolderStore(tmp_path / "files")
    with sqlite_database.unit_of_work() as work:
        network = Network(now)
        revision = network.add_part(work.session)
        row = network.add_slice(work.session, revision, "mk3s", engine_version="8")
        row.gcode_sha256 = store.put(box.gcode)
        waiting = network.add_slice(work.session, revision, "mk3s", engine_version="9")
        waiting.gcode_sha256 = None
    assert draw_slice(sqlite_database, store, row.id)
    assert not draw_slice(sqlite_database, store, waiting.id)
    with sqlite_database.reading() as session:
        drawn = session.get_one(Slice, row.id)
    assert drawn.layers_sha256 is not None
    assert drawn.first_layer_sha256 is not None
    header = unpacked(store.read(drawn.layers_sha256)).header
    assert header["total_layers"] == box.layers
    before = sum(1 for _ in store.every())
    assert draw_slice(sqlite_database, store, row.id)
    assert sum(1 for _ in store.every()) == before
