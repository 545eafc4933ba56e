"""Facets that cut through each other: search, exact decision, finding.

Touching is no intersection (``crossings_pairs``), and neither is what rounding alone can have
made: a pair that a shift by less than ``SHALLOW`` times the box's diagonal would part.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.crossings_candidates import box_tree, near_pairs
from parts3d.meshes.crossings_depth import depths_mm, segments_mm
from parts3d.meshes.crossings_pairs import Surface, meeting, surface_of
from parts3d.meshes.findings import NO_SEGMENTS, Code, Finding, Severity
from parts3d.meshes.shape import Shape
from parts3d.meshes.topology import Topology

# Of the box's diagonal; see docs/decisions/0015-self-intersections.md for what real parts show.
SHALLOW = 2e-6
# ... and of the largest coordinate, 4 units in the last place of a float32: a part off the origin.
_SHALLOW_COORDINATE = 2.0**-22


@dataclass(frozen=True, slots=True)
class CrossingBudget:
    """Where the search stops: soups in which everything overlaps have n x n pairs.

    Args:
        pairs: pairs of facets with overlapping boxes that are looked at.
        crossings: pairs that cut through each other that are kept.
        segments: segments handed out for the picture.
    """

    pairs: int = 20_000_000
    crossings: int = 400_000
    segments: int = 5_000


DEFAULT_BUDGET = CrossingBudget()


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """What a search found; facets are numbers of the file.

    Args:
        facets: int64 (k,), ascending, facets that cut through others or lie on others.
        pairs: int64 (p, 2), which through which.
        depth_mm: float64 (p,), shortest shift that would part the pair.
        segments_mm: float32 (s, 2, 3), where, the deepest first.
        shallow_count: pairs left out because rounding can have made them.
        complete: False where a budget ended the search; there may be more.
    """

    facets: NDArray[np.int64]
    pairs: NDArray[np.int64]
    depth_mm: NDArray[np.float64]
    segments_mm: NDArray[np.float32]
    shallow_count: int
    complete: bool


def find_crossings(shape: Shape, *, budget: CrossingBudget = DEFAULT_BUDGET) -> tuple[Finding, ...]:
    """Find facets that cut through each other.

    A warning: slicers unite overlapping bodies, but volume, price and thin walls are uncertain.
    ``measured`` is the deepest cut, mm. ``params``: ``pair_count``, ``shallow_count`` (pairs left
    out, see ``Crossings``), and ``complete``, 0 where the budget ended the search: the count is
    then what was found so far.
    """
    found = crossings_of(shape.measures.topology, budget=budget)
    if len(found.facets) == 0:
        return ()
    params = {
        "pair_count": len(found.pairs),
        "shallow_count": found.shallow_count,
        "complete": float(found.complete),
    }
    return (
        Finding(
            Code.SELF_INTERSECTIONS,
            Severity.WARNING,
            len(found.facets),
            params,
            measured=float(found.depth_mm.max()),
            facets=found.facets,
            segments_mm=found.segments_mm,
        ),
    )


def crossings_of(topology: Topology, *, budget: CrossingBudget = DEFAULT_BUDGET) -> Crossings:
    """Search a welded mesh; see ``find_crossings``."""
    if len(topology.faces) == 0:
        return _crossings(topology, None, [], 0, budget, complete=True)
    surface = surface_of(topology.vertices, topology.faces)
    tree = box_tree(topology.vertices[topology.faces])
    shallow_mm = shallow_limit_mm(topology.vertices)
    portions: list[_Portion] = []
    looked_at = kept = shallow = 0
    complete = True
    for one, other in near_pairs(tree):
        if looked_at + len(one) > budget.pairs or kept > budget.crossings:
            complete = False
            break
        looked_at += len(one)
        portion, too_shallow = _decide(surface, one, other, shallow_mm)
        shallow += too_shallow
        kept += len(portion.one)
        portions.append(portion)
    return _crossings(topology, surface, portions, shallow, budget, complete=complete)


def shallow_limit_mm(vertices: NDArray[np.float32]) -> float:
    """How deep a cut can be that rounding made, mm."""
    lower = vertices.min(axis=0).astype(np.float64)
    upper = vertices.max(axis=0).astype(np.float64)
    largest = float(max(np.abs(lower).max(), np.abs(upper).max()))
    return max(SHALLOW * float(np.linalg.norm(upper - lower)), _SHALLOW_COORDINATE * largest)


@dataclass(frozen=True, slots=True, eq=False)
class _Portion:
    one: NDArray[np.int64]
    other: NDArray[np.int64]
    lying: NDArray[np.bool_]
    depth_mm: NDArray[np.float64]


def _decide(
    surface: Surface, one: NDArray[np.int64], other: NDArray[np.int64], shallow_mm: float
) -> tuple[_Portion, int]:
    crossing, lying = meeting(surface, one, other)
    at = np.flatnonzero(crossing | lying)
    one, other, lying = one[at], other[at], lying[at]
    depth = depths_mm(surface, one, other, lying)
    deep = depth > shallow_mm
    portion = _Portion(one[deep], other[deep], lying[deep], depth[deep])
    return portion, int(len(at) - np.count_nonzero(deep))


def _crossings(
    topology: Topology,
    surface: Surface | None,
    portions: list[_Portion],
    shallow_count: int,
    budget: CrossingBudget,
    *,
    complete: bool,
) -> Crossings:
    if surface is None or not any(len(portion.one) for portion in portions):
        none = np.zeros((0, 2), dtype=np.int64)
        return Crossings(none.reshape(-1), none, np.zeros(0), NO_SEGMENTS, shallow_count, complete)
    one = np.concatenate([portion.one for portion in portions])
    other = np.concatenate([portion.other for portion in portions])
    lying = np.concatenate([portion.lying for portion in portions])
    depth = np.concatenate([portion.depth_mm for portion in portions])
    pairs = np.sort(topology.facets[np.stack((one, other), axis=1)], axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    across = np.flatnonzero(~lying)
    shown = across[np.argsort(-depth[across], kind="stable")[: budget.segments]]
    return Crossings(
        np.unique(pairs),
        pairs[order],
        depth[order],
        segments_mm(surface, one[shown], other[shown]),
        shallow_count,
        complete,
    )
