import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.errors import Unreadable
from parts3d.meshes.formats.polygons import triangulated
from parts3d.meshes.measure import measure
from parts3d.meshes.reader import Limits, read
from tests.meshes import models, solids

BOX = models.obj(solids.box())
SQUARE = b"v 0 0 0\nv 4 0 0\nv 4 4 0\nv 0 4 0\n"
CUBE = b"""v 0 0 0
v 4 0 0
v 4 4 0
v 0 4 0
v 0 0 4
v 4 0 4
v 4 4 4
v 0 4 4
f 4 3 2 1
f 5 6 7 8
f 1 2 6 5
f 2 3 7 6
f 3 4 8 7
f 4 1 5 8
"""


def refusal(data: bytes, limits: Limits | None = None) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(data, limits=limits or Limits())
    assert caught.value.message.endswith(".")
    return caught.value


def area(triangles: np.ndarray) -> float:
    one, two = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    return float(np.linalg.norm(np.cross(one, two), axis=1).sum() / 2)


def test_an_obj_gives_its_triangles_and_opens_no_other_file() -> None:
    result = read(BOX)
    assert result.format == "obj"
    assert (result.triangles == solids.box()).all()
    assert not result.unit_is_known


@pytest.mark.parametrize(
    "face",
    [
        b"f 1 2 3",
        b"f 1/1 2/2 3/3",
        b"f 1//1 2//2 3//3",
        b"f 1/1/1 2/2/2 3/3/3",
        b"f -4 -3 -2",
        b"f -4/-1 -3/-1 -2/-1",
        b"f 1 \\\n 2 \\\r\n 3",
        b"\tf  1  2   3  ",
        b"f 1 2 3\r",
        b"g a\nusemtl red\ns off\nvt 0 0\nvn 0 0 1\nf 1 2 3\nl 1 2\np 1",
    ],
)
def test_every_form_of_a_face_is_read(face: bytes) -> None:
    result = read(SQUARE + face + b"\n")
    assert result.triangles.tolist() == [[[0, 0, 0], [4, 0, 0], [4, 4, 0]]]


def test_vertices_may_have_a_weight_or_a_colour() -> None:
    data = SQUARE.replace(b"v 4 0 0", b"v 4 0 0 1.0").replace(b"v 4 4 0", b"v 4 4 0 0.1 0.2 0.3")
    assert read(data + b"f 1 2 3\n").triangles[0].tolist() == [[0, 0, 0], [4, 0, 0], [4, 4, 0]]


def test_negative_numbers_count_back_from_where_the_face_stands() -> None:
    later = b"v 9 9 9\nf -2 -1 1\n"
    result = read(SQUARE + b"f -4 -3 -2\n" + later)
    assert result.triangles.tolist() == [
        [[0, 0, 0], [4, 0, 0], [4, 4, 0]],
        [[0, 4, 0], [9, 9, 9], [0, 0, 0]],
    ]


def test_a_cube_of_squares_is_closed() -> None:
    measures = measure(read(CUBE))
    assert len(read(CUBE).triangles) == 12
    assert measures.watertight
    assert measures.signed_volume_mm3 == pytest.approx(64)


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("start", range(5))
def test_a_concave_polygon_is_cut_along_its_inside(start: int, turn: int) -> None:
    arrow = [(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)]
    ring = (arrow[start:] + arrow[:start])[::turn]
    lines = [f"v {x} 3 {y}" for x, y in ring] + ["f 1 2 3 4 5"]
    triangles = read("\n".join(lines).encode()).triangles
    assert len(triangles) == 3
    assert area(triangles) == pytest.approx(10)


def test_a_polygon_that_crosses_itself_keeps_its_border() -> None:
    star = [(np.cos(4 * np.pi * i / 5), np.sin(4 * np.pi * i / 5), 0.0) for i in range(5)]
    cut = triangulated(np.array(star), np.arange(5), np.array([5]))
    edges = [(int(a), int(b)) for row in cut for a, b in zip(row, np.roll(row, -1), strict=True)]
    border = {(a, b) for a, b in edges if (b, a) not in edges}
    assert border == {(i, (i + 1) % 5) for i in range(5)}


def test_a_quad_with_a_notch_is_cut_at_the_notch_wherever_it_begins() -> None:
    kite = [(0, 0), (4, 0), (1, 1), (0, 4)]
    for start in range(4):
        for turn in (1, -1):
            ring = (kite[start:] + kite[:start])[::turn]
            lines = [f"v {x} {y} 3" for x, y in ring] + ["f 1 2 3 4"]
            assert area(read("\n".join(lines).encode()).triangles) == pytest.approx(4)


def test_more_notches_than_can_be_cut_in_time_are_refused() -> None:
    arrow = b"v 0 0 0\nv 4 0 0\nv 4 4 0\nv 2 1 0\nv 0 4 0\n"
    assert refusal(arrow + b"f 1 2 3 4 5\n" * 100_001).code == "too_many_concave"


