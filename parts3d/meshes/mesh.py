"""The mesh value that every other file of this folder takes and returns."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["mm", "inch", "m"]
Format = Literal["stl_binary", "stl_ascii", "3mf", "obj", "step"]
Vector = tuple[float, float, float]

MM_PER_UNIT: dict[Unit, float] = {"mm": 1.0, "inch": 25.4, "m": 1000.0}


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Triangles in millimetres, as the file had them: nothing welded, nothing dropped.

    Args:
        triangles: float32, shape (n, 3, 3): facet, corner, x y z; n >= 1; finite; never written.
        format: what kind of file it was read from, None for a mesh made by us.
    """

    triangles: NDArray[np.float32]
    format: Format | None = None

    def __post_init__(self) -> None:
        """Guard the shape and make the array read-only."""
        shape = self.triangles.shape
        if len(shape) != 3 or shape[1:] != (3, 3) or shape[0] == 0:  # noqa: PLR2004 - the shape (n, 3, 3) itself
            raise ValueError(f"A mesh needs an array of shape (n, 3, 3), n >= 1, not {shape}.")
        if self.triangles.dtype != np.float32:
            raise ValueError(f"A mesh needs float32, not {self.triangles.dtype}.")
        self.triangles.flags.writeable = False

    @property
    def unit_is_known(self) -> bool:
        """Whether the file itself says its unit, so that a small size is no sign of another."""
        return self.format in {"3mf", "step"}

    @property
    def lower_mm(self) -> NDArray[np.float64]:
        """Lower corner of the bounding box, shape (3,), mm."""
        return np.asarray(self.triangles.reshape(-1, 3).min(axis=0), dtype=np.float64)

    @property
    def upper_mm(self) -> NDArray[np.float64]:
        """Upper corner of the bounding box, shape (3,), mm."""
        return np.asarray(self.triangles.reshape(-1, 3).max(axis=0), dtype=np.float64)
