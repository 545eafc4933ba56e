"""What a slicer would draw on one layer: walls, solid and sparse lines, and the way between.

Not G-code: the same lines in the same lengths and speeds, with the corners that a printer brakes
at. Spacing of lines and the area of one line are PrusaSlicer's (``Flow.cpp``: a rectangle with
round ends).
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from manifold3d import CrossSection, JoinType
from numpy.typing import NDArray

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.profiles import Profile

Floats = NDArray[np.float64]
_LEAST_AREA_MM2 = 0.5
_LEAST_LINE_MM = 0.3
_MITER = 3.0
# PrusaSlicer: infill_anchor_max.
_ANCHOR_MM = 12.0


class Kind(IntEnum):
    """What a move is for; each has a correction of its own."""

    OUTER_WALL = 0
    INNER_WALL = 1
    SOLID = 2
    TOP = 3
    SPARSE = 4
    TRAVEL = 5


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The moves of one layer.

    Args:
        points: float64 (n + 1, 2), mm; each move goes from one to the next.
        kinds: int64 (n,), ``Kind``.
        retractions: how often the filament is drawn back.
    """

    points: Floats
    kinds: NDArray[np.int64]
    retractions: int


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """The sections that decide what of a layer is solid.

    Args:
        here: the layer itself.
        next_above: the layer after it: what that leaves open is a top.
        above: within the top layers.
        below: within the bottom layers.
        first: whether it lies on the bed.
    """

    here: CrossSection
    next_above: CrossSection
    above: tuple[CrossSection, ...]
    below: tuple[CrossSection, ...]
    first: bool = False


def spacing(width_mm: float, height_mm: float) -> float:
    """Distance of lines side by side: they overlap by their round ends."""
    return width_mm - height_mm * (1 - np.pi / 4)


def line_area_mm2(width_mm: float, height_mm: float) -> float:
    """Area of one line across: a rectangle with round ends (PrusaSlicer, ``Flow.cpp``)."""
    return height_mm * spacing(width_mm, height_mm)


def draw(around: Surroundings, recipe: Recipe, profile: Profile, turn: int) -> Lines:
    """Draw a layer.

    Args:
        around: the sections.
        recipe: walls, infill, layer height.
        profile: widths.
        turn: number of the layer; solid lines turn by a right angle from one to the next.
    """
    step = spacing(profile.widths.line, recipe.layer_height_mm)
    pieces: list[tuple[Kind, Floats]] = []
    inset = profile.widths.line / 2
    rings: list[tuple[Kind, CrossSection]] = []
    for wall in range(recipe.wall_count):
        centre = around.here.offset(-inset - wall * step, JoinType.Miter, _MITER)
        rings.append((Kind.INNER_WALL if wall else Kind.OUTER_WALL, centre))
    for kind, centre in reversed(rings):
        pieces += [(kind, np.concatenate((ring, ring[:1]))) for ring in centre.to_polygons()]
    overlap = step * profile.infill_overlap_percent / 100
    region = rings[-1][1].offset(-step / 2 + overlap, JoinType.Miter, _MITER)
    top, solid, sparse = _fillings(around, region, recipe)
    angle = np.pi / 4 + np.pi / 2 * (turn % 2)
    wide = step if not around.first else spacing(profile.widths.first_layer, recipe.layer_height_mm)
    pieces += [(Kind.TOP, line) for line in _filled(top, wide, angle)]
    pieces += [(Kind.SOLID, line) for line in _filled(solid, wide, angle)]
    if recipe.infill_percent:
        gap = step * 100 / recipe.infill_percent
        pieces += [(Kind.SPARSE, line) for line in _filled(sparse, gap, angle)]
    return _joined(pieces, profile.retraction.minimum_travel_mm)


def _fillings(
    around: Surroundings, region: CrossSection, recipe: Recipe
) -> tuple[CrossSection, CrossSection, CrossSection]:
    """The parts of the inner region that are top, otherwise solid, and sparse."""
    empty = CrossSection()
    if around.first or recipe.infill_percent == 100:  # noqa: PLR2004 - all of it
        return empty, region, empty
    covered = region
    for section in (*around.above, *around.below):
        if section is not around.here:  # the region lies within its own layer's section
            covered = covered ^ section
    step = recipe.layer_height_mm
    sparse = _without_slivers(covered, step)
    if around.next_above is around.here or not recipe.top_layers:
        return empty, region - sparse, sparse
    top = _without_slivers(region - around.next_above, step)
    return top, region - sparse - top, sparse


