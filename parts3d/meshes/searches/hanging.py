"""What hangs in the air in one orientation: overhangs, bridges, and the support they need.

A surface that faces down more steeply than the material bears is looked at by points spread over
it, and rays from them: down, for what it would be supported on; sideways, for what holds it.
An *arch* closes towards an opposite wall near by and carries itself, as the top of a horizontal
hole does. A *bridge* is a flat underside held at opposite ends. A lip of two lines' width holds
itself. The rest is overhang.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.findings import NO_FACETS
from parts3d.meshes.grouping import connected
from parts3d.meshes.printing import Printing
from parts3d.meshes.searches.support import Facets, Obstacles, Points, obstacles_of, spread
from parts3d.meshes.shape import Shape, boxes_behind_one_another

Floats = NDArray[np.float64]
# A tessellated 45 degree slope is as often a little steeper as flatter.
_MARGIN_DEG = 0.5
_FLAT_DEG = 5.0
# The layers of an arch hang over one by one and cool badly: half the span of a flat bridge.
_ARCH_SHARE = 0.5
_HELD_SHARE = 0.75
# Spans this short cannot sag, lips this many lines wide hold by themselves.
_NO_SAG_MM = 2.0
_LIP_LINES = 2.0
# Points: on slopes altogether, on each flat underside, and how many undersides are looked at.
_SLOPE_POINTS = 320
_FLAT_POINTS = (10, 48)
# Fewer, down to two on each underside, where a ray meets more facets on its way than this.
_MOST_BEHIND = 500
_MM2_PER_POINT = 1.0
_MOST_FLATS = 64
_DIRECTIONS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Hanging:
    """What hangs in the air, in one orientation.

    Args:
        facets: int64 (k,), the file's numbers of the facets that hang over, bridges not among them.
        area_mm2: their area.
        support_mm3: volume of the columns under them, down to the part below or the bed.
        bridges_mm: float64 (b,), the span of each bridge, longest first.
        bridge_facets: int64, the facets of the bridges.
        long_bridge_support_mm3: columns under the bridges longer than the material bears.
    """

    facets: Facets = field(default_factory=lambda: NO_FACETS)
    area_mm2: float = 0.0
    support_mm3: float = 0.0
    bridges_mm: Floats = field(default_factory=lambda: np.zeros(0))
    bridge_facets: Facets = field(default_factory=lambda: NO_FACETS)
    long_bridge_support_mm3: float = 0.0

    @property
    def needed_support_mm3(self) -> float:
        """Support under overhangs and under bridges that are too long."""
        return self.support_mm3 + self.long_bridge_support_mm3


def hanging(
    shape: Shape,
    turn: Floats,
    printing: Printing,
    obstacles: Obstacles | None = None,
) -> Hanging:
    """Find what hangs in the air after a turn.

    Args:
        shape: the part in the file's coordinates.
        turn: rotation matrix (3, 3) that lays it; its rows are the bed's x, y and up, as seen in
            the file's coordinates.
        printing: layer height, line width, steepest slope, longest bridge.
        obstacles: the part's tree, where there is one already; built only when something hangs.
    """
    up = turn[2].astype(np.float32)
    rise = shape.normals @ up
    least = -np.sin(np.radians(min(printing.limits.overhang_deg + _MARGIN_DEG, 89.0)))
    steep = np.flatnonzero(rise < least)
    bed = float((shape.measures.topology.vertices @ up).min())
    in_air = (shape.mesh.triangles[steep] @ up).max(axis=1) > bed + printing.layer_height_mm
    steep = steep[in_air & (shape.areas_mm2[steep] > 0)]
    if len(steep) == 0:
        return Hanging()
    flat_of = _flats(shape, steep, rise[steep] < -np.cos(np.radians(_FLAT_DEG)), printing)
    look = _Look(
        shape, obstacles or obstacles_of(shape), turn, bed, printing, steep, rise[steep], flat_of
    )
    slopes, flats = _slopes(look), _undersides(look)
    return replace(
        flats,
        facets=np.sort(np.concatenate((slopes.facets, flats.facets))),
        area_mm2=slopes.area_mm2 + flats.area_mm2,
        support_mm3=slopes.support_mm3 + flats.support_mm3,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """The steep facets, their rise (normal's share of up), and which flat underside each is of.

    ``flat_of`` is the underside's number from the largest down, -1 on slopes and on flats beyond
    those looked at, -2 on flats too small to matter.
    """

    shape: Shape
    obstacles: Obstacles
    turn: Floats
    bed: float
    printing: Printing
    steep: Facets
    rise: NDArray[np.float32]
    flat_of: NDArray[np.int64]


def _flats(
    shape: Shape, steep: Facets, is_flat: NDArray[np.bool_], printing: Printing
) -> NDArray[np.int64]:
    """Join flat facets that share an edge; number the undersides from the largest down."""
    flat_of = np.full(len(steep), -1, dtype=np.int64)
    flat = np.flatnonzero(is_flat)
    if len(flat) == 0:
        return flat_of
    topology = shape.measures.topology
    place = np.full(len(shape.mesh.triangles), -1, dtype=np.int32)
    place[steep[flat]] = np.arange(len(flat))
    place = place[topology.facets]
    links = topology.neighbours[(place[topology.neighbours] >= 0).all(axis=1)]
    count, label = connected(
        len(flat),
        place[links[:, 0]].astype(np.int64),
        place[links[:, 1]].astype(np.int64),
    )
    areas = np.bincount(label, weights=shape.areas_mm2[steep[flat]], minlength=count)
    rank = np.empty(count, dtype=np.int64)
    rank[np.argsort(-areas, kind="stable")] = np.arange(count)
    number = np.where(rank < _MOST_FLATS, rank, -1)
    number[areas < printing.line_mm**2] = -2
    flat_of[flat] = number[label]
    return flat_of


def _below(look: _Look, points: Points) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the height of the air under points, and whether there is any (a layer at least)."""
    up = look.turn[2]
    lift = look.obstacles.lift_mm
    hits = look.obstacles.first(points - lift * up, -up)
    column = np.where(hits.against, hits.distance_mm + lift, points @ up - look.bed)
    return column, ~hits.along & (column > look.printing.layer_height_mm)


def _slopes(look: _Look) -> Hanging:
    """Look at what is steep and not flat: arches and buried facets need nothing."""
    mine = np.flatnonzero(look.flat_of == -1)
    if len(mine) == 0:
        return Hanging()
    facets = look.steep[mine]
    areas = look.shape.areas_mm2[facets]
    total = float(areas.sum())
    wanted = min(_SLOPE_POINTS, max(_FLAT_POINTS[0], total / _MM2_PER_POINT))
    points, at = spread(look.shape.mesh.triangles, facets, areas / total * wanted)
    column, hangs = _below(look, points)
    hangs[hangs] = ~_arches(look, points[hangs], look.shape.normals[facets[at[hangs]]])
    each = total / len(points)
    flattened = -look.rise[mine][at].astype(np.float64)
    # A facet without a point of its own goes with the point next to it in the file.
    middle = np.cumsum(areas) - areas / 2
    nearest = np.minimum((middle / each).astype(np.int64), len(points) - 1)
    chosen = hangs[nearest]
    chosen[at[hangs]] = True
    return Hanging(
        facets=facets[chosen],
        area_mm2=each * float(np.count_nonzero(hangs)),
        support_mm3=each * float((column * flattened)[hangs].sum()),
    )


def _arches(look: _Look, points: Points, normals: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether an opposite wall is near where the slope leans to, and the roof closes between."""
    up = look.turn[2]
    longest = look.printing.limits.bridge_mm * _ARCH_SHARE
    leaning = normals - (normals @ up)[:, None] * up
    length = np.linalg.norm(leaning, axis=1, keepdims=True)
    way = np.divide(leaning, length, out=np.zeros_like(leaning), where=length > 0)
    start = points - max(look.printing.layer_height_mm / 2, look.obstacles.lift_mm) * up
    opposite = look.obstacles.first(start, way)
    arch = opposite.against & (opposite.distance_mm <= longest) & (length[:, 0] > 0)
    half = opposite.distance_mm[arch, None] / 2
    roof = look.obstacles.first(start[arch] + way[arch] * half, up)
    arch[arch] = roof.against & (roof.distance_mm <= 2 * half[:, 0] + look.printing.layer_height_mm)
    return np.asarray(arch)


def _undersides(look: _Look) -> Hanging:
    """Look at the flat undersides: bridges, lips, and the rest."""
    mine = np.flatnonzero(look.flat_of >= 0)
    if len(mine) == 0:
        return Hanging()
    mine = mine[np.argsort(look.flat_of[mine], kind="stable")]
    facets, number = look.steep[mine], look.flat_of[mine]
    areas = look.shape.areas_mm2[facets]
    of_flat = np.bincount(number, weights=areas)
    fewer = min(1.0, _MOST_BEHIND / boxes_behind_one_another(look.shape))
    wanted = np.clip(of_flat / _MM2_PER_POINT, *_FLAT_POINTS)
    wanted = np.maximum(wanted * fewer, 2)
    shares = areas * (wanted / of_flat)[number]
    points, at = spread(look.shape.mesh.triangles, facets, shares)
    column, hangs = _below(look, points)
    flat = number[at]
    count = len(of_flat)
    had = np.maximum(np.bincount(flat, minlength=count), 1)
    open_share = np.bincount(flat, weights=hangs, minlength=count) / had
    volume = np.bincount(flat, weights=column * hangs, minlength=count) / had * of_flat
    span, reach = _held(look, points[hangs])
    worst = np.zeros(count)
    np.maximum.at(worst, flat[hangs], np.where(np.isfinite(span), span, 0.0))
    widest = np.zeros(count)
    np.maximum.at(widest, flat[hangs], reach)
    held_points = np.bincount(flat[hangs], weights=np.isfinite(span), minlength=count)
    held = held_points >= _HELD_SHARE * open_share * had
    quiet = (open_share == 0) | (widest <= _LIP_LINES * look.printing.line_mm)
    quiet |= held & (worst <= _NO_SAG_MM)
    bridge, over = held & ~quiet, ~held & ~quiet
    too_long = bridge & (worst > look.printing.limits.bridge_mm)
    return Hanging(
        facets=facets[over[number]],
        area_mm2=float((of_flat * open_share)[over].sum()),
        support_mm3=float(volume[over].sum()),
        bridges_mm=np.sort(worst[bridge])[::-1],
        bridge_facets=np.sort(facets[bridge[number]]),
        long_bridge_support_mm3=float(volume[too_long].sum()),
    )


def _held(look: _Look, points: Points) -> tuple[Floats, Floats]:
    """Return the shortest span through each point, and the way to what holds it nearest.

    Both are measured just under the roof, along directions in which the roof reaches from the
    point to the wall; infinite where there is none.
    """
    angle = np.arange(_DIRECTIONS) / _DIRECTIONS * 2 * np.pi
    ways = np.outer(np.cos(angle), look.turn[0]) + np.outer(np.sin(angle), look.turn[1])
    up = look.turn[2]
    drop = max(look.printing.layer_height_mm, 2 * look.obstacles.lift_mm)
    start = (points - drop * up).repeat(_DIRECTIONS, axis=0)
    way = np.tile(ways, (len(points), 1))
    walls = look.obstacles.first(start, way)
    distance = np.where(walls.against, walls.distance_mm, np.inf).astype(np.float64)
    for part in (0.5, 0.95):
        reached = np.flatnonzero(np.isfinite(distance))
        gone = distance[reached] * part
        roof = look.obstacles.first(start[reached] + way[reached] * gone[:, None], up)
        rises = 2 * drop + gone * np.tan(np.radians(2 * _FLAT_DEG))
        distance[reached[~roof.against | (roof.distance_mm > rises)]] = np.inf
    distance = distance.reshape(-1, _DIRECTIONS)
    half = _DIRECTIONS // 2
    return (distance[:, :half] + distance[:, half:]).min(axis=1, initial=np.inf), distance.min(
        axis=1, initial=np.inf
    )
