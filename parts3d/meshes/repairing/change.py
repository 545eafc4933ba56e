"""How much a repair changes a part, and whether that is still the part."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.deviation import changed, distances_mm, samples
from parts3d.meshes.repairing.closing import Attempt, begin
from parts3d.meshes.repairing.done import RepairRefused
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
    old = first.vertices[first.faces[~np.isin(np.arange(len(first.faces)), attempt.gone)]]
    new = attempt.surface.vertices[attempt.surface.faces]
    lids = (attempt.surface.source == LID) & (not attempt.remade)
    return moved_mm(old, new, lids, tolerance_mm), percent


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
    lids: NDArray[np.bool_],
    tolerance_mm: float,
    *,
    both_ways: bool = True,
) -> float:
    old_changed, new_changed = changed(old, new)
    spacing_mm = tolerance_mm * _SPACING_PER_TOLERANCE
    reach_mm = tolerance_mm * _REACH_PER_TOLERANCE
    ways = [(new[new_changed & ~lids], old)]
    if both_ways:
        ways.append((old[old_changed], new))
    moved = 0.0
    for facets, others in ways:
        if len(facets) == 0:
            continue
        far = distances_mm(samples(facets, spacing_mm), others, reach_mm)
        if far is None:
            raise RepairRefused(
                "A repair would change so much of the surface that it cannot be compared. Close "
                "the model in the drawing program.",
                code="repair_moves_surface",
            )
        moved = max(moved, float(far.max()))
    if moved > tolerance_mm:
        raise RepairRefused(
            f"A repair would move the surface by {'at least ' if moved >= reach_mm else ''}"
            f"{moved:.2f} mm; the material allows {tolerance_mm:.2f} mm. Correct the model in "
            "the drawing program.",
            code="repair_moves_surface",
        )
    return moved
