"""The choice of orientation: the ways a part can rest on the bed, and what each would cost.

The cost is seconds of a printer's and a person's time: support to print and to break off, layers,
a failed print weighed by its likelihood, a weak part. It orders the poses of one part; it is no
estimate of a print's time. docs/decisions/0017-orientation.md says where each rate comes from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.measure import measure
from parts3d.meshes.mesh import Mesh, Vector
from parts3d.meshes.orient import laying, rotation_matrix
from parts3d.meshes.printing import Printing
from parts3d.meshes.searches.bed_fit import extents, flat_sides, turn_to_fit
from parts3d.meshes.searches.hanging import hanging
from parts3d.meshes.searches.stability import centre_of_gravity, hull, inside_by, stand_of
from parts3d.meshes.searches.support import Obstacles, obstacles_of
from parts3d.meshes.shape import Shape, shape_of

Floats = NDArray[np.float64]

SECONDS_PER_SUPPORT_MM3 = 0.04
SECONDS_PER_OVERHANG_MM2 = 0.3
SECONDS_PER_HEIGHT_MM = 10.0
SECONDS_LOOSE = 900.0
SECONDS_UNSTABLE = 3600.0
SECONDS_WEAK = 7200.0
SECONDS_TOO_LARGE = 1e6

_FLAT_SIDES = 16
_POSES = 28
_SAME_COS = 0.9998
_NEAR_COS = 0.9986
_HULL_POINTS = 1_500
_HULL_DIRECTIONS = 1_024
_CHUNK = 20_000
# Poses whose measures differ by no more are one to a person; areas and volumes are sampled.
_SAME_SHARE = 0.04
_SAME_LENGTH_SHARE = 0.005
_SAME_ANGLE_DEG = 2.0
_SAME_SUPPORT_SHARE = 0.08
_STRAIGHT_SHARE = 0.005


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to lay a part, with what it costs.

    Args:
        orientation_deg: for the recipe: turns about x, y, z as ``orient.rotation_matrix`` has them.
        as_is: the pose of the file itself.
        cost_seconds: the sum of ``costs_seconds``; less is better.
        costs_seconds: its named parts: support, height, contact, stability, layers, bed.
        support_mm3: volume of the columns under overhangs and bridges that are too long.
        overhang_mm2: area that hangs over.
        height_mm: height as printed.
        contact_mm2: area that touches the bed.
        margin_mm: how far inside what touches the bed its weight acts.
        layer_angle_deg: angle between the load and the layers' normal: 90 is along the layers,
            strong; 0 pulls them apart; None without a load direction.
        stable: it stands by itself, with a safe margin at its height.
        fits: a printer takes it (True where no printers were given).
    """

    orientation_deg: Vector
    as_is: bool
    cost_seconds: float
    costs_seconds: tuple[tuple[str, float], ...]
    support_mm3: float
    overhang_mm2: float
    height_mm: float
    contact_mm2: float
    margin_mm: float
    layer_angle_deg: float | None
    stable: bool
    fits: bool


def candidates(
    mesh: Mesh,
    *,
    printing: Printing,
    beds_mm: Sequence[Vector] = (),
    load_direction: Vector | None = None,
    count: int = 3,
) -> tuple[Candidate, ...]:
    """Return the best ways to lay a part, best first, and the file's own pose.

    Tried are the faces of the convex hull on which it rests, the largest flat sides, and the pose
    of the file: at most 28 poses. The file's own pose is always among those returned, last where
    it is not among the best, so there may be one more than ``count``.

    Args:
        mesh: the part in the file's coordinates, mm.
        printing: material and layers.
        beds_mm: printable x, y, z of each printer model; empty: not asked.
        load_direction: along which it is pulled or bent in use, in the file's coordinates, of any
            length but zero.
        count: how many at most, 1 or more.

    Raises:
        ValueError: the load direction has no length, or the count is under 1.
    """
    if count < 1:
        raise ValueError(f"At least one candidate must be asked for, not {count}.")
    load = None
    if load_direction is not None:
        load = np.array(load_direction, dtype=np.float64)
        if not np.isfinite(load).all() or not np.linalg.norm(load) > 0:
            raise ValueError("The load direction needs a length: write it as [0, 0, 1].")
        load /= np.linalg.norm(load)
    shape = shape_of(mesh, measure(mesh))
    obstacles = obstacles_of(shape)
    outermost = _extremes(shape.measures.topology.vertices)
    weigher = _Weigher(
        shape, obstacles, centre_of_gravity(shape), printing, tuple(beds_mm), load, outermost
    )
    as_is = weigher.weigh((0.0, 0.0, -1.0), as_is=True)
    others = [weigher.weigh(down) for down in _downs(shape, weigher.centre, outermost)]
    distinct: list[Candidate] = []
    for one in sorted((as_is, *others), key=_rank):
        if not any(_same(one, other) for other in distinct):
            distinct.append(one)
    if as_is not in distinct:
        # Its double was no better; show the file's own pose in its place.
        distinct = [as_is if _same(as_is, other) else other for other in distinct]
    best = distinct[:count]
    return tuple(best if as_is in best else [*best, as_is])


