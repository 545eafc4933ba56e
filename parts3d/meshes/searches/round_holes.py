"""Round holes so small that they may close in print."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.grouping import connected
from parts3d.meshes.printing import Printing
from parts3d.meshes.shape import Shape

Numbers = NDArray[np.float64]

_EXACT = 0.99
# A hole has five sides at least: OpenSCAD makes no fewer of a small circle.
_STEEPEST_COS = float(np.cos(np.radians(73.0)))
_FLAT_COS = float(np.cos(np.radians(0.2)))
_FEWEST_FACETS = 5
# Normals of a cylinder lie in a plane: so little of their spread is along its axis.
_ALONG_SHARE = 0.01
# All the way round, normals add up to nothing; half a turn adds up to 0.64, three quarters to 0.3.
_OPEN_SHARE = 0.15
# How far corners may be off the mean radius, as a share of it.
_OUT_OF_ROUND = 0.1
# A dimple less deep than that part of its width is a dot, not a hole.
_SHALLOW = 0.5
_CHUNK = 65_536


def find_small_holes(shape: Shape, printing: Printing) -> tuple[Finding, ...]:
    """Find round holes under ``limits.hole_mm`` in diameter, through or blind, in any direction.

    A hole is a group of facets, joined over inward bends of at most 73 degrees, whose normals
    all look at one axis from all around, and whose corners lie on one radius: cylinders of five
    sides and more. Fillets do not go all around; countersinks, threads and balls have no one
    radius. ``measured`` is the smallest diameter, through the corners. Linear in the edges.
    """
    limit = printing.limits.hole_mm
    rows, first, second = _bends(shape, limit)
    if len(rows) == 0:
        return ()
    count, component = connected(len(rows), first, second)
    size = np.bincount(component, minlength=count)
    enough = size >= _FEWEST_FACETS
    if not enough.any():
        return ()
    keep = enough[component]
    facets = np.asarray(shape.measures.topology.facets[rows[keep]], dtype=np.int64)
    group = np.asarray(np.cumsum(enough) - 1, dtype=np.int64)[component[keep]]
    diameter = _diameters(shape, facets, group)
    small = diameter < _EXACT * limit
    if not small.any():
        return ()
    return (
        Finding(
            Code.SMALL_HOLES,
            Severity.WARNING,
            int(np.count_nonzero(small)),
            measured=float(diameter[small].min()),
            limit=limit,
            facets=np.sort(facets[small[group]]),
        ),
    )


def _bends(
    shape: Shape, limit_mm: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Facets at inward bends as tight as a small hole's, and links between them.

    Returns:
        rows of ``topology.faces``, int64 (k,), and both ends of each link, numbers within them.
    """
    topology = shape.measures.topology
    candidate = np.zeros(len(topology.faces), dtype=np.bool_)
    links: list[NDArray[np.int64]] = []
    for start in range(0, len(topology.neighbours), _CHUNK):
        pairs = topology.neighbours[start : start + _CHUNK]
        one, other = topology.facets[pairs[:, 0]], topology.facets[pairs[:, 1]]
        cos = np.einsum("ij,ij->i", shape.normals[one], shape.normals[other])
        pairs = pairs[(cos > _STEEPEST_COS) & (cos <= _FLAT_COS)]
        pairs = pairs[_tight(shape, topology.facets[pairs], limit_mm)]
        candidate[pairs.reshape(-1)] = True
        links.append(pairs)
    rows = np.flatnonzero(candidate)
    if len(rows) == 0:
        return rows, rows, rows
    # Only now, since in a fine mesh nearly every pair of neighbours is flat.
    flats = topology.neighbours[candidate[topology.neighbours].all(axis=1)]
    one, other = topology.facets[flats[:, 0]], topology.facets[flats[:, 1]]
    cos = np.einsum("ij,ij->i", shape.normals[one], shape.normals[other])
    flats = flats[cos > _FLAT_COS]
    number = np.cumsum(candidate, dtype=np.int64) - 1
    joined = number[np.concatenate((*links, flats))]
    return rows, joined[:, 0], joined[:, 1]


