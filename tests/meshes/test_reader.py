import struct
import tracemalloc
from collections.abc import Callable
from mmap import mmap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.errors import Unreadable
from parts3d.meshes.orient import write_stl
from parts3d.meshes.reader import Data, Limits, read
from tests.meshes import solids
from tests.meshes.solids import mesh

BINARY = write_stl(mesh(solids.box()))


def ascii_stl(triangles: solids.Triangles, name: str = "box", line_end: str = "\n") -> bytes:
    lines = [f"solid {name}"]
    for facet in triangles:
        lines += ["  facet normal 0 0 0", "    outer loop"]
        lines += [f"      vertex {x!r} {y!r} {z!r}" for x, y, z in facet.tolist()]
        lines += ["    endloop", "  endfacet"]
    return line_end.join([*lines, f"endsolid {name}", ""]).encode()


ASCII = ascii_stl(solids.box())


def refusal(data: bytes, limits: Limits | None = None) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(data, limits=limits or Limits())
    error = caught.value
    assert error.code != "unreadable", "a refusal has a code of its own"
    assert error.message.endswith(".")
    return error


def with_coordinate(value: float, facet: int = 5) -> bytes:
    data = bytearray(BINARY)
    struct.pack_into("<f", data, 84 + 50 * facet + 12 + 4 * 3, value)
    return bytes(data)


def test_a_binary_file_gives_its_triangles_to_the_bit() -> None:
    result = read(BINARY)
    assert result.format == "stl_binary"
    assert (result.triangles == solids.box()).all()
    assert not result.triangles.flags.writeable


def test_a_binary_file_that_begins_with_solid_is_binary() -> None:
    assert len(read(b"solid part".ljust(80) + BINARY[80:]).triangles) == 12


@pytest.mark.parametrize(
    "data",
    [
        ASCII,
        ASCII.upper(),
        ASCII.title(),
        ascii_stl(solids.box(), line_end="\r\n"),
        ascii_stl(solids.box(), line_end="\r"),
        ascii_stl(solids.box(), name="poignée 旋钮 facet vertex"),
        ascii_stl(solids.box(), name=""),
        b"\xef\xbb\xbf" + ASCII,
        b"\n  " + ASCII,
        ASCII.replace(b"20.0", b"2.0E+01"),
        ascii_stl(solids.box()[:7], name="a_b") + ascii_stl(solids.box()[7:], name="c"),
    ],
    ids=["plain", "upper", "title", "crlf", "cr", "script", "unnamed", "bom", "lead", "exp", "two"],
)
def test_ascii_in_every_usual_dress_is_read(data: bytes) -> None:
    result = read(data)
    assert result.format == "stl_ascii"
    assert (result.triangles == solids.box()).all()


def test_a_long_ascii_file_is_read_over_the_borders_of_its_slices() -> None:
    many = np.concatenate([solids.torus(60) + np.float32(shift) for shift in range(8)])
    assert (read(ascii_stl(many)).triangles == many).all()


