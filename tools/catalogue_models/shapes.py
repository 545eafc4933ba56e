"""The solid shapes the parts are drawn with: prisms with eased edges, turned and lofted bodies.

All lengths are millimetres, z is up from the print bed. Edges that lie on the bed get chamfers
(a fillet there would overhang); edges that point up get fillets.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manifold3d import CrossSection, JoinType, Manifold, Mesh, OpType, triangulate
from numpy.typing import NDArray

Points = NDArray[np.float64]

# Cuts go this far beyond the material, so that no two faces of a cut and a body coincide.
OVERCUT_MM = 1.0
FILLET_STEPS = 6


def circle(
    radius_mm: float, at: tuple[float, float] = (0.0, 0.0), segments: int = 96
) -> CrossSection:
    """A disc around ``at``."""
    return CrossSection.circle(radius_mm, segments).translate(at)


def box(x_mm: tuple[float, float], y_mm: tuple[float, float]) -> CrossSection:
    """A rectangle between two x and two y."""
    size = (x_mm[1] - x_mm[0], y_mm[1] - y_mm[0])
    return CrossSection.square(size).translate((x_mm[0], y_mm[0]))


def polygon(points: Sequence[tuple[float, float]]) -> CrossSection:
    """A polygon through the points, in either sense of rotation."""
    section = CrossSection([np.array(points, dtype=np.float64)])
    if section.is_empty():
        section = CrossSection([np.array(points[::-1], dtype=np.float64)])
    return section


def rounded(
    section: CrossSection, *, convex_mm: float = 0.0, concave_mm: float = 0.0, segments: int = 48
) -> CrossSection:
    """Round the outward corners to ``convex_mm`` and the inward ones to ``concave_mm``."""
    if concave_mm:
        section = section.offset(concave_mm, JoinType.Round, 2.0, segments)
        section = section.offset(-concave_mm, JoinType.Round, 2.0, segments)
    if convex_mm:
        section = section.offset(-convex_mm, JoinType.Round, 2.0, segments)
        section = section.offset(convex_mm, JoinType.Round, 2.0, segments)
    return section.simplify(0.004)


def prism(
    section: CrossSection,
    height_mm: float,
    *,
    z_mm: float = 0.0,
    top_fillet_mm: float = 0.0,
    bottom_chamfer_mm: float = 0.0,
) -> Manifold:
    """Extrude a section upwards, easing the edges of its two end faces.

    Every corner of the section must be rounder than the fillet, or the eased edge would fold.

    Raises:
        ValueError: an eased edge folds over itself.
    """
    levels = [(z_mm, -bottom_chamfer_mm)]
    if bottom_chamfer_mm:
        levels.append((z_mm + bottom_chamfer_mm, 0.0))
    for step in range(FILLET_STEPS + 1 if top_fillet_mm else 1):
        angle = np.pi / 2 * step / FILLET_STEPS
        rise = top_fillet_mm * (np.sin(angle) - 1)
        levels.append((z_mm + height_mm + rise, top_fillet_mm * (np.cos(angle) - 1)))
    contours = [np.asarray(c, dtype=np.float64) for c in section.to_polygons()]
    return stacked([(z, [eased(c, offset) for c in contours]) for z, offset in levels])


def eased(contour: Points, offset_mm: float) -> Points:
    """Move every vertex of a closed contour outwards along its mitre; the count stays.

    Raises:
        ValueError: an edge turned round, so the contour is not round enough for the offset.
    """
    before = contour - np.roll(contour, 1, axis=0)
    before /= np.linalg.norm(before, axis=1, keepdims=True)
    after = np.roll(before, -1, axis=0)
    normals = np.stack([before[:, 1] + after[:, 1], -before[:, 0] - after[:, 0]], axis=1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    cosine = normals[:, 0] * before[:, 1] - normals[:, 1] * before[:, 0]
    moved = contour + offset_mm * normals / cosine[:, None]
    edges = np.roll(moved, -1, axis=0) - moved
    if np.any(np.sum(edges * after, axis=1) <= 0):
        raise ValueError(
            f"A corner is too sharp to be eased by {abs(offset_mm)} mm; round it more."
        )
    return moved


def stacked(levels: Sequence[tuple[float, Sequence[Points]]]) -> Manifold:
    """Join contours of equal counts, level by level, to a closed solid.

    Args:
        levels: ``(z, contours)`` from bottom to top; outer contours counter-clockwise, holes
            clockwise, the same number of points at every level.
    """
    contours = levels[0][1]
    count = sum(len(c) for c in contours)
    points = np.concatenate(
        [np.column_stack([np.concatenate(cs), np.full(count, z)]) for z, cs in levels]
    )
    faces = [
        np.asarray(triangulate(list(contours)))[:, ::-1],
        np.asarray(triangulate(list(levels[-1][1]))) + count * (len(levels) - 1),
    ]
    starts = np.cumsum([0, *(len(c) for c in contours)])
    here = np.concatenate([np.arange(a, b) for a, b in pairwise(starts)])
    there = np.concatenate([np.roll(np.arange(a, b), -1) for a, b in pairwise(starts)])
    for level in range(len(levels) - 1):
        low, high = level * count, (level + 1) * count
        faces.append(np.column_stack([here + low, there + low, there + high]))
        faces.append(np.column_stack([here + low, there + high, here + high]))
    solid = Manifold(
        Mesh(points.astype(np.float32), np.ascontiguousarray(np.concatenate(faces), np.uint32))
    )
    if solid.is_empty() or solid.volume() <= 0:
        raise ValueError(f"The stacked contours do not close to a solid: {solid.status()}.")
    return solid


def radial(levels: Sequence[tuple[float, Points]]) -> Manifold:
    """Join rings given as radii at equal angles (first at angle 0), level by level."""
    angles = np.linspace(0, 2 * np.pi, len(levels[0][1]), endpoint=False)
    unit = np.column_stack([np.cos(angles), np.sin(angles)])
    return stacked([(z, [unit * radii[:, None]]) for z, radii in levels])


def turned(profile: Sequence[tuple[float, float]], segments: int = 128) -> Manifold:
    """Turn a closed profile of ``(radius, z)`` points around the z axis."""
    return polygon(profile).revolve(segments)


def bore(
    radius_mm: float,
    from_z_mm: float,
    to_z_mm: float,
    *,
    chamfer_mm: float = 0.0,
    segments: int = 64,
) -> Manifold:
    """A through hole to cut away: opens both faces, each with an optional chamfer."""
    if not chamfer_mm:
        low, high = from_z_mm - OVERCUT_MM, to_z_mm + OVERCUT_MM
        return turned([(0, low), (radius_mm, low), (radius_mm, high), (0, high)], segments)
    wide = radius_mm + chamfer_mm + OVERCUT_MM
    return turned(
        [
            (0, from_z_mm - OVERCUT_MM),
            (wide, from_z_mm - OVERCUT_MM),
            (radius_mm, from_z_mm + chamfer_mm),
            (radius_mm, to_z_mm - chamfer_mm),
            (wide, to_z_mm + OVERCUT_MM),
            (0, to_z_mm + OVERCUT_MM),
        ],
        segments,
    )


def fillet_arc(
    centre: tuple[float, float], radius_mm: float, degrees: tuple[float, float], steps: int = 8
) -> list[tuple[float, float]]:
    """Points on an arc, both ends included, for use inside a profile."""
    angles = np.radians(np.linspace(degrees[0], degrees[1], steps + 1))
    return [
        (float(centre[0] + radius_mm * np.cos(a)), float(centre[1] + radius_mm * np.sin(a)))
        for a in angles
    ]


def ring_of(solid: Manifold, count: int, first_deg: float = 0.0) -> Manifold:
    """The union of ``count`` copies of a solid, turned evenly around the z axis."""
    copies = [solid.rotate((0, 0, first_deg + 360 * i / count)) for i in range(count)]
    return Manifold.batch_boolean(copies, OpType.Add)


def ring_of_sections(section: CrossSection, count: int, first_deg: float = 0.0) -> CrossSection:
    """The union of ``count`` copies of a section, turned evenly around the origin."""
    copies = [section.rotate(first_deg + 360 * i / count) for i in range(count)]
    return CrossSection.batch_boolean(copies, OpType.Add)
