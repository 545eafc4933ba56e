"""How safely a part stands on the bed: what touches it, and whether its weight acts inside that."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.printing import Printing
from parts3d.meshes.shape import Shape

Floats = NDArray[np.float64]
# What is safe to touch the bed with: never less than this (a very small part: half its
# footprint), and a share of the footprint up to a square centimetre's half.
_LEAST_MM2 = 4.0
_FOOTPRINT_SHARE = 0.02
_FOOTPRINT_MOST_MM2 = 50.0
# The nozzle pulls at the top with the height as its lever: a part 100 mm high needs 1 cm2.
_HEIGHT_PER_CONTACT_SIDE = 10.0
# A bed that moves at 1 m/s2 pushes sideways with a tenth of the weight, at the centre of gravity.
_SIDEWAYS_SHARE = 0.1
_HULL_DIRECTIONS = 96
_CHUNK = 400_000


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """How a part stands in one orientation.

    Args:
        contact_mm2: area that touches the bed (the section half a layer up).
        safe_contact_mm2: area that would be safe.
        margin_mm: how far inside the edge of what touches the bed its weight acts; negative:
            outside, so it tips over unless something holds it.
        safe_margin_mm: margin that would be safe at its height.
        height_mm: its height.
    """

    contact_mm2: float
    safe_contact_mm2: float
    margin_mm: float
    safe_margin_mm: float
    height_mm: float


def find_stability(shape: Shape, printing: Printing) -> tuple[Finding, ...]:
    """Find whether too little of a part touches the bed, and whether it may tip over."""
    stand = stand_of(shape, np.eye(3), centre_of_gravity(shape), printing)
    found: list[Finding] = []
    if stand.height_mm <= 0:
        return ()
    if stand.contact_mm2 < stand.safe_contact_mm2:
        found.append(
            Finding(
                Code.SMALL_BED_CONTACT,
                Severity.WARNING,
                measured=stand.contact_mm2,
                limit=stand.safe_contact_mm2,
            )
        )
    if stand.margin_mm < stand.safe_margin_mm:
        found.append(
            Finding(
                Code.MAY_TIP_OVER,
                Severity.WARNING,
                measured=stand.margin_mm,
                limit=stand.safe_margin_mm,
            )
        )
    return tuple(found)


def centre_of_gravity(shape: Shape) -> Floats:
    """Return the centre of the enclosed volume, float64 (3,), in the file's coordinates.

    By the divergence theorem; of a surface so open that this falls outside its box, the centre of
    the surface.
    """
    lower, upper = np.array(shape.measures.lower_mm), np.array(shape.measures.upper_mm)
    middle = (lower + upper) / 2
    volume, moment, surface = 0.0, np.zeros(3), np.zeros(3)
    for begin in range(0, len(shape.areas_mm2), _CHUNK):
        corners = shape.mesh.triangles[begin : begin + _CHUNK].astype(np.float64) - middle
        sums = corners.sum(axis=1)
        six = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
        volume += float(six.sum()) / 6
        moment += six @ sums / 24
        surface += shape.areas_mm2[begin : begin + _CHUNK] @ sums / 3
    half = (upper - lower) / 2
    if abs(volume) > 0:
        with np.errstate(over="ignore", invalid="ignore"):
            centre = moment / volume
        if (np.abs(centre) <= half).all():
            return np.asarray(middle + centre)
    area = float(shape.areas_mm2.sum())
    return np.asarray(middle + surface / area) if area > 0 else middle


def stand_of(shape: Shape, turn: Floats, centre: Floats, printing: Printing) -> Stand:
    """Measure how a part stands after a turn.

    What touches the bed is the section at half a layer's height: a first layer is pressed flat,
    so a rounded underside touches with more than a line. Its area is what faces down below that
    height (divergence theorem), its outline's hull the hull of the points there.

    Args:
        shape: the part in the file's coordinates.
        turn: rotation matrix (3, 3) that lays it.
        centre: its centre of gravity in the file's coordinates.
        printing: gives the layer height.
    """
    up = turn[2]
    heights = (shape.measures.topology.vertices @ up.astype(np.float32)).astype(np.float64)
    bed, top = float(heights.min()), float(heights.max())
    level = bed + min(printing.layer_height_mm, top - bed) / 2
    low = _low_facets(shape, up, level)
    corners = shape.mesh.triangles[low].astype(np.float64)
    above = corners @ up - level
    weighed = shape.areas_mm2[low] * (shape.normals[low].astype(np.float64) @ up)
    contact = max(0.0, -float((weighed * _share_below(above)).sum()))
    outline = hull(_section_points(corners, above) @ turn[:2].T)
    width, depth = np.ptp(shape.measures.topology.vertices @ turn[:2].T.astype(np.float32), axis=0)
    footprint = float(width) * float(depth)
    height = top - bed
    safe_contact = max(
        min(_LEAST_MM2, footprint / 2),
        min(_FOOTPRINT_SHARE * footprint, _FOOTPRINT_MOST_MM2),
        (height / _HEIGHT_PER_CONTACT_SIDE) ** 2,
    )
    return Stand(
        contact_mm2=contact,
        safe_contact_mm2=safe_contact,
        margin_mm=inside_by(outline, turn[:2] @ centre),
        safe_margin_mm=_SIDEWAYS_SHARE * max(0.0, float(up @ centre) - bed),
        height_mm=height,
    )


def _low_facets(shape: Shape, up: Floats, level: float) -> NDArray[np.int64]:
    way = up.astype(np.float32)
    found = [
        begin
        + np.flatnonzero(
            (shape.mesh.triangles[begin : begin + _CHUNK] @ way).min(axis=1) < np.float32(level)
        )
        for begin in range(0, len(shape.areas_mm2), _CHUNK)
    ]
    return np.concatenate(found)


def _share_below(above: Floats) -> Floats:
    """Return the share of each facet's area below height 0, from its corners' heights (k, 3)."""
    low, middle, high = np.sort(above, axis=1).T
    one = np.divide(
        low * low, (low - middle) * (low - high), out=np.zeros(len(low)), where=low < middle
    )
    two = 1 - np.divide(
        high * high, (high - low) * (high - middle), out=np.zeros(len(low)), where=high > middle
    )
    share = np.where(middle <= 0, two, one)
    return np.asarray(np.where(low >= 0, 0.0, np.where(high <= 0, 1.0, share)))


def _section_points(corners: Floats, above: Floats) -> Floats:
    """Return the corners below height 0 and where facets' edges pass through it, (k, 3)."""
    points = [corners[above <= 0]]
    for one, other in ((0, 1), (1, 2), (2, 0)):
        crosses = (above[:, one] < 0) != (above[:, other] < 0)
        a, b = above[crosses, one], above[crosses, other]
        part = (a / (a - b))[:, None]
        start = corners[crosses, one]
        points.append(start + part * (corners[crosses, other] - start))
    return np.concatenate(points)


