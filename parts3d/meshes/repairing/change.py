"""How much a repair changes a part, and whether that is still the part."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.repairing.closing import Attempt, begin
from parts3d.meshes.repairing.deviation import changed, distances_mm, distances_to_own_mm, samples
from parts3d.meshes.repairing.done import RepairRefused
from parts3d.meshes.repairing.lids import put_on_lids
from parts3d.meshes.repairing.rings import signed_volume_mm3
from parts3d.meshes.repairing.seams import join_points
from parts3d.meshes.repairing.surface import LID, Surface

VOLUME_LIMIT_PERCENT = 1.0
_SPACING_PER_TOLERANCE = 10
# Distances beyond so many tolerances are only known to be that far.
_REACH_PER_TOLERANCE = 4


def judge_change(first: Surface, attempt: Attempt, tolerance_mm: float) -> tuple[float, float]:
    """Measure how far the surface moved (mm) and the volume changed (percent).

    Raises:
        RepairRefused: either is too much.
    """
    volume_mm3 = signed_volume_mm3(attempt.surface)
    joined, _ = join_points(_as_faced(first, attempt), attempt.reach_mm)
    sound_mm3 = signed_volume_mm3(joined)
    change = abs(volume_mm3 - abs(sound_mm3)) if attempt.remade else abs(volume_mm3 - sound_mm3)
    percent = 100 * change / max(abs(sound_mm3), 1e-30)
    if percent > VOLUME_LIMIT_PERCENT:
        raise RepairRefused(
            f"A repair would change the volume by {percent:.1f} %; more than "
            f"{VOLUME_LIMIT_PERCENT:.0f} % is no repair but another part. Close the model in the "
            "drawing program.",
            code="repair_changes_volume",
        )
    keep = np.ones(len(first.faces), dtype=np.bool_)
    keep[attempt.gone] = False
    surface = attempt.surface
    old = first.vertices[first.faces[keep]]
    new = surface.vertices[surface.faces]
    if attempt.remade:
        # Which facets are lids is not known: they must lie on those that we would put on.
        lidded, _, _ = put_on_lids(begin(first.only(keep), 0).surface)
        closed = lidded.vertices[lidded.faces]
        onto = moved_mm(closed, new, tolerance_mm, both_ways=False)
        back = moved_mm(new, old, tolerance_mm, both_ways=False)
        return max(onto, back), percent
    number = np.where(keep, np.cumsum(keep) - 1, LID)
    own = np.where(surface.source == LID, LID, number[surface.source])
    return moved_mm(old, new, tolerance_mm, own=own, lids=surface.source == LID), percent


def _as_faced(first: Surface, attempt: Attempt) -> Surface:
    """Return the first surface without what went, each facet facing as it does in the attempt."""
    keep = ~np.isin(np.arange(len(first.faces)), attempt.gone)
    surface = attempt.surface
    if attempt.remade:
        return begin(first.only(keep), 0).surface
    own = surface.source != LID
    source = surface.source[own]
    now = _normals(surface.corners_mm[own])
    was = _normals(first.corners_mm)
    against = np.bincount(
        source, weights=np.einsum("ij,ij->i", now, was[source]), minlength=len(first.faces)
    )
    here = np.bincount(source, minlength=len(first.faces)) > 0
    copies = begin(first.only(keep), 0).surface.source
    keep &= here | np.isin(np.arange(len(first.faces)), copies)
    return first.turned(against < 0).only(keep)


def _normals(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def moved_mm(
    old: NDArray[np.float32],
    new: NDArray[np.float32],
    tolerance_mm: float,
    *,
    own: NDArray[np.int64] | None = None,
    lids: NDArray[np.bool_] | None = None,
    both_ways: bool = True,
) -> float:
    """Return the largest distance between two sets of facets at sampled points, where they differ.

    A point within the tolerance of the facet that its own was made from, or of the one that was
    made of it, is taken to lie that far, so the result may be a little too large, never too small
    at these points; the others are compared with all facets.

    Args:
        old: float32 (n, 3, 3), mm.
        new: float32 (m, 3, 3), mm.
        tolerance_mm: how far is allowed.
        own: int64 (m,), the old facet that each new one was made from, -1 for none.
        lids: bool (m,), new facets that are not asked how far they lie from the old ones.
        both_ways: also ask how far the old facets lie from the new ones, lids included.

    Raises:
        RepairRefused: it is more, or so much differs that it cannot be compared.
    """
    own = np.full(len(new), LID) if own is None else own
    lids = np.zeros(len(new), dtype=np.bool_) if lids is None else lids
    old_changed, new_changed = changed(old, new)
    made = np.full(len(old), LID)
    made[own[own != LID]] = np.flatnonzero(own != LID)
    moved = _farthest(new, np.flatnonzero(new_changed & ~lids), old, own, tolerance_mm)
    if both_ways:
        back = _farthest(old, np.flatnonzero(old_changed), new, made, tolerance_mm)
        moved = max(moved, back)
    reach_mm = tolerance_mm * _REACH_PER_TOLERANCE
    if moved > tolerance_mm:
        raise RepairRefused(
            f"A repair would move the surface by {'at least ' if moved >= reach_mm else ''}"
            f"{moved:.2f} mm; the material allows {tolerance_mm:.2f} mm. Correct the model in "
            "the drawing program.",
            code="repair_moves_surface",
        )
    return moved


def _farthest(
    facets: NDArray[np.float32],
    rows: NDArray[np.int64],
    others: NDArray[np.float32],
    twin: NDArray[np.int64],
    tolerance_mm: float,
) -> float:
    """Return the largest distance from points of some facets to the others, twins first."""
    if len(rows) == 0:
        return 0.0
    points, owner = samples(facets[rows], tolerance_mm * _SPACING_PER_TOLERANCE)
    twin_of = twin[rows][owner]
    has_twin = np.flatnonzero(twin_of != LID)
    distances = np.full(len(points), np.inf)
    distances[has_twin] = distances_to_own_mm(points[has_twin], others[twin_of[has_twin]])
    left = np.flatnonzero(distances > tolerance_mm)
    near = distances_mm(points[left], others, tolerance_mm * _REACH_PER_TOLERANCE)
    if near is None:
        raise RepairRefused(
            "A repair would change so much of the surface that it cannot be compared. Close "
            "the model in the drawing program.",
            code="repair_moves_surface",
        )
    distances[left] = near
    return float(distances.max())
