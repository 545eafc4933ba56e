import json
import struct
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from parts3d.errors import Unreadable
from parts3d.meshes.formats.step import glb_corners
from parts3d.meshes.measure import measure
from parts3d.meshes.reader import Limits, needs_child, read
from tests.meshes import solids
from tests.meshes.models import step_box

ALLOWED = Limits(allow_step=True)
BOX = step_box((20, 30, 10))


def refusal(data: bytes, limits: Limits = ALLOWED) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(data, limits=limits)
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("SI_UNIT(.MILLI.,.METRE.)", 1),
        ("SI_UNIT(.CENTI.,.METRE.)", 10),
        ("SI_UNIT($,.METRE.)", 1000),
    ],
)
def test_a_step_file_gives_closed_triangles_in_millimetres_as_it_was_drawn(
    unit: str, factor: float
) -> None:
    size = (20 / factor, 30 / factor, 10 / factor)
    result = read(step_box(size, unit), limits=ALLOWED)
    measures = measure(result)
    assert (result.format, result.unit_is_known) == ("step", True)
    assert measures.watertight
    assert measures.bounds_mm == pytest.approx((20, 30, 10), rel=1e-5)
    assert measures.signed_volume_mm3 == pytest.approx(6000, rel=1e-5)


def test_the_library_writes_nothing_where_the_answer_goes(
    capfd: pytest.CaptureFixture[str],
) -> None:
    read(BOX, limits=ALLOWED)
    refusal(BOX.replace(b"MANIFOLD_SOLID_BREP", b"NO_SUCH_THING"))
    assert capfd.readouterr().out == ""


def test_step_is_only_read_where_the_process_may_do_nothing_else() -> None:
    assert needs_child(BOX)
    assert not needs_child(b"solid x\nendsolid x\n")
    assert refusal(BOX, Limits()).code == "step_needs_child"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (BOX[:-30], "truncated"),
        (BOX.replace(b"MANIFOLD_SOLID_BREP", b"NO_SUCH_THING"), "no_triangles"),
        (b"ISO-10303-21;\nHEADER;\nENDSEC;\nDATA;\nENDSEC;\nEND-ISO-10303-21;\n", "bad_step"),
    ],
)
def test_what_is_wrong_in_a_step_file_is_refused(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_a_step_file_too_large_or_too_fine_is_refused() -> None:
    assert refusal(BOX, Limits(allow_step=True, max_bytes=100)).code == "too_many_bytes"
    assert refusal(BOX, Limits(allow_step=True, max_triangles=11)).code == "too_many_triangles"


def test_a_unit_given_to_a_step_file_may_not_be_another() -> None:
    assert len(read(BOX, unit="mm", limits=ALLOWED).triangles) == 12
    with pytest.raises(Unreadable, match="says its unit itself"):
        read(BOX, unit="inch", limits=ALLOWED)


DAMAGED = """
import random, sys
from parts3d.errors import Unreadable
from parts3d.meshes.reader import Limits, read
whole, chance = sys.stdin.buffer.read(), random.Random(7)
for _ in range(60):
    data = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        data[chance.randrange(300, len(data) - 30)] = chance.choice(b"0123456789#.,()'$*ABC")
    try:
        assert len(read(bytes(data), limits=Limits(allow_step=True)).triangles) > 0
    except Unreadable as refusal:
        assert refusal.code != "unreadable", refusal
    print("one", flush=True)
"""


def test_damaged_step_files_are_refused_or_read_or_end_only_their_own_process() -> None:
    child = subprocess.run(
        [sys.executable, "-c", DAMAGED], input=BOX, capture_output=True, timeout=60, check=False
    )
    # The library's C++ may die of them: that is why it never runs in ours.
    assert b"Traceback" not in child.stderr
    assert child.stdout.startswith(b"one")


def glb(document: dict[str, Any], binary: bytes) -> bytes:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(binary))
    chunk = struct.pack("<I4s", len(text), b"JSON") + text
    return head + chunk + struct.pack("<I4s", len(binary), b"BIN\0") + binary


def scene(**node: Any) -> dict[str, Any]:
    return {
        "scenes": [{"nodes": [0]}],
        "nodes": [{"children": [1], "translation": [1, 0, 0]}, {"mesh": 0, **node}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}, {"mode": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 36, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5121, "count": 36, "type": "SCALAR"},
        ],
        "bufferViews": [{"byteOffset": 0}, {"byteOffset": 432}],
    }


BINARY = solids.box().tobytes() + bytes(range(36))


@pytest.mark.parametrize(
    ("node", "low", "high"),
    [
        ({}, [1, 0, 0], [21, 30, 10]),
        ({"scale": [-1, 1, 1]}, [-19, 0, 0], [1, 30, 10]),
        ({"rotation": [0, 0, 0.5**0.5, 0.5**0.5]}, [-29, 0, 0], [1, 20, 10]),
        (
            {"matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 5, 6, 7, 1]},
            [6, 6, 7],
            [26, 36, 17],
        ),
    ],
)
def test_the_nodes_of_a_scene_place_their_meshes(
    node: dict[str, Any], low: list[float], high: list[float]
) -> None:
    corners = glb_corners(glb(scene(**node), BINARY), ALLOWED)
    assert corners.min(axis=(0, 1)) == pytest.approx(np.array(low), abs=1e-5)
    assert corners.max(axis=(0, 1)) == pytest.approx(np.array(high), abs=1e-5)
    assert measure(solids.mesh(corners.astype(np.float32))).signed_volume_mm3 == pytest.approx(
        6000, rel=1e-5
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"glTF" + bytes(40),
        glb({}, b""),
        glb(scene(), BINARY[:100]),
        glb(scene(children=[0]), BINARY),
        glb(scene(mesh=7), BINARY),
        glb(scene(rotation=[1]), BINARY),
    ],
)
def test_a_scene_that_does_not_hold_together_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        glb_corners(data, ALLOWED)
    assert caught.value.code == "bad_step"
