from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from parts3d.meshes.pictures.smooth import smooth
from parts3d.meshes.render import render
from tests.meshes import solids
from tests.meshes.solids import mesh


def pixels(png: bytes) -> NDArray[np.float64]:
    return np.asarray(Image.open(BytesIO(png))).astype(np.float64)


@pytest.mark.parametrize("size", [64, 96, 320])
def test_a_picture_has_the_size_asked_for_and_a_transparent_background(size: int) -> None:
    picture = pixels(render(mesh(solids.box()), size=size))
    assert picture.shape == (size, size, 4)
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert border[:, 3].max() == 0
    assert picture[size // 2, size // 2, 3] == 255


@pytest.mark.parametrize("scale", [0.01, 1, 30])
def test_a_part_fills_the_picture_whatever_its_size_and_place(scale: float) -> None:
    part = solids.torus() * np.float32(scale) + np.float32(100 * scale)
    opaque = pixels(render(mesh(part), size=128))[..., 3] == 255
    columns = np.flatnonzero(opaque.any(axis=0))
    assert columns[-1] - columns[0] == pytest.approx(0.84 * 128, abs=4)
    assert (columns[-1] + columns[0]) / 2 == pytest.approx(63.5, abs=2)


def test_the_same_part_always_gives_the_same_picture() -> None:
    assert render(mesh(solids.tube()), size=96) == render(mesh(solids.tube()), size=96)


def test_the_top_is_lighter_than_the_sides_and_the_colour_is_the_one_asked_for() -> None:
    picture = pixels(render(mesh(solids.box((20, 20, 20))), size=128, colour=(200, 40, 40)))
    top, left, right = picture[35, 64], picture[85, 40], picture[85, 95]
    assert top[:3].sum() > left[:3].sum() > right[:3].sum()
    assert top[0] > 2 * top[2]


def test_a_part_casts_a_soft_shadow_on_the_table() -> None:
    alpha = pixels(render(mesh(solids.box((20, 20, 20))), size=128))[..., 3]
    soft = (alpha > 10) & (alpha < 200)
    assert soft.sum() > 200


def test_a_hole_lets_the_background_through() -> None:
    alpha = pixels(render(mesh(solids.tube(48)), size=128))[..., 3]
    ring = pixels(render(mesh(solids.torus() * np.array([1, 1, 0.4], np.float32)), size=128))[
        ..., 3
    ]
    assert alpha[64, 64] == 255
    assert ring[64, 64] < 200


def test_a_broken_mesh_is_drawn_too() -> None:
    for triangles in (solids.box()[:1], solids.flipped(solids.box()), solids.moebius()):
        assert (pixels(render(mesh(triangles), size=64))[..., 3] == 255).any()


def test_round_faces_are_smooth_and_edges_stay_edges() -> None:
    round_faces = smooth(mesh(solids.cylinder(48)))
    assert len(set(round_faces.patch.tolist())) == 3  # the side, the top, the bottom
    flat = smooth(mesh(solids.box()))
    assert len(set(flat.patch.tolist())) == 6
    assert sorted({tuple(abs(n).tolist()) for n in flat.normals.reshape(-1, 3)}) == [
        (0, 0, 1),
        (0, 1, 0),
        (1, 0, 0),
    ]
