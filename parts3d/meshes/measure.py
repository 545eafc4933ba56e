"""What a mesh measures: box, area, volume, shells and which way their facets face."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.grouping import connected
from parts3d.meshes.mesh import Mesh, Vector
from parts3d.meshes.topology import Topology, weld, weld_hairlines

# Point-in-shell tests cost facets times points; beyond this many products the box alone decides.
_NESTING_BUDGET = 20_000_000
_WINDING_INSIDE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Shells:
    """The shells of a mesh; arrays of shape (s,), s = number of shells.

    Args:
        facets: number of facets.
        flipped: facets that face the wrong way: inwards in a closed shell, else against the
            larger party of their shell; 0 where all facets of a shell agree.
        one_sided: False for a shell with no inside and outside (a Moebius strip).
        closed: whether every edge of its facets is shared by two facets.
        volume_mm3: signed volume with the flipped facets turned: negative faces inwards.
        cavity: closed, faces inwards, and lies inside another shell: a hollow, as it should be.
    """

    facets: NDArray[np.int64]
    flipped: NDArray[np.int64]
    one_sided: NDArray[np.bool_]
    closed: NDArray[np.bool_]
    volume_mm3: NDArray[np.float64]
    cavity: NDArray[np.bool_]

    @property
    def inside_out(self) -> NDArray[np.bool_]:
        """Closed shells that face inwards and are no hollow of another, bool (s,)."""
        return self.closed & (self.volume_mm3 < 0) & ~self.cavity


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """What was measured; lengths in mm, areas in mm2, volumes in mm3.

    ``signed_volume_mm3`` is the sum over the facets as they face (divergence theorem, about the
    box's centre); it means a volume only where the surface is closed. ``exact`` has points of
    equal bits welded, ``topology`` also the ends of open edges within the tolerance; they are the
    same object where no edge is open.
    """

    lower_mm: Vector
    upper_mm: Vector
    bounds_mm: Vector
    area_mm2: float
    signed_volume_mm3: float
    sliver_count: int
    exact: Topology
    topology: Topology
    shells: Shells

    @property
    def volume_mm3(self) -> float:
        """The enclosed volume without its sign."""
        return abs(self.signed_volume_mm3)

    @property
    def watertight(self) -> bool:
        """Every edge joins exactly two facets, hairline gaps closed."""
        return self.topology.watertight

    @property
    def shell_count(self) -> int:
        """Number of separate shells."""
        return self.topology.shell_count


def measure(mesh: Mesh) -> Measures:
    """Weld a mesh and measure it; area and volume count duplicate facets once."""
    exact = weld(mesh)
    topology = weld_hairlines(exact)
    lower, upper = mesh.lower_mm, mesh.upper_mm
    centred = topology.vertices.astype(np.float64)
    centred -= (lower + upper) / 2
    corners = centred[topology.faces]
    doubled = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.sqrt(np.einsum("ij,ij->i", doubled, doubled)) / 2
    volumes = np.einsum("ij,ij->i", corners[:, 0], doubled) / 6
    box = upper - lower
    return Measures(
        lower_mm=_vector(lower),
        upper_mm=_vector(upper),
        bounds_mm=_vector(box),
        area_mm2=float(areas.sum()),
        signed_volume_mm3=float(volumes.sum()),
        sliver_count=int(np.count_nonzero(areas == 0)),
        exact=exact,
        topology=topology,
        shells=_shells(topology, volumes, centred),
    )


def _vector(values: NDArray[np.float64]) -> Vector:
    return float(values[0]), float(values[1]), float(values[2])


def _shells(
    topology: Topology, volumes: NDArray[np.float64], centred: NDArray[np.float64]
) -> Shells:
    count, shell_of = topology.shell_count, topology.shell_of
    facets = np.bincount(shell_of, minlength=count)
    against, one_sided = _against_the_others(topology)
    turned = np.where(against, -volumes, volumes)
    shell_volumes = np.bincount(shell_of, weights=turned, minlength=count).astype(np.float64)
    shared_edges = 2 * np.bincount(shell_of[topology.neighbours[:, 0]], minlength=count)
    closed = shared_edges == 3 * facets
    cavity = _cavities(topology, centred, closed, shell_volumes)
    flipped = np.bincount(shell_of[against], minlength=count)
    majority_is_wrong = closed & (flipped > 0) & (shell_volumes < 0) & ~cavity
    flipped = np.where(majority_is_wrong, facets - flipped, flipped)
    shell_volumes = np.where(majority_is_wrong, -shell_volumes, shell_volumes)
    return Shells(facets, flipped, one_sided, closed, shell_volumes, cavity)


def _against_the_others(topology: Topology) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Facets that face against the larger party of their shell, and which shells have two sides.

    Each facet stands twice in a graph, once as it is and once turned; neighbours that agree link
    like to like, others link like to turned. In a two-sided shell that gives two components.
    """
    count = len(topology.faces)
    if not topology.same_way.any():
        return np.zeros(count, dtype=np.bool_), np.ones(topology.shell_count, dtype=np.bool_)
    one, other = topology.neighbours[:, 0], topology.neighbours[:, 1]
    turn = topology.same_way * count
    components, label = connected(
        2 * count,
        np.concatenate((one, one + count)),
        np.concatenate((other + turn, other + count - turn)),
    )
    straight, turned = label[:count], label[count:]
    one_sided = np.ones(topology.shell_count, dtype=np.bool_)
    one_sided[topology.shell_of[straight == turned]] = False
    # The component that holds fewer facets as they are is the smaller party, turned ties by label.
    party = np.bincount(straight, minlength=components)
    against = (party[straight] < party[turned]) | (
        (party[straight] == party[turned]) & (straight > turned)
    )
    return against & one_sided[topology.shell_of], one_sided


def _cavities(
    topology: Topology,
    centred: NDArray[np.float64],
    closed: NDArray[np.bool_],
    volumes: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Closed shells that face inwards and lie inside a closed shell that faces outwards."""
    cavity = np.zeros(len(closed), dtype=np.bool_)
    inward = np.flatnonzero(closed & (volumes < 0))
    outward = np.flatnonzero(closed & (volumes > 0))
    if len(inward) == 0 or len(outward) == 0:
        return cavity
    lower, upper = _shell_boxes(topology, centred)
    facet_order = np.argsort(topology.shell_of, kind="stable")
    ends = np.cumsum(np.bincount(topology.shell_of, minlength=len(closed)))
    budget = _NESTING_BUDGET
    for shell in inward:
        around = outward[
            (lower[outward] <= lower[shell]).all(axis=1)
            & (upper[outward] >= upper[shell]).all(axis=1)
        ]
        first = facet_order[ends[shell] - 1]
        point = centred[topology.faces[first]].mean(axis=0)
        for host in around:
            size = int(ends[host] - (ends[host - 1] if host else 0))
            budget -= size
            rows = facet_order[ends[host] - size : ends[host]]
            if budget < 0 or _winding(centred[topology.faces[rows]], point) > _WINDING_INSIDE:
                cavity[shell] = True
                break
    return cavity


def _shell_boxes(
    topology: Topology, centred: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lower = np.full((topology.shell_count, 3), np.inf)
    upper = np.full((topology.shell_count, 3), -np.inf)
    for corner in range(3):
        points = centred[topology.faces[:, corner]]
        np.minimum.at(lower, topology.shell_of, points)
        np.maximum.at(upper, topology.shell_of, points)
    return lower, upper


def _winding(corners: NDArray[np.float64], point: NDArray[np.float64]) -> float:
    """How often a closed surface goes round a point: the sum of solid angles over 4 pi.

    Van Oosterom and Strackee, "The Solid Angle of a Plane Triangle", 1983.
    """
    a, b, c = (corners[:, corner] - point for corner in range(3))
    la, lb, lc = (np.linalg.norm(side, axis=1) for side in (a, b, c))
    above = np.einsum("ij,ij->i", a, np.cross(b, c))
    below = (
        la * lb * lc
        + np.einsum("ij,ij->i", a, b) * lc
        + np.einsum("ij,ij->i", b, c) * la
        + np.einsum("ij,ij->i", c, a) * lb
    )
    return abs(float(np.arctan2(above, below).sum())) / (2 * np.pi)
