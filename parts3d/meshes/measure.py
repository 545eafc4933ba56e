"""What a mesh measures: box, area, volume, shells and which way their facets face."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.grouping import connected
from parts3d.meshes.kernels import compiled
from parts3d.meshes.mesh import Mesh, Vector
from parts3d.meshes.nesting import nesting
from parts3d.meshes.topology import Topology, weld, weld_hairlines

_BLOCK = 65_536


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
        nested: closed, faces outwards, and lies inside another closed shell that does, too.
        flipped_faces: int64 (k,), the rows of ``Topology.faces`` that ``flipped`` counts.
    """

    facets: NDArray[np.int64]
    flipped: NDArray[np.int64]
    one_sided: NDArray[np.bool_]
    closed: NDArray[np.bool_]
    volume_mm3: NDArray[np.float64]
    cavity: NDArray[np.bool_]
    nested: NDArray[np.bool_]
    flipped_faces: NDArray[np.int64]

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


def measure(mesh: Mesh, *, by_kernels: bool | None = None) -> Measures:
    """Weld a mesh and measure it; area and volume count duplicate facets once.

    Args:
        mesh: the mesh.
        by_kernels: whether the compiled kernels do it; None: where they are there and worth it.
    """
    if by_kernels is None:
        by_kernels = compiled.use_compiled(len(mesh.triangles))
    exact = weld(mesh, by_kernels=by_kernels)
    topology = weld_hairlines(exact, by_kernels=by_kernels)
    if by_kernels:
        lower, upper = compiled.box_of(exact.vertices)
    else:
        lower, upper = mesh.lower_mm, mesh.upper_mm
    centre = (lower + upper) / 2
    against, one_sided = _against_the_others(topology, by_kernels=by_kernels)
    add_up = compiled.sum_facets if by_kernels else _sum_facets
    area, slivers, facets, volumes, turned, boxes = add_up(
        topology.vertices,
        topology.faces,
        topology.shell_of,
        centre,
        against,
        topology.shell_count,
    )
    return Measures(
        lower_mm=_vector(lower),
        upper_mm=_vector(upper),
        bounds_mm=_vector(upper - lower),
        area_mm2=area,
        signed_volume_mm3=float(volumes.sum()),
        sliver_count=slivers,
        exact=exact,
        topology=topology,
        shells=_shells(topology, facets, turned, against, one_sided, boxes),
    )


def _sum_facets(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    shell_of: NDArray[np.int32],
    centre: NDArray[np.float64],
    against: NDArray[np.bool_],
    shell_count: int,
) -> tuple[float, int, NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], None]:
    """Do what ``compiled.sum_facets`` does, in numpy, a block at a time; only without boxes."""
    area, slivers = 0.0, 0
    facets = np.bincount(shell_of, minlength=shell_count)
    volumes, turned = np.zeros(shell_count), np.zeros(shell_count)
    for at in range(0, len(faces), _BLOCK):
        rows = slice(at, at + _BLOCK)
        corners = vertices[faces[rows]].astype(np.float64) - centre
        doubled = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        lengths = np.sqrt(np.einsum("ij,ij->i", doubled, doubled))
        area += float(lengths.sum()) / 2
        slivers += int(np.count_nonzero(lengths == 0))
        volume = np.einsum("ij,ij->i", corners[:, 0], doubled) / 6
        volumes += np.bincount(shell_of[rows], weights=volume, minlength=shell_count)
        if len(against):
            volume = np.where(against[rows], -volume, volume)
            turned += np.bincount(shell_of[rows], weights=volume, minlength=shell_count)
    return area, slivers, facets, volumes, turned if len(against) else volumes, None


def _vector(values: NDArray[np.float64]) -> Vector:
    return float(values[0]), float(values[1]), float(values[2])


def _shells(
    topology: Topology,
    facets: NDArray[np.int64],
    volumes: NDArray[np.float64],
    against: NDArray[np.bool_],
    one_sided: NDArray[np.bool_],
    boxes: compiled.Boxes | None,
) -> Shells:
    count, shell_of = topology.shell_count, topology.shell_of
    if 2 * len(topology.neighbours) == 3 * len(topology.faces):
        closed = facets > 0  # every edge has two facets, so all shells are closed
    else:
        shared_edges = 2 * np.bincount(shell_of[topology.neighbours[:, 0]], minlength=count)
        closed = shared_edges == 3 * facets
    cavity, nested = nesting(topology, closed, volumes, boxes)
    if len(against) == 0:
        none = np.zeros(count, dtype=np.int64)
        return Shells(facets, none, one_sided, closed, volumes, cavity, nested, none[:0])
    flipped = np.bincount(shell_of[against], minlength=count)
    majority_is_wrong = closed & (flipped > 0) & (volumes < 0) & ~cavity
    flipped = np.where(majority_is_wrong, facets - flipped, flipped)
    volumes = np.where(majority_is_wrong, -volumes, volumes)
    rows = np.flatnonzero(against ^ majority_is_wrong[shell_of])
    rows = rows[flipped[shell_of[rows]] > 0]
    return Shells(facets, flipped, one_sided, closed, volumes, cavity, nested, rows)


def _against_the_others(
    topology: Topology, *, by_kernels: bool
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Facets that face against the larger party of their shell, and which shells have two sides.

    The first is empty where all facets agree.

    Each facet stands twice in a graph, once as it is and once turned; neighbours that agree link
    like to like, others link like to turned. In a two-sided shell that gives two components.
    """
    count = len(topology.faces)
    if not topology.same_way.any():
        return np.zeros(0, dtype=np.bool_), np.ones(topology.shell_count, dtype=np.bool_)
    one, other = (topology.neighbours[:, side].astype(np.int64) for side in range(2))
    turn = topology.same_way * np.int64(count)
    components, label = connected(
        2 * count,
        np.concatenate((one, one + count)),
        np.concatenate((other + turn, other + count - turn)),
        by_kernels=by_kernels,
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
