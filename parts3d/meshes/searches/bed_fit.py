"""Whether a part fits the network's printers as it lies, or how it must be turned to fit."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.mesh import Vector
from parts3d.meshes.orient import laying, rotation_matrix
from parts3d.meshes.searches.stability import hull
from parts3d.meshes.shape import Shape

Floats = NDArray[np.float64]
_UP = 2
_STEP_DEG = 0.25
# Equal to a hundredth of a millimetre is equal: files round, printers more so.
_SLACK_MM = 0.01
# How many flat sides of the part are tried as its underside, beside the box's three.
_SIDES = 12
_SIDE_COS = 0.9995
_SIDES_SEEN = 2_000


def find_bed_fit(shape: Shape, beds_mm: Sequence[Vector]) -> tuple[Finding, ...]:
    """Find whether any printer takes the part.

    As it lies it may be turned by 90 degrees on the bed, as the slicer places it. Other turns (on
    the bed by quarter degrees; onto another side, among the box's and the part's largest flat
    ones) have to stand in the recipe, so they are a warning that names the turn.

    Args:
        shape: the part as it lies.
        beds_mm: printable x, y, z of each printer model; empty: not asked.
    """
    x, y, z = shape.measures.bounds_mm
    if not beds_mm or any(_takes(bed, (x, y, z)) for bed in beds_mm):
        return ()
    params = {"x_mm": x, "y_mm": y, "z_mm": z}
    for down in undersides(shape):
        turned = turn_to_fit(shape.measures.topology.vertices, down, beds_mm)
        if turned is not None:
            params |= dict(
                zip(("turn_x_deg", "turn_y_deg", "turn_z_deg"), turned, strict=True),
            )
            return (Finding(Code.FITS_WHEN_TURNED, Severity.WARNING, len(beds_mm), params),)
    return (Finding(Code.TOO_LARGE_FOR_BED, Severity.BLOCKS, len(beds_mm), params),)


def _takes(bed: Vector, size: Vector) -> bool:
    short, long = sorted(size[:_UP])
    narrow, wide = sorted(bed[:_UP])
    return (
        size[_UP] <= bed[_UP] + _SLACK_MM
        and short <= narrow + _SLACK_MM
        and long <= wide + _SLACK_MM
    )


def undersides(shape: Shape) -> tuple[Vector, ...]:
    """Return directions that may face the bed: as it lies first, then the box's other sides, then
    the part's largest flat sides.
    """  # noqa: D205 - one sentence, too long for one line
    found: list[Vector] = [(0, 0, -1), (0, 0, 1), (0, -1, 0), (-1, 0, 0), (0, 1, 0), (1, 0, 0)]
    found += flat_sides(shape, _SIDES)
    return tuple(found)


def flat_sides(shape: Shape, count: int) -> list[Vector]:
    """Return the outward normals of the largest flat areas, largest first.

    Facets whose normals agree to a hundredth are summed, so parallel areas count together.
    """
    large = np.flatnonzero(shape.areas_mm2 > 0)
    if len(large) > _SIDES_SEEN:
        large = np.sort(large[np.argpartition(-shape.areas_mm2[large], _SIDES_SEEN)[:_SIDES_SEEN]])
    normals = shape.normals[large].astype(np.float64)
    areas = shape.areas_mm2[large]
    keys = np.rint(normals * 100).astype(np.int64)
    _, label = np.unique(keys, axis=0, return_inverse=True)
    label = label.reshape(-1)
    totals = np.bincount(label, weights=areas)
    sums = np.stack([np.bincount(label, weights=areas * normals[:, a]) for a in range(3)], axis=1)
    chosen: list[Floats] = []
    for at in np.argsort(-totals, kind="stable"):
        length = float(np.linalg.norm(sums[at]))
        if length <= 0:
            continue
        normal = _even(sums[at] / length)
        if all(float(normal @ other) < _SIDE_COS for other in chosen):
            chosen.append(normal)
        if len(chosen) == count:
            break
    return [(float(n[0]), float(n[1]), float(n[2])) for n in chosen]


def _even(normal: Floats) -> Floats:
    """Take float32's rounding off a normal along an axis."""
    cleaned = np.where(np.abs(normal) < 1e-6, 0.0, normal)  # noqa: PLR2004 - float32's rounding
    return np.asarray(cleaned / np.linalg.norm(cleaned))


def turn_to_fit(
    vertices: NDArray[np.float32], down: Vector, beds_mm: Sequence[Vector]
) -> Vector | None:
    """Return the ``orientation_deg`` with this direction down at which a printer takes the part.

    The smallest turn on the bed that fits, in quarter degrees, checked on all points.

    Args:
        vertices: float32 (v, 3), the part's points, as the file has them.
        down: the direction that shall face the bed.
        beds_mm: printable x, y, z of each printer model.
    """
    turn = rotation_matrix(laying(down)).astype(np.float32)
    heights = vertices @ turn[_UP]
    height = float(heights.max()) - float(heights.min())
    high_enough = [bed for bed in beds_mm if height <= bed[_UP] + _SLACK_MM]
    if not high_enough:
        return None
    outline = hull((vertices @ turn[:_UP].T).astype(np.float64))
    spins = np.arange(0.0, 180.0, _STEP_DEG)
    width, depth = extents(outline, spins)
    for spin in _smallest_first(width, depth, spins, high_enough):
        degrees = laying(down, float(spin))
        size = np.ptp(vertices @ rotation_matrix(degrees).astype(np.float32).T, axis=0)
        turned = (float(size[0]), float(size[1]), float(size[2]))
        if any(_takes(bed, turned) for bed in high_enough):
            return degrees
    return None


def extents(outline: Floats, spins_deg: Floats) -> tuple[Floats, Floats]:
    """Return width (x) and depth (y) of an outline, (h, 2), after each turn on the bed."""
    angle = np.radians(spins_deg)
    cos, sin = np.cos(angle), np.sin(angle)
    x = outline[:, :1] * cos - outline[:, 1:] * sin
    y = outline[:, :1] * sin + outline[:, 1:] * cos
    return np.ptp(x, axis=0), np.ptp(y, axis=0)


def _smallest_first(
    width: Floats, depth: Floats, spins: Floats, beds_mm: Sequence[Vector]
) -> list[float]:
    """Return a few turns that fit by the outline's hull, the smallest and the roomiest."""
    room = np.full(len(spins), -np.inf)
    for bed in beds_mm:
        np.maximum(room, np.minimum(bed[0] - width, bed[1] - depth), out=room)
    fits = np.flatnonzero(room >= -_SLACK_MM)
    if len(fits) == 0:
        return []
    roomiest = fits[np.argmax(room[fits])]
    # None at all, or a quarter turn, reads best; else the middle of the first range that fits.
    plain = [at for at in fits if spins[at] % 90 == 0]
    end = int(np.argmax(np.diff(fits, append=fits[-1] + 2) > 1))
    return [float(spins[at]) for at in (*plain[:1], fits[end // 2], roomiest)]
