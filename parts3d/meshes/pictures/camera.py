"""One camera for every part, so that the catalogue looks like one shop."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.mesh import Vector

# From the front, a little from the right and above, as one looks at a thing on a table.
TOWARDS_CAMERA: Vector = (0.62, -1.0, 0.74)
_FIELD_OF_VIEW_DEG = 24.0
# Share of the picture that the part fills in its longer direction.
FILL = 0.84


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """A pinhole camera.

    Args:
        eye: float64 (3,), where it stands.
        axes: float64 (3, 3), rows: right, up, forward; unit vectors.
        half_width: half the picture's width at distance 1.
        centre: where the picture's middle lies, right and up at distance 1.
        part_half: half of the part's width and height, as shares of half the picture's.
    """

    eye: NDArray[np.float64]
    axes: NDArray[np.float64]
    half_width: float
    centre: tuple[float, float]
    part_half: tuple[float, float]

    def rays(self, columns: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.float32]:
        """Directions of the rays through a grid, float32 (rows, columns, 3), forward part 1.

        Args:
            columns: positions from left to right, -1 to 1.
            rows: positions from top to bottom, 1 to -1.
        """
        right, up, forward = self.axes.astype(np.float32)
        across = (self.centre[0] + columns * self.half_width).astype(np.float32)
        along = (self.centre[1] + rows * self.half_width).astype(np.float32)
        directions = across[None, :, None] * right + along[:, None, None] * up + forward
        return np.asarray(directions, dtype=np.float32)

    def directions(
        self, columns: NDArray[np.float64], rows: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Directions of the rays through n places, float32 (n, 3), forward part 1."""
        right, up, forward = self.axes.astype(np.float32)
        across = (self.centre[0] + columns * self.half_width).astype(np.float32)
        along = (self.centre[1] + rows * self.half_width).astype(np.float32)
        return np.asarray(across[:, None] * right + along[:, None] * up + forward)

    @property
    def lamp_turn(self) -> NDArray[np.float32]:
        """What brings row vectors to where the shop's camera would see them, float32 (3, 3).

        About z, and mirrored where this camera looks from below.
        """
        behind = np.arctan2(-self.axes[2, 1], -self.axes[2, 0])
        angle = np.arctan2(TOWARDS_CAMERA[1], TOWARDS_CAMERA[0]) - behind
        cosine, sine = np.cos(angle), np.sin(angle)
        upright = -1 if self.axes[2, 2] > 0 else 1
        return np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, upright]], np.float32)

    def pixels(self, points: NDArray[np.floating], size: int) -> NDArray[np.float64]:
        """Where points, (..., 3), are seen in a picture of ``size``, float64 (..., 2), x y."""
        seen = (points.astype(np.float64) - self.eye) @ self.axes.T
        flat = seen[..., :2] / np.maximum(seen[..., 2:], 1e-9)
        share = (flat - np.array(self.centre)) / self.half_width
        return np.asarray((share * np.array([1.0, -1.0]) + 1) / 2 * size)


def eye_for(
    lower: NDArray[np.floating], upper: NDArray[np.floating], towards: Vector
) -> NDArray[np.float64]:
    """Return where the camera stands to see a box, float64 (3,).

    Args:
        lower: the box's corner, (3,).
        upper: the other, (3,).
        towards: direction from the part to the camera.
    """
    forward = -np.array(towards) / np.linalg.norm(towards)
    radius = (float(np.linalg.norm(upper - lower)) or 1.0) / 2
    distance = radius / np.tan(np.radians(_FIELD_OF_VIEW_DEG) / 2)
    return np.asarray((lower + upper) / 2 - forward * distance)


def frame(
    points: NDArray[np.floating],
    towards: Vector = TOWARDS_CAMERA,
    fill: float = FILL,
) -> Camera:
    """Place the camera so that the points, float (n, 3), fill the picture's middle.

    Args:
        points: what must be seen.
        towards: direction from the part to the camera, not straight up or down.
        fill: share of the picture that the part takes in its longer direction.
    """
    forward = -np.array(towards) / np.linalg.norm(towards)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    axes = np.stack((right, np.cross(right, forward), forward))
    lower, upper = points.min(axis=0), points.max(axis=0)
    eye = eye_for(lower, upper, towards)
    seen = (points - eye) @ axes.T
    flat = seen[:, :2] / seen[:, 2:]
    left_low, right_high = flat.min(axis=0), flat.max(axis=0)
    middle = (left_low + right_high) / 2
    half = (float((right_high - left_low).max()) or 1.0) / 2 / fill
    share = (right_high - left_low) / 2 / half
    return Camera(
        eye,
        axes,
        half,
        (float(middle[0]), float(middle[1])),
        (float(share[0]), float(share[1])),
    )