def _rank(candidate: Candidate) -> tuple[float, bool, float, Vector]:
    """Order by cost to the second; of equal ones the file's own, the broader, the plainer turn."""
    plain = tuple(abs(angle) for angle in candidate.orientation_deg)
    return (
        round(candidate.cost_seconds),
        not candidate.as_is,
        -round(candidate.contact_mm2, 1),
        (plain[0], plain[1], plain[2]),
    )


def _same(one: Candidate, other: Candidate) -> bool:
    angles = [0.0 if c.layer_angle_deg is None else c.layer_angle_deg for c in (one, other)]
    size = max(one.height_mm, other.height_mm, 1.0)
    return (
        abs(one.height_mm - other.height_mm) <= _SAME_LENGTH_SHARE * size
        and abs(angles[0] - angles[1]) <= _SAME_ANGLE_DEG
        and abs(one.contact_mm2 - other.contact_mm2) <= _SAME_SHARE * other.contact_mm2 + 1
        and abs(one.support_mm3 - other.support_mm3)
        <= _SAME_SUPPORT_SHARE * max(one.support_mm3, other.support_mm3) + size
        and abs(one.margin_mm - other.margin_mm) <= _SAME_SHARE * size
        and one.fits is other.fits
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Weigher:
    """What every pose of one part is weighed with."""

    shape: Shape
    obstacles: Obstacles
    centre: Floats
    printing: Printing
    beds_mm: tuple[Vector, ...]
    load: Floats | None
    outermost: NDArray[np.float32]

    def weigh(self, down: Vector, *, as_is: bool = False) -> Candidate:
        degrees, fits = self._placed(down, as_is=as_is)
        turn = rotation_matrix(degrees)
        hangs = hanging(self.shape, turn, self.printing, self.obstacles)
        stand = stand_of(self.shape, turn, self.centre, self.printing)
        across = 0.0 if self.load is None else min(1.0, abs(float(self.load @ turn[2])))
        stable = stand.margin_mm >= stand.safe_margin_mm
        lacking = 1 - min(1.0, stand.contact_mm2 / max(stand.safe_contact_mm2, 1e-9))
        leaning = 1 - max(0.0, stand.margin_mm) / max(stand.safe_margin_mm, 1e-9)
        costs = (
            (
                "support",
                SECONDS_PER_SUPPORT_MM3 * hangs.needed_support_mm3
                + SECONDS_PER_OVERHANG_MM2 * hangs.area_mm2,
            ),
            ("height", SECONDS_PER_HEIGHT_MM * stand.height_mm),
            ("contact", SECONDS_LOOSE * lacking),
            ("stability", 0.0 if stable else SECONDS_UNSTABLE * max(0.0, leaning)),
            ("layers", SECONDS_WEAK * across**2),
            ("bed", 0.0 if fits else SECONDS_TOO_LARGE),
        )
        return Candidate(
            orientation_deg=degrees,
            as_is=as_is,
            cost_seconds=sum(seconds for _, seconds in costs),
            costs_seconds=costs,
            support_mm3=hangs.needed_support_mm3,
            overhang_mm2=hangs.area_mm2,
            height_mm=stand.height_mm,
            contact_mm2=stand.contact_mm2,
            margin_mm=stand.margin_mm,
            layer_angle_deg=None if self.load is None else float(np.degrees(np.arccos(across))),
            stable=stable,
            fits=fits,
        )

    def _placed(self, down: Vector, *, as_is: bool) -> tuple[Vector, bool]:
        """Return the turn, straight on the bed by the smallest rectangle round it, and its fit."""
        vertices = self.outermost
        if as_is:
            fitting = turn_to_fit(vertices, down, self.beds_mm) if self.beds_mm else (0.0, 0.0, 0.0)
            # Only a quarter turn can be left to the slicer.
            return (0.0, 0.0, 0.0), fitting is not None and fitting[2] % 90 == 0
        fitting = turn_to_fit(vertices, down, self.beds_mm) if self.beds_mm else laying(down)
        plane = rotation_matrix(laying(down))[:2].T.astype(np.float32)
        outline = hull((vertices @ plane).astype(np.float64))
        side = np.roll(outline, -1, axis=0) - outline
        spins = np.unique(np.round(np.degrees(-np.arctan2(side[:, 1], side[:, 0])) % 90, 3))
        spins = np.concatenate(([0.0], spins))
        width, depth = extents(outline, spins)
        area = width * depth
        # Straight as it is reads better than straighter by a hair.
        at = int(np.flatnonzero(area <= area.min() * (1 + _STRAIGHT_SHARE))[0])
        quarter = 90.0 if depth[at] > width[at] * (1 + _STRAIGHT_SHARE) else 0.0
        straight = laying(down, float(spins[at]) + quarter)
        if fitting is None or not self.beds_mm or self._fits(straight):
            return straight, fitting is not None
        return fitting, True

    def _fits(self, degrees: Vector) -> bool:
        size = np.ptp(
            self.outermost @ rotation_matrix(degrees).T.astype(np.float32),
            axis=0,
        )
        x, y, z = (float(side) for side in size)
        return any(
            z <= bed[2] and min(x, y) <= min(bed[:2]) and max(x, y) <= max(bed[:2])
            for bed in self.beds_mm
        )


def _downs(shape: Shape, centre: Floats, outermost: NDArray[np.float32]) -> list[Vector]:
    """Return directions that may face the bed: hull faces it rests on, and large flat sides."""
    flat = flat_sides(shape, _FLAT_SIDES)
    found: list[Vector] = list(flat)
    for normal, resting in _hull_faces(outermost, centre):
        if resting and not any(float(np.dot(normal, other)) > _NEAR_COS for other in flat):
            found.append((float(normal[0]), float(normal[1]), float(normal[2])))
    distinct: list[Vector] = []
    for down in found:
        if all(float(np.dot(down, other)) < _SAME_COS for other in distinct):
            distinct.append(down)
    return distinct[: _POSES - 1]


def _hull_faces(outermost: NDArray[np.float32], centre: Floats) -> list[tuple[Floats, bool]]:
    """Return the outward normals of the convex hull's faces, the largest first.

    With each: whether the weight acts inside it. A body without thickness has no such hull.
    """
    from scipy.spatial import ConvexHull, QhullError

    points = outermost.astype(np.float64)
    try:
        found = ConvexHull(points)
    except QhullError:
        return []
    corners = points[found.simplices]
    doubled = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(doubled, axis=1) / 2
    normals = found.equations[:, :3]
    taken = np.zeros(len(areas), dtype=np.bool_)
    faces: list[tuple[float, Floats, bool]] = []
    for at in np.argsort(-areas, kind="stable")[: 4 * _POSES]:
        if taken[at]:
            continue
        mine = (normals @ normals[at] > _NEAR_COS) & ~taken
        taken |= mine
        normal = areas[mine] @ normals[mine]
        normal = normal / np.linalg.norm(normal)
        plane = rotation_matrix(laying((normal[0], normal[1], normal[2])))[:2]
        outline = hull(corners[mine].reshape(-1, 3) @ plane.T)
        resting = inside_by(outline, plane @ centre) > 0
        faces.append((float(areas[mine].sum()), normal, resting))
    faces.sort(key=lambda face: -face[0])
    return [(normal, resting) for _, normal, resting in faces]


def _extremes(vertices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the points, or of many those farthest in 1,024 directions spread over a sphere."""
    if len(vertices) <= _HULL_POINTS:
        return vertices
    number = np.arange(_HULL_DIRECTIONS) + 0.5
    height = 1 - 2 * number / _HULL_DIRECTIONS
    around = number * np.pi * (3 - np.sqrt(5))
    ring = np.sqrt(1 - height * height)
    ways = np.stack((ring * np.cos(around), ring * np.sin(around), height), axis=1)
    ways = ways.astype(np.float32)
    best = vertices[:0]
    for begin in range(0, len(vertices), _CHUNK):
        several = np.concatenate((best, vertices[begin : begin + _CHUNK]))
        best = several[np.argmax(ways @ several.T, axis=1)]
    return np.unique(best, axis=0)