@pytest.mark.parametrize(("unit", "factor"), [("mm", 1), ("inch", 25.4), ("m", 1000)])
def test_a_file_is_scaled_by_the_unit_that_a_person_gave(unit: str, factor: float) -> None:
    small = write_stl(mesh(solids.box((0.2, 0.3, 0.1))))
    result = read(small, unit=unit)  # type: ignore[arg-type]  # the parameters are the three words
    assert result.upper_mm == pytest.approx(np.array([0.2, 0.3, 0.1]) * factor)


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"", "empty_file", None),
        (b"PK\x03\x04" + bytes(200), "truncated", "byte 204"),
        (b"\x89PNG\r\n\x1a\n", "picture", "byte 0"),
        (b"\x01\x02\x03", "not_stl", "byte 3"),
        ("solid".encode("utf-16") + bytes(90), "utf16_text", "byte 0"),
        (
            BINARY[:80] + struct.pack("<I", 2**32 - 1) + BINARY[84:],
            "truncated",
            "byte 684, facet 12",
        ),
        (BINARY[:80] + struct.pack("<I", 3) + BINARY[84:], "wrong_size", "byte 234"),
        (BINARY[:80] + struct.pack(">I", 12) + BINARY[84:], "big_endian", "byte 80"),
        (BINARY[:-1], "truncated", "byte 683, facet 11"),
        (BINARY[:300], "truncated", "byte 300, facet 4"),
        (BINARY + b"\0", "wrong_size", "byte 684"),
        (BINARY[:80] + bytes(4), "no_triangles", "facet 0"),
        (b"solid nothing\nendsolid nothing\n", "no_triangles", "facet 0"),
        (with_coordinate(float("nan")), "not_a_number", "facet 5"),
        (with_coordinate(float("inf")), "not_a_number", "facet 5"),
        (with_coordinate(float("-inf"), 11), "not_a_number", "facet 11"),
        (with_coordinate(1e38), "beyond_one_metre", "facet 5"),
        (with_coordinate(-1000.1), "beyond_one_metre", "facet 5"),
        (ASCII.replace(b"20.0", b"nan", 1), "not_a_number", "facet 0"),
        (ASCII.replace(b"20.0", b"1e38", 1), "beyond_one_metre", "facet 0"),
        (ASCII.replace(b"20.0", b"1e400", 1), "not_a_number", "facet 0"),
        (ASCII.replace(b"20.0", b"2_0.0", 1), "bad_word", "line 6"),
        (ASCII.replace(b"20.0", b"20,0", 1), "decimal_comma", "line 6"),
        (ASCII.replace(b"outer", b"other", 1), "bad_word", "line 3"),
        (ASCII.replace(b"vertex 0.0 ", b"vertex ", 1), "bad_word", "line 5"),
        (ASCII + b"  facet normal 0 0 0\n", "truncated", "line 88"),
        (ASCII[: ASCII.rindex(b"endsolid")], "truncated", "line 86"),
        (ASCII[: ASCII.rindex(b"endloop")], "truncated", "line 84"),
        (b"solid bomb\n" + b"facet normal 0 0 0 " * 10_000, "line_too_long", "line 2"),
        (b"solid " + b"a" * 5000 + b"\n" + ASCII, "line_too_long", "line 1"),
    ],
)
def test_what_cannot_be_read_is_refused_with_code_and_place(
    data: bytes, code: str, place: str | None
) -> None:
    error = refusal(data)
    assert (error.code, error.place) == (code, place)


@pytest.mark.parametrize(
    ("data", "limits", "code"),
    [
        (BINARY, Limits(max_bytes=683), "too_many_bytes"),
        (BINARY, Limits(max_triangles=11), "too_many_triangles"),
        (ASCII, Limits(max_triangles=11), "too_many_triangles"),
        (ASCII, Limits(max_line_bytes=20), "line_too_long"),
        (b"solid\nendsolid\n" * 100_001, Limits(), "too_many_solids"),
    ],
)
def test_each_cap_refuses_what_is_beyond_it(data: bytes, limits: Limits, code: str) -> None:
    assert refusal(data, limits).code == code


def test_each_cap_lets_pass_what_is_just_within() -> None:
    limits = Limits(max_bytes=684, max_triangles=12, max_line_bytes=40)
    assert len(read(BINARY, limits=limits).triangles) == 12
    limits = Limits(max_bytes=len(ASCII), max_triangles=12, max_line_bytes=40)
    assert len(read(ASCII, limits=limits).triangles) == 12


def mapped(data: bytes) -> mmap:
    memory = mmap(-1, len(data))
    memory.write(data)
    return memory


@pytest.mark.parametrize(
    "as_buffer",
    [bytearray, memoryview, lambda data: np.frombuffer(data, np.uint8), mapped],
    ids=["bytearray", "memoryview", "array", "mmap"],
)
@pytest.mark.parametrize("data", [BINARY, ASCII], ids=["binary", "ascii"])
def test_any_buffer_is_read_and_let_go_of(data: bytes, as_buffer: Callable[[bytes], Data]) -> None:
    buffer = as_buffer(data)
    result = read(buffer)
    assert (result.triangles == solids.box()).all()
    if isinstance(buffer, mmap):
        buffer.close()  # raises while somebody holds on to it