def hull(points: Floats) -> Floats:
    """Return the convex hull of points in the plane, counterclockwise, float64 (h, 2).

    Its corners are the farthest points in 96 directions: exact for polygons with few corners, and
    0.06 % small for a circle. No import of scipy, no loop over the points.
    """
    angle = np.arange(_HULL_DIRECTIONS) / _HULL_DIRECTIONS * 2 * np.pi
    ways = np.stack((np.cos(angle), np.sin(angle)), axis=1)
    best = np.zeros((0, 2))
    for begin in range(0, len(points), _CHUNK // 4):
        several = np.concatenate((best, points[begin : begin + _CHUNK // 4]))
        best = several[np.argmax(ways @ several.T, axis=1)]
    if len(best) == 0:
        return best
    distinct = (best != np.roll(best, 1, axis=0)).any(axis=1)
    return np.asarray(best[distinct] if distinct.any() else best[:1])


def inside_by(outline: Floats, point: Floats) -> float:
    """Return how far inside a convex outline (counterclockwise, (h, 2)) a point is.

    Negative outside: then minus the distance to it. An outline of one or two points has no inside.
    """
    if len(outline) == 0:
        return -float("inf")
    start, side = outline, np.roll(outline, -1, axis=0) - outline
    to_point = point - start
    length = np.maximum(np.einsum("ij,ij->i", side, side), np.finfo(np.float64).tiny)
    along = np.clip(np.einsum("ij,ij->i", to_point, side) / length, 0, 1)
    nearest = float(np.linalg.norm(to_point - along[:, None] * side, axis=1).min())
    # Round an inside point the corners go once. Turns of single sides would not do: of corners a
    # rounding error apart the hull may have one twice.
    ahead = np.roll(to_point, -1, axis=0)
    cross = to_point[:, 0] * ahead[:, 1] - to_point[:, 1] * ahead[:, 0]
    round_about = float(np.arctan2(cross, np.einsum("ij,ij->i", to_point, ahead)).sum())
    return nearest if round_about > np.pi else -nearest
