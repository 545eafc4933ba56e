"""One try at closing a surface: all own steps, each only if the one before left a seam."""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.repairing.done import Done
from parts3d.meshes.repairing.facing import agree, face_outwards
from parts3d.meshes.repairing.fins import cut_out, settle_patches
from parts3d.meshes.repairing.holes import is_small
from parts3d.meshes.repairing.lids import put_on_lids
from parts3d.meshes.repairing.seams import join_points, split_at_junctions, without_slivers
from parts3d.meshes.repairing.solid import merged
from parts3d.meshes.repairing.surface import LID, Surface, edges_of, surface_of, without_copies

_ROUNDS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """A surface on its way to be closed.

    Args:
        surface: as it is now.
        done: how much of what was done.
        gone: facets of the first surface that were taken off because they enclose nothing.
        remade: whether another program made the facets, so that none has a known source.
        reach_mm: how near points were joined.
    """

    surface: Surface
    done: Counter[Done] = field(default_factory=Counter)
    gone: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    remade: bool = False
    reach_mm: float = 0.0

    def then(
        self,
        surface: Surface,
        *done: tuple[Done, int],
        gone: NDArray[np.int64] | None = None,
        remade: bool = False,
    ) -> "Attempt":
        """Return the next state; what was done no times is not listed."""
        counted = self.done + Counter({step: count for step, count in done if count})
        all_gone = self.gone if gone is None else np.concatenate((self.gone, gone))
        return Attempt(surface, counted, all_gone, self.remade or remade, self.reach_mm)

    @property
    def closed(self) -> bool:
        """Whether there are facets and no seam."""
        return len(self.surface.faces) > 0 and edges_of(self.surface.faces).closed


def begin(surface: Surface, collapsed: int) -> Attempt:
    """Begin with the first surface: no copies, and patches that agree which way they face."""
    attempt = Attempt(surface).then(surface, (Done.DROPPED_COLLAPSED, collapsed))
    return _agreed(_single(attempt))


def try_to_close(
    start: Attempt, reach_mm: float, *, lids: bool = True, cut: bool = False
) -> Attempt:
    """Close what lies within reach, settle patches that hang on, put on lids.

    Args:
        start: where to begin.
        reach_mm: how near points are joined, and how low a facet is a sliver.
        lids: also fill holes.
        cut: also take out the facets at edges that nothing else could settle, to fill anew.
    """
    attempt = replace(start, reach_mm=reach_mm)
    for _ in range(_ROUNDS):
        if attempt.closed:
            break
        before = edges_of(attempt.surface.faces).seam_total
        attempt = _zipped(attempt, reach_mm)
        if attempt.closed:
            break
        surface, gone, turned, sources = settle_patches(attempt.surface)
        attempt = attempt.then(
            surface, (Done.DROPPED_FINS, gone), (Done.TURNED_FACETS, turned), gone=sources
        )
        if edges_of(attempt.surface.faces).seam_total >= before:
            break
    if cut and not attempt.closed:
        surface, count = cut_out(attempt.surface, edges_of(attempt.surface.faces))
        attempt = attempt.then(surface, (Done.CUT_OUT, count))
        attempt = _zipped(attempt, reach_mm) if len(surface.faces) else attempt
    if lids and len(attempt.surface.faces) and not attempt.closed:
        surface, filled, _ = put_on_lids(attempt.surface)
        attempt = attempt.then(surface, (Done.FILLED_HOLES, filled))
    return finished(attempt)


def try_merging(start: Attempt, reach_mm: float) -> Attempt | None:
    """Close by manifold3d's way of joining; None where that gives no solid."""
    surface = merged(start.surface, reach_mm)
    if surface is None:
        return None
    clean, _ = surface_of(surface.mesh())
    return finished(replace(start, reach_mm=reach_mm).then(clean, (Done.MERGED, 1), remade=True))


def finished(attempt: Attempt) -> Attempt:
    """Drop copies that arose, let all agree, and turn shells that are inside out."""
    if len(attempt.surface.faces) == 0:
        return attempt
    attempt = _agreed(_single(attempt))
    surface, shells, _ = face_outwards(attempt.surface)
    return attempt.then(surface, (Done.TURNED_SHELLS, shells))


def _zipped(attempt: Attempt, reach_mm: float) -> Attempt:
    surface, joined = join_points(attempt.surface, reach_mm)
    attempt = _agreed(_single(attempt.then(surface, (Done.JOINED_POINTS, joined))))
    if attempt.closed:
        return attempt
    surface, slivers = without_slivers(attempt.surface, reach_mm)
    attempt = attempt.then(surface, (Done.DROPPED_SLIVERS, slivers))
    surface, put_in = split_at_junctions(attempt.surface, reach_mm)
    attempt = _single(attempt.then(surface, (Done.SPLIT_AT_JUNCTIONS, put_in)))
    return _agreed(attempt)


def _single(attempt: Attempt) -> Attempt:
    surface, copies, sheets = without_copies(attempt.surface)
    gone = np.setdiff1d(attempt.surface.source, surface.source) if sheets else None
    if gone is not None and (attempt.surface.source == LID).any():
        # A lid may have closed a facet that hung loose: then only a small one is let go.
        gone = gone[_small(attempt.surface, gone)]
    return attempt.then(
        surface, (Done.DROPPED_COPIES, copies), (Done.DROPPED_SHEETS, sheets), gone=gone
    )


def _small(surface: Surface, sources: NDArray[np.int64]) -> list[bool]:
    """Whether each facet is small against the part, by its source."""
    row_of = dict(zip(surface.source.tolist(), range(len(surface.source)), strict=True))
    points, diagonal = surface.vertices.astype(np.float64), surface.diagonal_mm
    return [is_small(points[surface.faces[row_of[at]]], diagonal) for at in sources.tolist()]


def _agreed(attempt: Attempt) -> Attempt:
    surface, turned = agree(attempt.surface)
    return attempt.then(surface, (Done.TURNED_FACETS, turned))