def test_a_large_binary_file_costs_little_more_than_its_mesh() -> None:
    many = write_stl(mesh(np.tile(solids.box(), (20_000, 1, 1))))
    tracemalloc.start()
    result = read(many)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.1 * result.triangles.nbytes


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (b"\xff\xd8\xff\xe0" + bytes(100), "picture", "JPEG"),
        (b"RIFF1234WEBP" + bytes(100), "picture", "WebP"),
        (b"%PDF-1.7\n", "pdf", "PDF"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "packed", "7z"),
        (b"\x1f\x8b\x08" + bytes(100), "packed", "gzip"),
        (b"BLENDER-v300" + bytes(100), "drawing", "Blender"),
        (b"MZ\x90\0" + bytes(100), "program", "Windows"),
        (b"ply\nformat ascii 1.0\n", "other_model", "PLY"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "web_page", "web page"),
        (b"\n<html lang='en'>", "web_page", "web page"),
        (b"<?xml version='1.0'?>\n<amf unit='inch'>", "amf", "AMF"),
        (b"; generated by PrusaSlicer 2.5\nG28\n", "gcode", "G-code"),
        (b"M104 S200\nG28 ; home\nG1 X1 Y2\n", "gcode", "G-code"),
        (b"// a knob\n$fn = 60;\nmodule knob() {\n cube(3);\n}\n", "scad", "OpenSCAD"),
        (b'{"asset": {"version": "2.0"}}', "other_model", "JSON"),
    ],
)
def test_a_wrong_file_is_called_by_its_name(data: bytes, code: str, word: str) -> None:
    error = refusal(data)
    assert (error.code, error.place) == (code, "byte 0")
    assert word in error.message
    assert error.message.startswith("This is ")


def refused_or_counted(data: bytes) -> None:
    try:
        result = read(data)
    except Unreadable:
        refusal(data)
        return
    if result.format == "stl_binary":
        assert len(data) == 84 + 50 * len(result.triangles)
    elif result.format == "obj":
        assert any(line.split()[:1] == [b"f"] for line in data.splitlines())
    else:
        # Each facet read stands in the file, and none that is there was left out.
        assert data.lower().count(b"endfacet") == len(result.triangles)
    assert np.isfinite(result.triangles).all()
    assert np.abs(result.triangles).max() <= 1000


MUTATIONS: dict[str, Callable[[bytes, int, bytes], bytes]] = {
    "overwrite": lambda data, at, new: data[:at] + new + data[at + len(new) :],
    "insert": lambda data, at, new: data[:at] + new + data[at:],
    "delete": lambda data, at, new: data[:at] + data[at + len(new) :],
    "truncate": lambda data, at, _: data[:at],
    "repeat": lambda data, at, new: data[:at] + data[max(0, at - len(new)) : at] + data[at:],
}


@given(
    source=st.sampled_from([BINARY, ASCII]),
    changes=st.lists(
        st.tuples(
            st.sampled_from(sorted(MUTATIONS)),
            st.floats(0, 1),
            st.binary(min_size=1, max_size=60) | st.sampled_from([b"nan", b"\n", b"endsolid\n"]),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_damaged_bytes_are_refused_with_a_sentence_or_read_with_the_right_count(
    source: bytes, changes: list[tuple[str, float, bytes]]
) -> None:
    data = source
    for name, share, new in changes:
        data = MUTATIONS[name](data, int(share * len(data)), new)
    refused_or_counted(data)


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"solid ", b"solid\n", b"solid x\nfacet normal"])
)
def test_any_bytes_at_all_are_refused_or_read(data: bytes, start: bytes) -> None:
    refused_or_counted(start + data)


@given(st.lists(st.tuples(*[st.floats(-1000, 1000, width=32)] * 9), min_size=1, max_size=8))
def test_what_we_write_we_read_again_to_the_bit(rows: list[tuple[float, ...]]) -> None:
    triangles = np.array(rows, dtype=np.float32).reshape(-1, 3, 3)
    assert (read(write_stl(mesh(triangles))).triangles == triangles).all()
    assert (read(ascii_stl(triangles)).triangles == triangles).all()
