"""Small closed shapes as binary STL, made with numpy."""

import struct

import numpy as np
from numpy.typing import NDArray

_BOX_FACES = (
    (0, 2, 1), (0, 3, 2), (4, 5, 6), (4, 6, 7), (0, 1, 5), (0, 5, 4),
    (1, 2, 6), (1, 6, 5), (2, 3, 7), (2, 7, 6), (3, 0, 4), (3, 4, 7),
)  # fmt: skip


def stl(triangles: NDArray[np.float64]) -> bytes:
    """Binary STL of triangles, shape (n, 3, 3)."""
    facets = b"".join(
        struct.pack("<12fH", 0, 0, 0, *triangle.ravel().tolist(), 0) for triangle in triangles
    )
    return b"\0" * 80 + struct.pack("<I", len(triangles)) + facets


def box_stl(x: float, y: float, z: float, *, at: tuple[float, float, float] = (0, 0, 0)) -> bytes:
    """A box centred on ``at``."""
    low = np.array(
        [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]]
    )
    corners = (low - 0.5) * np.array([x, y, z]) + np.array(at)
    return stl(corners[np.array(_BOX_FACES)])


def cylinder_stl(radius: float, height: float, sides: int = 48) -> bytes:
    """An upright cylinder standing on z = 0."""
    turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = np.column_stack([radius * np.cos(turn), radius * np.sin(turn), np.zeros(sides)])
    following, up = np.roll(ring, -1, axis=0), np.array([0, 0, height])
    middle = np.zeros_like(ring)
    return stl(
        np.concatenate(
            [
                np.stack([middle, following, ring], axis=1),
                np.stack([middle + up, ring + up, following + up], axis=1),
                np.stack([ring, following, following + up], axis=1),
                np.stack([ring, following + up, ring + up], axis=1),
            ]
        )
    )


def table_stl() -> bytes:
    """A column with a wide plate on top: the plate's underside needs supports."""
    column = box_stl(8, 8, 8, at=(0, 0, 4))
    plate = box_stl(24, 24, 3, at=(0, 0, 9.4))
    count = 24
    return column[:80] + struct.pack("<I", count) + column[84:] + plate[84:]
