"""The places that findings mean, as they are drawn: marked facets and edges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.findings import Finding, Severity
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.pictures.scene import Scene

if TYPE_CHECKING:
    from parts3d.meshes.render import Placed

RANK = {Severity.INFO: 1, Severity.WARNING: 2, Severity.BLOCKS: 3}
# Beside the edges that a finding means, its facets are only tinted: the rank, and after the tints
# the full colours.
FULL = len(RANK)
_SLACK = 4e-3
_FACET_SLACK = 1e-3  # a facet's middle is no edge that its own surface may hide
_SLIVER = 1.5  # pixels: a facet seen that narrow is a line
_SLIVER_LENGTH = 8.0  # pixels
_AREA = 0.02  # of the picture
_SLIVERS = 300  # more of them lie side by side and are an area


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What is marked, in the scene's scale.

    Args:
        paint: uint8 (f,), of each facet drawn: 0 not marked, its rank where it is tinted, its
            rank plus ``FULL`` where it is marked.
        corners: float32 (n, 3, 3), the marked facets drawn, then edges (end, end, end again).
        ranks: uint8 (n,).
        facets: how many of those are facets.
    """

    paint: NDArray[np.uint8]
    corners: NDArray[np.float32]
    ranks: NDArray[np.uint8]
    facets: int

    @property
    def middles(self) -> NDArray[np.float32]:
        """One point of each, float32 (n, 3)."""
        edges = self.corners[self.facets :, :2].mean(axis=1)
        return np.concatenate((self.corners[: self.facets].mean(axis=1), edges))

    @property
    def edges(self) -> NDArray[np.float32]:
        """The edges' ends, float32 (k, 2, 3)."""
        return self.corners[self.facets :, :2]

    def some(self, number: int, most: int) -> "Places":
        """Return those of one rank, at most so many, spread evenly."""
        rows = np.flatnonzero(self.ranks == number)
        if len(rows) > most:
            rows = rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
        facets = int(np.searchsorted(rows, self.facets))
        return Places(self.paint, self.corners[rows], self.ranks[rows], facets)

    def hidden(self, scene: Scene, eye: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which have something before them, bool (n,)."""
        points = self.middles
        return np.concatenate(
            (
                scene.hidden(points[: self.facets], eye, _FACET_SLACK),
                scene.hidden(points[self.facets :], eye, _SLACK),
            )
        )

    def slivers(
        self, pixels: NDArray[np.float64], painted: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """Return long sides of facets too narrow to be seen as areas, float32 (k, 2, 3).

        None where the places are seen as areas anyway; what is narrow there is part of them.

        Args:
            pixels: (n, 3, 2), where the corners are seen.
            painted: bool (size, size), where the places are seen.
        """
        none = np.zeros((0, 2, 3), dtype=np.float32)
        if painted.mean() > _AREA:
            return none
        corners = pixels[: self.facets]
        sides = np.roll(corners, -1, axis=1) - corners
        lengths = np.hypot(sides[..., 0], sides[..., 1])
        longest = lengths.max(axis=1, initial=0.0)
        one, two = sides[:, 0], sides[:, 1]
        doubled = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
        rows = np.flatnonzero((longest > _SLIVER_LENGTH) & (doubled < _SLIVER * longest))
        middles = corners[rows].mean(axis=1).astype(np.int64)
        column, row = np.clip(middles, 0, len(painted) - 1).T
        rows = rows[~painted[row, column]]
        if len(rows) > _SLIVERS:
            return none
        start = lengths[rows].argmax(axis=1)
        return np.stack((self.corners[rows, start], self.corners[rows, (start + 1) % 3]), axis=1)


def places_of(mesh: Mesh, ready: "Placed", findings: Sequence[Finding]) -> Places:
    """Return the places of findings; a facet of several has the gravest one's rank.

    Facets that cannot be drawn (no area, or there twice) are marked by their edges.
    """
    full, tint = (np.zeros(len(mesh.triangles), dtype=np.uint8) for _ in range(2))
    for finding in findings:
        rank = tint if len(finding.segments_mm) else full
        rank[finding.facets] = np.maximum(rank[finding.facets], RANK[finding.severity])
    kept = ready.facets.facets
    drawn = full[kept]
    lost = full.copy()
    lost[kept] = 0
    corners, ranks = [ready.facets.corners[drawn > 0]], [drawn[drawn > 0]]
    for severity, number in RANK.items():
        edges = [finding.segments_mm for finding in findings if finding.severity is severity]
        edges.append(mesh.triangles[lost == number][:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2, 3))
        placed_edges = ready.place(np.concatenate(edges))
        corners.append(placed_edges[:, [0, 1, 1]])
        ranks.append(np.full(len(placed_edges), number, dtype=np.uint8))
    paint = np.where(drawn > 0, drawn + np.uint8(FULL), tint[kept]).astype(np.uint8)
    return Places(paint, np.concatenate(corners), np.concatenate(ranks), len(corners[0]))