def _tight(shape: Shape, facets: NDArray[np.int64], limit_mm: float) -> NDArray[np.bool_]:
    """Whether pairs of facets bend inwards with a radius under the limit's.

    Two chords of a circle that turn by an angle a, their middles d apart, have the radius
    d / (2 sin(a / 2)); a triangle's centroid is nearer to the edge than its chord's middle, so
    the radius is never overestimated.
    """
    normals = shape.normals[facets].astype(np.float64)
    centres = shape.mesh.triangles[facets].astype(np.float64).mean(axis=2)
    apart = centres[:, 1] - centres[:, 0]
    inwards = np.einsum("ij,ij->i", apart, normals[:, 0]) > 0
    axis = np.cross(normals[:, 0], normals[:, 1])
    sine = np.sqrt(np.einsum("ij,ij->i", axis, axis))
    axis /= np.maximum(sine, 1e-12)[:, None]
    apart -= axis * np.einsum("ij,ij->i", apart, axis)[:, None]
    across = np.sqrt(np.einsum("ij,ij->i", apart, apart))
    turn = normals[:, 1] - normals[:, 0]
    doubled_half_sine = np.sqrt(np.einsum("ij,ij->i", turn, turn))
    return np.asarray(inwards & (across < 0.6 * limit_mm * doubled_half_sine))


def _diameters(
    shape: Shape, facets: NDArray[np.int64], group: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Diameter of each group of facets, infinite for one that is no round hole, float64 (g,)."""
    areas = shape.areas_mm2[facets]
    normals = shape.normals[facets].astype(np.float64)
    corners = shape.mesh.triangles[facets].astype(np.float64)
    area = _sums(areas, group)
    spread = _sums(areas[:, None, None] * normals[:, :, None] * normals[:, None, :], group)
    values, vectors = np.linalg.eigh(spread)
    axis = vectors[:, :, 0]
    hole = values[:, 0] < _ALONG_SHARE * values.sum(axis=1)
    total = _sums(areas[:, None] * normals, group)
    hole &= np.sqrt(np.einsum("ij,ij->i", total, total)) < _OPEN_SHARE * area
    # In the plane across the axis: the point that every facet is equally far from, least squares.
    centre = _sums(areas[:, None] * corners.mean(axis=1), group) / area[:, None]
    sides = vectors[group][:, :, 1:]
    local = corners - centre[group][:, None]
    plan = np.einsum("ijk,ikl->ijl", local, sides)
    facing = np.einsum("ik,ikl->il", normals, sides)
    unknown = np.concatenate((facing, np.ones((len(facets), 1))), axis=1)
    offset = np.einsum("il,il->i", plan.mean(axis=1), facing)
    normal_matrix = _sums(areas[:, None, None] * unknown[:, :, None] * unknown[:, None, :], group)
    right = _sums((areas * offset)[:, None] * unknown, group)
    normal_matrix += np.eye(3) * (1e-9 * area)[:, None, None]
    middle = np.linalg.solve(normal_matrix, right[:, :, None])[:, :2, 0]
    radii = np.linalg.norm(plan - middle[group][:, None], axis=2)
    corners_of = 3 * np.bincount(group, minlength=len(area))
    radius = _sums(radii.sum(axis=1), group) / corners_of
    farthest, nearest = np.zeros(len(area)), np.full(len(area), np.inf)
    np.maximum.at(farthest, group, radii.max(axis=1))
    np.minimum.at(nearest, group, radii.min(axis=1))
    hole &= farthest - nearest < _OUT_OF_ROUND * radius
    along = np.einsum("ijk,ik->ij", local, axis[group])
    top, bottom = np.full(len(area), -np.inf), np.full(len(area), np.inf)
    np.maximum.at(top, group, along.max(axis=1))
    np.minimum.at(bottom, group, along.min(axis=1))
    hole &= top - bottom > _SHALLOW * 2 * radius
    return np.where(hole, 2 * radius, np.inf)


def _sums(values: Numbers, group: NDArray[np.int64]) -> Numbers:
    """Sum rows of values, float64 (n, ...), by group; float64 (g, ...)."""
    flat = values.reshape(len(group), -1)
    count = int(group.max()) + 1
    columns = [np.bincount(group, weights=column, minlength=count) for column in flat.T]
    return np.stack(columns, axis=1, dtype=np.float64).reshape(count, *values.shape[1:])
