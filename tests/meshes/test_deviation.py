import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.meshes.repairing.deviation import changed, distances_mm, distances_to_own_mm, samples
from tests.meshes.solids import box, flipped, torus

TRIANGLE = np.array([[[0, 0, 0], [10, 0, 0], [0, 10, 0]]], np.float32)


@pytest.mark.parametrize(
    ("point", "distance"),
    [
        ((2, 2, 3), 3.0),
        ((5, -4, 0), 4.0),
        ((-3, -4, 0), 5.0),
        ((10, 10, 0), 50**0.5),
        ((2, 2, 0), 0.0),
    ],
)
def test_a_distance_is_to_the_inside_a_side_or_a_corner(
    point: tuple[float, float, float], distance: float
) -> None:
    found = distances_to_own_mm(np.array([point], float), TRIANGLE)
    assert found[0] == pytest.approx(distance)


def test_a_triangle_without_area_is_a_line() -> None:
    line = TRIANGLE[:, [0, 1, 1]]
    assert distances_to_own_mm(np.array([[5.0, 3, 0]]), line)[0] == pytest.approx(3)


@given(st.integers(0, 9999))
def test_the_sweep_finds_what_trying_all_pairs_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    triangles = rng.uniform(-5, 5, (30, 3, 3)).astype(np.float32)
    points = rng.uniform(-6, 6, (20, 3))
    every = np.array(
        [
            distances_to_own_mm(np.repeat(point[None], 30, axis=0), triangles).min()
            for point in points
        ]
    )
    found = distances_mm(points, triangles, 2.0)
    assert found is not None
    assert found == pytest.approx(np.minimum(every, 2.0), abs=2e-6)


def test_samples_lie_on_their_triangles_and_cover_large_ones() -> None:
    points, owner = samples(torus(), 0.5)
    assert distances_to_own_mm(points, torus()[owner]).max() < 1e-6
    on_large, _ = samples(TRIANGLE, 0.5)
    assert len(on_large) > 100


def test_only_what_differs_is_changed_whichever_way_it_faces() -> None:
    other = flipped(box(), 3)
    other[7, 0, 0] += 1
    before, after = changed(box(), other)
    assert np.flatnonzero(before).tolist() == [7]
    assert np.flatnonzero(after).tolist() == [7]