def _without_slivers(area: CrossSection, by_mm: float) -> CrossSection:
    if area.area() < _LEAST_AREA_MM2:
        return CrossSection()
    return area.offset(-by_mm, JoinType.Miter, _MITER).offset(by_mm, JoinType.Miter, _MITER)


def _filled(area: CrossSection, gap_mm: float, angle: float) -> list[Floats]:
    """Fill an area with parallel lines, joined to a zigzag where neighbours overlap."""
    if area.area() < _LEAST_AREA_MM2:
        return []
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    polygons = area.to_polygons()
    begin = np.concatenate(polygons) @ turn
    sizes = np.array([len(polygon) for polygon in polygons])
    first = np.cumsum(sizes) - sizes
    after = np.arange(1, len(begin) + 1)
    after[first + sizes - 1] = first
    end = begin[after]
    low, high = np.minimum(begin[:, 1], end[:, 1]), np.maximum(begin[:, 1], end[:, 1])
    lowest = np.ceil(low / gap_mm).astype(np.int64)
    times = np.maximum(np.ceil(high / gap_mm).astype(np.int64) - lowest, 0)
    edge = np.repeat(np.arange(len(begin)), times)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(times) - times, times) + lowest[edge]
    share = (row * gap_mm - begin[edge, 1]) / (end[edge, 1] - begin[edge, 1])
    x = begin[edge, 0] + share * (end[edge, 0] - begin[edge, 0])
    order = np.lexsort((x, row))
    x, row = x[order], row[order]
    left, right, rows = x[0:-1:2], x[1::2], row[0:-1:2]
    kept = right - left > _LEAST_LINE_MM
    chains = _zigzags(left[kept].tolist(), right[kept].tolist(), rows[kept].tolist(), gap_mm)
    if not chains:
        return []
    points = np.array([point for chain in chains for point in chain]) @ turn.T
    borders = np.cumsum([len(chain) for chain in chains])[:-1]
    return np.split(points, borders)


def _zigzags(
    left: list[float], right: list[float], rows: list[int], gap_mm: float
) -> list[list[tuple[float, float]]]:
    """Join each line to one of the row before that overlaps it."""
    done: list[list[tuple[float, float]]] = []
    waiting: list[tuple[int, float, float, list[tuple[float, float]]]] = []
    for x0, x1, row in zip(left, right, rows, strict=True):
        y = row * gap_mm
        for at, (before, a, b, chain) in enumerate(waiting):
            if before == row - 1 and a < x1 and x0 < b:
                del waiting[at]
                rightwards = chain[-1][0] - a < b - chain[-1][0]
                chain.extend([(x0, y), (x1, y)] if rightwards else [(x1, y), (x0, y)])
                waiting.append((row, x0, x1, chain))
                break
        else:
            chain = [(x0, y), (x1, y)]
            done.append(chain)
            waiting = [one for one in waiting if one[0] >= row - 1]
            waiting.append((row, x0, x1, chain))
    return done


def _joined(pieces: list[tuple[Kind, Floats]], least_travel_mm: float) -> Lines:
    """String the pieces together with travels between them, the nearest next within a kind."""
    if not pieces:
        return Lines(np.zeros((1, 2)), np.zeros(0, dtype=np.int64), 0)
    ordered = _ordered(pieces)
    path = np.concatenate([line for _, line in ordered])
    sizes = np.array([len(line) for _, line in ordered])
    sort_of = np.repeat(np.array([kind for kind, _ in ordered], dtype=np.int64), sizes)
    kind_of = sort_of[1:].copy()
    kind_of[np.cumsum(sizes)[:-1] - 1] = Kind.TRAVEL
    filling = sort_of >= Kind.SOLID
    jump = kind_of == Kind.TRAVEL
    travel = np.linalg.norm(np.diff(path, axis=0), axis=1)
    # Lines of a filling are joined along its border where that is near.
    reach = np.where(filling[1:] & filling[:-1], _ANCHOR_MM, least_travel_mm)
    return Lines(path, kind_of, int(np.count_nonzero(jump & (travel > reach))))


def _ordered(pieces: list[tuple[Kind, Floats]]) -> list[tuple[Kind, Floats]]:
    """Order pieces by the nearest beginning: island after island, as slicers about do."""
    starts = np.array([line[0] for _, line in pieces])
    left = np.ones(len(pieces), dtype=np.bool_)
    at, here = 0, starts[0]
    found = []
    for _ in range(len(pieces)):
        distance = ((starts - here) ** 2).sum(axis=1)
        distance[~left] = np.inf
        at = int(distance.argmin())
        left[at] = False
        found.append(pieces[at])
        here = pieces[at][1][-1]
    return found