def test_lines_without_end_are_refused_before_they_are_split() -> None:
    data = SQUARE + b"\n" * 20_000 + b"f 1 2 3\n"
    assert refusal(data, Limits(max_triangles=10)).code == "too_many_lines"
    assert len(read(data).triangles) == 1


@given(
    st.lists(st.floats(0.2, 1.0), min_size=4, max_size=30),
    st.floats(-3, 3),
    st.sampled_from([0, 1, 2]),
)
def test_any_star_shaped_polygon_keeps_its_area(radii: list[float], turn: float, axis: int) -> None:
    angles = turn + 2 * np.pi * np.arange(len(radii)) / len(radii)
    x, y = np.array(radii) * np.cos(angles), np.array(radii) * np.sin(angles)
    points = np.roll(np.stack([x, y, np.zeros_like(x)], axis=1), axis, axis=1)
    cut = triangulated(points, np.arange(len(radii)), np.array([len(radii)]))
    exact = float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    assert area(points[cut]) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (SQUARE + b"f 1 2 5\n", "bad_index", "line 5"),
        (SQUARE + b"\n# x\nf 1 2 3\nf 1 2 1000000000\n", "bad_index", "line 8"),
        (SQUARE + b"f 1 2 99999999999999999999999\n", "bad_word", "line 5"),
        (SQUARE + b"f 0 1 2\n", "bad_index", "line 5"),
        (SQUARE + b"f 1 2 3\nf -5 1 2\n", "bad_index", "line 6"),
        (SQUARE + b"f 1 2\n", "bad_word", "line 5"),
        (SQUARE + b"f 1 2 x\n", "bad_word", "line 5"),
        (SQUARE + b"f 1 2 3.5\n", "bad_word", "line 5"),
        (SQUARE + b"f 1 2 1_0\n", "bad_word", "line 5"),
        (SQUARE + b"f 1/a 2 3\n", "bad_word", "line 5"),
        (SQUARE + b"f 1 \\\n2 \\\n7\n", "bad_index", "line 5"),
        (SQUARE + b"v 1 2\nf 1 2 3\n", "bad_word", "line 5"),
        (SQUARE + b"v 1 2 1,5\nf 1 2 3\n", "decimal_comma", "line 5"),
        (SQUARE + b"v 1 2 1_5\nf 1 2 3\n", "bad_word", "line 5"),
        (SQUARE + b"v nan 2 1\nf 1 2 5\n", "not_a_number", "facet 0"),
        (SQUARE + b"v 1e9 2 1\nf 1 2 5\n", "beyond_one_metre", "facet 0"),
        (SQUARE + b"cstype bspline\n", "free_form", "line 5"),
        (SQUARE + b"nonsense 1\n", "bad_word", "line 5"),
        (SQUARE, "no_triangles", "facet 0"),
        (SQUARE + b"f" + b" 1 2 3 4" * 2501 + b"\n", "polygon_too_large", "line 5"),
        (SQUARE + b"f" + b" 1" * 40_000 + b"\n", "line_too_long", "line 5"),
    ],
)
def test_what_is_wrong_in_an_obj_is_refused_with_its_line(
    data: bytes, code: str, place: str
) -> None:
    error = refusal(data)
    assert (error.code, error.place) == (code, place)


def test_polygons_count_as_the_triangles_they_become() -> None:
    assert refusal(CUBE, Limits(max_triangles=11)).code == "too_many_triangles"
    assert len(read(CUBE, limits=Limits(max_triangles=12)).triangles) == 12


def test_a_long_obj_is_read_over_the_borders_of_its_slices() -> None:
    many = np.concatenate([solids.torus(60) + np.float32(shift) for shift in range(12)])
    data = models.obj(many).replace(b"\n", b"\r\n")
    assert len(data) > 1_000_000
    assert (read(data).triangles == many).all()
    wide = data.replace(b"\r\n", b" " * 30 + b"\r\n")
    assert len(wide) > 4_000_000
    assert (read(wide).triangles == many).all()
    broken = wide[: wide.rindex(b"f ")] + b"f 1 2 0\r\n"
    assert refusal(broken).place == f"line {len(broken.splitlines())}"


@given(st.integers(0, len(CUBE) - 1), st.binary(max_size=6), st.integers(0, 6))
def test_a_damaged_obj_is_refused_or_read_with_a_right_count(
    at: int, new: bytes, gone: int
) -> None:
    data = CUBE[:at] + new + CUBE[at + gone :]
    try:
        result = read(data)
    except Unreadable:
        return  # test_reader looks at the words of refusals
    if result.format == "obj":
        text = data.replace(b"\\\r\n", b" ").replace(b"\\\n", b" ").replace(b"\\\r", b" ")
        rows = [line.split() for line in text.splitlines()]
        assert len(result.triangles) == sum(len(row) - 3 for row in rows if row[:1] == [b"f"])
