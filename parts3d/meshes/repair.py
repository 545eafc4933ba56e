"""Repair a mesh, where that does not change the part: offered, never silent.

A pure function that nobody calls unasked. It tries gentle steps before rough ones and takes the
first result that is closed, faces outwards, has moved no surface by more than the material's
tolerance, and has changed the volume by at most 1 %. See ``docs/repair.md``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from parts3d.meshes.measure import Measures, measure
from parts3d.meshes.mesh import Mesh, Vector
from parts3d.meshes.printing import Printing
from parts3d.meshes.repairing.change import judge_change, moved_mm
from parts3d.meshes.repairing.closing import Attempt, begin, finished, try_merging, try_to_close
from parts3d.meshes.repairing.done import Done, RepairRefused, Step
from parts3d.meshes.repairing.solid import united
from parts3d.meshes.repairing.surface import Surface, surface_of
from parts3d.meshes.topology import WELD_TOLERANCE

__all__ = [
    "Done",
    "RepairRefused",
    "Repaired",
    "Size",
    "Step",
    "can_be_repaired",
    "is_sound",
    "repair",
]

# A volume below this share of (area x diagonal) is rounding, not a body; as the check has it.
_NO_VOLUME_SHARE = 1e-7
# Shares of the material's tolerance that points may be joined over, one try each.
_REACHES = (0.1, 0.5)
# Beyond this many, tries that only join are left out for time.
_FEW_FACETS = 200_000


@dataclass(frozen=True, slots=True)
class Size:
    """What a person compares before and after; volume as the check reports it."""

    bounds_mm: Vector
    volume_mm3: float
    area_mm2: float
    triangles: int
    watertight: bool


@dataclass(frozen=True, slots=True, eq=False)
class Repaired:
    """A repair on offer.

    Args:
        mesh: the new mesh; the very one given where there was nothing to repair.
        steps: what was done, in the order of ``Done``; empty: nothing to repair.
        before: size of the mesh given.
        after: size of the new one.
        moved_mm: the largest distance found between the two surfaces, lids of holes left out.
        volume_change_percent: against the volume of the mesh given with copies dropped, facets
            turned, and each hole closed by a cone over its rim's centre.
    """

    mesh: Mesh
    steps: tuple[Step, ...]
    before: Size
    after: Size
    moved_mm: float
    volume_change_percent: float

    @property
    def nothing_to_repair(self) -> bool:
        """Whether the mesh given was sound."""
        return not self.steps


def repair(mesh: Mesh, printing: Printing | None = None, *, unite: bool = False) -> Repaired:
    """Repair a mesh.

    The same mesh gives the same result to the bit, so the repaired file has a stable hash.

    Args:
        mesh: the mesh, mm.
        printing: whose ``limits.tolerance_mm`` bounds how far the surface may move.
        unite: also unite bodies that overlap; what they share is then counted once, and the
            1 % rule does not hold (their volumes added up are not the part's).

    Raises:
        RepairRefused: no try gave a sound surface within both bounds.
    """
    tolerance_mm = (printing or Printing()).limits.tolerance_mm
    before = measure(mesh)
    if not unite and is_sound(before) and len(before.exact.open_edges) == 0:
        size = _size(mesh, before)
        return Repaired(mesh, (), size, size, 0.0, 0.0)
    first, collapsed = surface_of(mesh)
    if len(first.faces) == 0:
        raise _failed()
    refusal: RepairRefused | None = None
    for attempt in _attempts(begin(first, collapsed), first, tolerance_mm):
        if not attempt.closed:
            continue
        try:
            return _offer(mesh, before, first, attempt, tolerance_mm, unite=unite)
        except RepairRefused as why:
            refusal = refusal or why
    raise refusal or _failed()


def judge_program(mesh: Mesh, made: Mesh, printing: Printing | None = None) -> Repaired:
    """Judge what a separate program made of a mesh as any repair is judged.

    Args:
        mesh: the mesh given to it, mm.
        made: what it wrote, mm.
        printing: whose ``limits.tolerance_mm`` bounds how far the surface may move.

    Raises:
        RepairRefused: it is not sound, or not the same part within both bounds.
    """
    tolerance_mm = (printing or Printing()).limits.tolerance_mm
    first, collapsed = surface_of(mesh)
    result, _ = surface_of(made)
    if len(first.faces) == 0 or len(result.faces) == 0:
        raise _failed()
    start = begin(first, collapsed)
    attempt = start.then(result, (Done.BY_PROGRAM, 1), remade=True)
    if not attempt.closed:
        raise _failed()
    return _offer(mesh, measure(mesh), first, finished(attempt), tolerance_mm, unite=False)


def can_be_repaired(mesh: Mesh, printing: Printing | None = None) -> bool:
    """Try a repair, and say whether one can be offered."""
    try:
        repair(mesh, printing)
    except RepairRefused:
        return False
    return True


def is_sound(measures: Measures) -> bool:
    """Whether nothing about the surface keeps it from being printed."""
    topology, shells = measures.topology, measures.shells
    enclosed = float(np.abs(shells.volume_mm3).sum())
    scale = measures.area_mm2 * float(np.linalg.norm(measures.bounds_mm))
    return (
        len(topology.faces) > 0
        and len(topology.open_edges) == 0
        and topology.unbalanced_count == 0
        and topology.duplicate_count == 0
        and not shells.flipped.any()
        and not shells.inside_out.any()
        and bool(shells.one_sided.all())
        and min(measures.bounds_mm) > 0
        and enclosed > _NO_VOLUME_SHARE * scale
    )


def _attempts(start: Attempt, first: Surface, tolerance_mm: float) -> Iterator[Attempt]:
    """Gentle tries first: joining, lids, manifold3d, cutting out."""
    hairline_mm = min(first.diagonal_mm * WELD_TOLERANCE, tolerance_mm)
    reaches = (hairline_mm, *(share * tolerance_mm for share in _REACHES))
    reaches = tuple(reach for reach in reaches if reach >= hairline_mm)
    if len(first.faces) <= _FEW_FACETS:
        # A gap that can be joined is no hole: a lid on it would lie back to back with a facet.
        for reach_mm in reaches:
            yield try_to_close(start, reach_mm, lids=False)
    for reach_mm in reaches:
        yield try_to_close(start, reach_mm)
    for reach_mm in reaches:
        merged = try_merging(start, reach_mm)
        if merged is not None:
            yield merged
    for reach_mm in reaches:
        yield try_to_close(start, reach_mm, cut=True)


def _offer(
    mesh: Mesh,
    before: Measures,
    first: Surface,
    attempt: Attempt,
    tolerance_mm: float,
    *,
    unite: bool,
) -> Repaired:
    """Judge a closed attempt; refuse it if it is not sound, or not the same part."""
    moved, percent = judge_change(first, attempt, tolerance_mm)
    if unite:
        attempt, moved, percent = _unite(attempt, moved, percent, tolerance_mm)
    result = attempt.surface.mesh()
    after = measure(result)
    if not is_sound(after):
        raise _failed()
    steps = tuple(Step(done, attempt.done[done]) for done in Done if attempt.done[done])
    return Repaired(result, steps, _size(mesh, before), _size(result, after), moved, percent)


def _unite(
    attempt: Attempt, moved: float, percent: float, tolerance_mm: float
) -> tuple[Attempt, float, float]:
    """Unite the bodies; the new outside must lie on the old surface (what is inside may go)."""
    result = united(attempt.surface)
    if result is None:
        raise RepairRefused(
            "The bodies could not be united. Unite them in the drawing program.",
            code="repair_failed",
        )
    surface, bodies = result
    clean, _ = surface_of(surface.mesh())
    old = attempt.surface.vertices[attempt.surface.faces]
    new = clean.vertices[clean.faces]
    further = moved_mm(old, new, tolerance_mm, both_ways=False)
    whole = finished(attempt.then(clean, (Done.UNITED, bodies), remade=True))
    return whole, max(moved, further), percent


def _size(mesh: Mesh, measures: Measures) -> Size:
    return Size(
        measures.bounds_mm,
        measures.volume_mm3,
        measures.area_mm2,
        len(mesh.triangles),
        measures.watertight,
    )


def _failed() -> RepairRefused:
    return RepairRefused(
        "The repair did not succeed: the surface could not be closed without inventing shape. "
        "Close the model in the drawing program and export it again.",
        code="repair_failed",
    )
