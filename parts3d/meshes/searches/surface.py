"""Findings about the surface: is it closed, does it face outwards, does it enclose a body."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.measure import Measures
from parts3d.meshes.repairing.holes import fillable
from parts3d.meshes.shape import Shape
from parts3d.meshes.topology import WELD_TOLERANCE, Topology

# A volume below this share of (area x diagonal) is rounding, not a body.
_NO_VOLUME_SHARE = 1e-7
# Non-manifold edges can be offered for repair while they and the open ones are few.
_FEW_BROKEN = 0.02
# A soup of loose facets has rings to fill, too, but nothing between them.
_MOSTLY_OPEN = 0.6


def find_surface_faults(shape: Shape) -> tuple[Finding, ...]:
    """Return what is wrong with edges, facets and shells."""
    return (*_edges(shape), *_facets(shape), *_facing(shape), *_bodies(shape))


def encloses_nothing(measures: Measures) -> bool:
    """Whether the mesh is a sheet or a bare surface, so that nothing about bodies can be asked."""
    enclosed = float(np.abs(measures.shells.volume_mm3).sum())
    scale = measures.area_mm2 * float(np.linalg.norm(measures.bounds_mm))
    return min(measures.bounds_mm) <= 0 or enclosed <= _NO_VOLUME_SHARE * scale


def _edges(shape: Shape) -> list[Finding]:
    found: list[Finding] = []
    measures = shape.measures
    exact, welded = measures.exact, measures.topology
    if len(welded.open_edges):
        can_fill = (
            len(welded.open_edges) <= _MOSTLY_OPEN * welded.edge_count
            and not encloses_nothing(measures)
            and fillable(welded.open_edges, welded.vertices)
        )
        found.append(
            Finding(
                Code.OPEN_EDGES,
                Severity.BLOCKS,
                len(welded.open_edges),
                repairable=can_fill,
                facets=_facets_at(welded, welded.open_edges),
                segments_mm=welded.vertices[welded.open_edges],
            )
        )
    gaps = len(exact.open_edges) - len(welded.open_edges)
    if gaps > 0:
        tolerance = float(np.linalg.norm(measures.bounds_mm)) * WELD_TOLERANCE
        found.append(
            Finding(
                Code.HAIRLINE_GAPS,
                Severity.WARNING,
                gaps,
                limit=tolerance,
                facets=_facets_at(exact, exact.open_edges),
                segments_mm=exact.vertices[exact.open_edges],
            )
        )
    if welded.non_manifold_count:
        found += _crowded(welded)
    return found


def _crowded(welded: Topology) -> list[Finding]:
    """Edges of three or more facets: knots, and lines along which bodies only touch."""
    found: list[Finding] = []
    knots, touching = _crowded_edges(welded)
    few = len(welded.open_edges) + len(knots) <= _FEW_BROKEN * welded.edge_count
    for code, severity, edges in (
        (Code.NON_MANIFOLD_EDGES, Severity.BLOCKS, knots),
        (Code.TOUCHING_EDGES, Severity.WARNING, touching),
    ):
        if len(edges):
            found.append(
                Finding(
                    code,
                    severity,
                    len(edges),
                    repairable=few,
                    facets=_facets_at(welded, edges),
                    segments_mm=welded.vertices[edges],
                )
            )
    return found


def _crowded_edges(welded: Topology) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Edges, int64 (k, 2), that facets pass more often one way than the other, and the rest."""
    start = welded.faces.reshape(-1).astype(np.int64)
    end = welded.faces[:, [1, 2, 0]].reshape(-1).astype(np.int64)
    size = len(welded.vertices)
    keys = np.minimum(start, end) * size + np.maximum(start, end)
    edges, edge_of, counts = np.unique(keys, return_inverse=True, return_counts=True)
    ways = np.bincount(edge_of.reshape(-1), weights=np.where(start < end, 1.0, -1.0))
    crowded = counts > 2  # noqa: PLR2004 - an edge of a closed surface has two facets
    return tuple(  # type: ignore[return-value] # two arrays, for the two masks
        np.stack((edges[mask] // size, edges[mask] % size), axis=1)
        for mask in (crowded & (ways != 0), crowded & (ways == 0))
    )


def _facets_at(
    topology: Topology, edges: NDArray[np.int32] | NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the file's numbers of the facets that have one of these edges."""
    size = len(topology.vertices)

    def keys(start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.asarray(np.minimum(start, end) * size + np.maximum(start, end))

    wanted = edges.astype(np.int64)
    faces = topology.faces.astype(np.int64)
    known = np.unique(keys(wanted[:, 0], wanted[:, 1]))
    has = np.zeros(len(faces), dtype=np.bool_)
    for corner in range(3):
        own = keys(faces[:, corner], faces[:, (corner + 1) % 3])
        at = np.minimum(np.searchsorted(known, own), len(known) - 1)
        has |= known[at] == own
    return topology.facets[has].astype(np.int64)


def _facets(shape: Shape) -> list[Finding]:
    found: list[Finding] = []
    measures, areas = shape.measures, shape.areas_mm2
    welded = measures.topology
    dropped = np.ones(len(areas), dtype=np.bool_)
    if welded.duplicate_count or welded.collapsed_count:
        dropped[welded.facets] = False
    else:
        dropped[:] = False
    if welded.duplicate_count:
        found.append(
            Finding(
                Code.DUPLICATE_FACETS,
                Severity.BLOCKS,
                welded.duplicate_count,
                repairable=True,
                facets=np.flatnonzero(dropped & (areas > 0)),
            )
        )
    degenerate = welded.collapsed_count + measures.sliver_count
    if degenerate:
        found.append(
            Finding(
                Code.DEGENERATE_FACETS,
                Severity.INFO,
                degenerate,
                facets=np.flatnonzero(areas == 0),
            )
        )
    return found


def _facing(shape: Shape) -> list[Finding]:
    found: list[Finding] = []
    measures = shape.measures
    shells = measures.shells
    topology = measures.topology
    for code, count, rows, repairable in (
        (
            Code.FLIPPED_FACETS,
            int(shells.flipped.sum()),
            shells.flipped_faces,
            True,
        ),
        (
            Code.INSIDE_OUT_SHELLS,
            int(np.count_nonzero(shells.inside_out)),
            shells.inside_out[topology.shell_of],
            True,
        ),
        (
            Code.ONE_SIDED_SHELLS,
            int(np.count_nonzero(~shells.one_sided)),
            ~shells.one_sided[topology.shell_of],
            False,
        ),
    ):
        if count:
            facets = topology.facets[rows].astype(np.int64)
            found.append(
                Finding(code, Severity.BLOCKS, count, repairable=repairable, facets=facets)
            )
    return found


def _bodies(shape: Shape) -> list[Finding]:
    found: list[Finding] = []
    measures = shape.measures
    shells, topology = measures.shells, measures.topology
    if encloses_nothing(measures):
        found.append(Finding(Code.NO_VOLUME, Severity.BLOCKS))
    cavities = int(np.count_nonzero(shells.cavity))
    if cavities:
        inside = topology.facets[shells.cavity[topology.shell_of]].astype(np.int64)
        found.append(Finding(Code.CAVITIES, Severity.INFO, cavities, facets=inside))
    nested = int(np.count_nonzero(shells.nested))
    if nested:
        inside = topology.facets[shells.nested[topology.shell_of]].astype(np.int64)
        found.append(Finding(Code.NESTED_SHELLS, Severity.WARNING, nested, facets=inside))
    if measures.shell_count - cavities > 1:
        found.append(Finding(Code.SEVERAL_SHELLS, Severity.INFO, measures.shell_count - cavities))
    return found
