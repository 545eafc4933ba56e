"""Facets that cut through each other: search, exact decision, finding.

Touching is no intersection (``crossings_pairs``), and neither is what rounding alone can have
made: a pair that a shift by less than ``SHALLOW`` times the box's diagonal would part.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.findings import NO_SEGMENTS, Code, Finding, Severity
from parts3d.meshes.kernels import compiled
from parts3d.meshes.searches.crossings_apart import perhaps_meeting, planes_of
from parts3d.meshes.searches.crossings_candidates import box_tree, near_pairs
from parts3d.meshes.searches.crossings_depth import depths_mm, segments_mm
from parts3d.meshes.searches.crossings_large import suspects_of_large
from parts3d.meshes.searches.crossings_pairs import Flags, Rows, meeting, part_of
from parts3d.meshes.searches.crossings_work import DEFAULT_BUDGET, CrossingBudget, Work
from parts3d.meshes.shape import Shape
from parts3d.meshes.topology import Topology

# Of the box's diagonal; see docs/decisions/0015-self-intersections.md for what real parts show.
SHALLOW = 2e-6
# ... and of the largest coordinate, 4 units in the last place of a float32: a part off the origin.
_SHALLOW_COORDINATE = 2.0**-22
# Facets whose planes are all kept at hand: some 110 bytes each.
_WHOLE = 100_000
# Pairs decided in one go, and the steps of work for a pair: to hold it against the planes, to
# decide that it cuts, and that it lies (where Python's integers may have to decide).
_PORTION = 2_000
_PLANE_STEPS = 120
_CUT_STEPS = 6_000
_LIE_STEPS = 20_000

# Facets of each pair, and whether they may lie on each other.
_Suspects = tuple[Rows, Rows, Flags]


@dataclass(frozen=True, slots=True, eq=False)
class Crossings:
    """What a search found; facets are numbers of the file.

    Args:
        facets: int64 (k,), ascending, facets that cut through others or lie on others.
        pairs: int64 (p, 2), which through which.
        depth_mm: float64 (p,), shortest shift that would part the pair.
        segments_mm: float32 (s, 2, 3), where, the deepest first.
        complete: False where the budget ended the search; there may be more.
    """

    facets: NDArray[np.int64]
    pairs: NDArray[np.int64]
    depth_mm: NDArray[np.float64]
    segments_mm: NDArray[np.float32]
    complete: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Portion:
    """Pairs that meet deeply, as rows of the mesh's faces."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    lying: NDArray[np.bool_]
    depth_mm: NDArray[np.float64]


def find_crossings(shape: Shape, *, budget: CrossingBudget = DEFAULT_BUDGET) -> tuple[Finding, ...]:
    """Find facets that cut through each other.

    A warning: slicers unite overlapping bodies, but volume, price and thin walls are uncertain.
    ``measured`` is the deepest cut, mm. ``params``: ``pair_count``, and ``complete``, 0 where the
    budget ended the search: there are at least as many as counted. Where it ended before anything
    was found, there is no finding.
    """
    found = crossings_of(shape.measures.topology, budget=budget)
    if len(found.facets) == 0:
        return ()
    params = {
        "pair_count": len(found.pairs),
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


def crossings_of(
    topology: Topology,
    *,
    budget: CrossingBudget = DEFAULT_BUDGET,
    by_kernels: bool | None = None,
) -> Crossings:
    """Search a welded mesh; see ``find_crossings``.

    Args:
        topology: the mesh.
        budget: where to stop.
        by_kernels: whether the compiled kernels look for suspects; None: where they are there and
            worth it. A complete search finds the same.
    """
    if by_kernels is None:
        by_kernels = compiled.use_compiled(len(topology.faces))
    portions: list[_Portion] = []
    work = budget.work(len(topology.faces))
    if len(topology.faces):
        limit_mm = shallow_limit_mm(topology.vertices)
        search = suspects_of_large if by_kernels else _suspects
        for suspects in search(topology, limit_mm, work):
            if not _decide_all(topology, suspects, limit_mm, work, portions):
                break
    return _crossings(topology, portions, budget, complete=work.left >= 0)


def _suspects(topology: Topology, limit_mm: float, work: Work) -> Iterator[_Suspects]:
    vertices, faces = topology.vertices, topology.faces
    whole = planes_of(vertices, faces) if len(faces) <= _WHOLE else None
    for one, other in near_pairs(box_tree(vertices, faces), work):
        if not work.take(len(one) * _PLANE_STEPS):
            return
        if whole is None:
            facets, rows = np.unique(np.concatenate((one, other)), return_inverse=True)
            planes = planes_of(vertices, faces[facets])
            at, lies = perhaps_meeting(planes, rows[: len(one)], rows[len(one) :], limit_mm)
        else:
            at, lies = perhaps_meeting(whole, one, other, limit_mm)
        yield one[at], other[at], lies


def shallow_limit_mm(vertices: NDArray[np.float32]) -> float:
    """How deep a cut can be that rounding made, mm."""
    lower = vertices.min(axis=0).astype(np.float64)
    upper = vertices.max(axis=0).astype(np.float64)
    largest = float(max(np.abs(lower).max(), np.abs(upper).max()))
    return max(SHALLOW * float(np.linalg.norm(upper - lower)), _SHALLOW_COORDINATE * largest)


def _decide_all(
    topology: Topology,
    suspects: _Suspects,
    limit_mm: float,
    work: Work,
    portions: list[_Portion],
) -> bool:
    """Decide pairs in portions, and say whether the work allowed for all of them."""
    one, other, lies = suspects
    for at in range(0, len(one), _PORTION):
        pair = slice(at, at + _PORTION)
        lying = int(np.count_nonzero(lies[pair]))
        if not work.take((len(one[pair]) - lying) * _CUT_STEPS + lying * _LIE_STEPS):
            return False
        portions.append(_decide(topology, one[pair], other[pair], limit_mm))
    return True


def _decide(topology: Topology, one: Rows, other: Rows, limit_mm: float) -> _Portion:
    surface, first, second = part_of(topology.vertices, topology.faces, one, other)
    crossing, lying = meeting(surface, first, second)
    at = np.flatnonzero(crossing | lying)
    lying = lying[at]
    depth_mm = depths_mm(surface, first[at], second[at], lying)
    deep = depth_mm > limit_mm
    at = at[deep]
    return _Portion(one[at], other[at], lying[deep], depth_mm[deep])


def _crossings(
    topology: Topology, portions: list[_Portion], budget: CrossingBudget, *, complete: bool
) -> Crossings:
    if not any(len(portion.one) for portion in portions):
        none = np.zeros((0, 2), dtype=np.int64)
        return Crossings(none.reshape(-1), none, np.zeros(0), NO_SEGMENTS, complete)
    one = np.concatenate([portion.one for portion in portions])
    other = np.concatenate([portion.other for portion in portions])
    lying = np.concatenate([portion.lying for portion in portions])
    depth = np.concatenate([portion.depth_mm for portion in portions])
    pairs = np.sort(topology.facets[np.stack((one, other), axis=1)].astype(np.int64), axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    across = order[~lying[order]]
    shown = across[np.argsort(-depth[across], kind="stable")[: budget.segments]]
    surface = part_of(topology.vertices, topology.faces, one[shown], other[shown])
    return Crossings(np.unique(pairs), pairs[order], depth[order], segments_mm(*surface), complete)
