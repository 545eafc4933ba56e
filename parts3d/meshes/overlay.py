"""Pictures of findings: the part drawn pale, and the places meant marked in warning colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.findings import Finding, Severity
from parts3d.meshes.mesh import Mesh, Vector
from parts3d.meshes.pictures.camera import TOWARDS_CAMERA, Camera, frame
from parts3d.meshes.pictures.clusters import Cluster, Ring, clusters, rings_for
from parts3d.meshes.pictures.framed import paste_inset
from parts3d.meshes.pictures.inset import Corner, make_room, zoomed
from parts3d.meshes.pictures.marks import OVERSAMPLED, Marks, draw_marks
from parts3d.meshes.pictures.png import image_of, over, png_of
from parts3d.meshes.pictures.scene import Scene
from parts3d.meshes.pictures.shading import linear
from parts3d.meshes.render import Colour, Paint, Placed, draw, placed

if TYPE_CHECKING:
    from PIL.Image import Image

# Okabe and Ito's colours, told apart by colour-blind people too: blue, orange, vermilion.
MARK_COLOURS: dict[Severity, Colour] = {
    Severity.INFO: (0, 114, 178),
    Severity.WARNING: (230, 159, 0),
    Severity.BLOCKS: (213, 60, 0),
}
_PALE: Colour = (160, 169, 179)
_RANK = {Severity.INFO: 1, Severity.WARNING: 2, Severity.BLOCKS: 3}
# The shop's view first, so that it wins where another shows no more; then round, then from below.
VIEWS: dict[str, Vector] = {
    "front right, above": TOWARDS_CAMERA,
    "back right, above": (1.0, 0.62, 0.74),
    "back left, above": (-0.62, 1.0, 0.74),
    "front left, above": (-1.0, -0.62, 0.74),
    "front right, below": (0.62, -1.0, -0.74),
    "back right, below": (1.0, 0.62, -0.74),
    "back left, below": (-0.62, 1.0, -0.74),
    "front left, below": (-1.0, -0.62, -0.74),
}
_PROBES = 400  # places asked of each view
_SLACK = 4e-3
_FACET_SLACK = 1e-3  # a facet's middle is no edge that its own surface may hide
_BETTER = 1.1  # another view must show that much more than the shop's
_GROUPED = 30_000  # marks looked at for groups; beyond that some are left out, evenly
_PLAIN = 0.05  # of the picture: seen marks as large as that need no inset
_LEAST_WITH_INSET = 200  # pixels


@dataclass(frozen=True, slots=True)
class MarkedPicture:
    """A PNG, and from where the part is seen (a key of ``VIEWS``)."""

    png: bytes
    view: str


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """What is marked, in the scene's scale.

    Args:
        rank: uint8 (f,), of each facet drawn; 0: not marked.
        corners: float32 (n, 3, 3), the marked facets drawn, then edges (end, end, end again).
        ranks: uint8 (n,).
        facets: how many of those are facets.
    """

    rank: NDArray[np.uint8]
    corners: NDArray[np.float32]
    ranks: NDArray[np.uint8]
    facets: int

    @property
    def middles(self) -> NDArray[np.float32]:
        """One point of each, float32 (n, 3)."""
        edges = self.corners[self.facets :, :2].mean(axis=1)
        return np.concatenate((self.corners[: self.facets].mean(axis=1), edges))

    def some(self, number: int, most: int) -> "_Places":
        """Return those of one rank, at most so many, spread evenly."""
        rows = np.flatnonzero(self.ranks == number)
        if len(rows) > most:
            rows = rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]
        facets = int(np.searchsorted(rows, self.facets))
        return _Places(self.rank, self.corners[rows], self.ranks[rows], facets)

    def hidden(self, scene: Scene, eye: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which have something before them, bool (n,)."""
        points = self.middles
        return np.concatenate(
            (
                scene.hidden(points[: self.facets], eye, _FACET_SLACK),
                scene.hidden(points[self.facets :], eye, _SLACK),
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """From where a part is drawn, and what is magnified where; the same for two meshes."""

    view: str
    camera: Camera
    corner: Corner | None = None
    near: Camera | None = None
    times: float = 1.0


def render_marked(mesh: Mesh, findings: Sequence[Finding], size: int = 512) -> MarkedPicture:
    """Draw a part with the facets and edges of findings marked, from where most of them is seen.

    A facet of several findings has the gravest one's colour. Facets that cannot be drawn (no
    area, or there twice) are marked by their edges. Hidden edges are dashed, and hidden facets
    shown through the part. Marks hard to see get rings (dashed where they are hidden), and where
    most are, a corner shows the largest group magnified, from where it is seen.

    Args:
        mesh: what was checked.
        findings: what to mark; facet numbers are the mesh's.
        size: pixels a side.
    """
    ready = placed(mesh)
    if ready is None:
        empty = image_of(np.zeros((size, size, 4), dtype=np.float32))
        return MarkedPicture(png_of(empty), next(iter(VIEWS)))
    places, scene = _places(mesh, ready, findings), Scene(ready.facets)
    plan = _plan(ready, scene, places, size)
    return MarkedPicture(png_of(_drawn(scene, places, plan, size)), plan.view)


def before_after(mesh_before: Mesh, mesh_after: Mesh, size: int = 512) -> bytes:
    """Draw a part before and after a repair side by side, with the surface's faults marked.

    Both halves have the same view, chosen for the faults before, and the same scale; what is
    magnified in the left half is so in the right.

    Returns:
        A PNG of ``2 * size`` by ``size`` pixels.
    """
    from PIL import Image

    whole = Image.new("RGBA", (2 * size, size))
    before = placed(mesh_before)
    plan: _Plan | None = None
    for at, mesh in enumerate((mesh_before, mesh_after)):
        ready = placed(mesh, like=before)
        if ready is None:
            continue
        places, scene = _places(mesh, ready, _faults(mesh)), Scene(ready.facets)
        plan = plan or _plan(ready, scene, places, size)
        whole.paste(_drawn(scene, places, plan, size), (at * size, 0))
    return png_of(whole)


def _faults(mesh: Mesh) -> list[Finding]:
    """Return what a repair is about: faults of the surface that are more than information."""
    from parts3d.meshes.measure import measure
    from parts3d.meshes.shape import shape_of
    from parts3d.meshes.surface import find_surface_faults

    found = find_surface_faults(shape_of(mesh, measure(mesh)))
    return [one for one in found if one.has_places and one.severity is not Severity.INFO]


def _places(mesh: Mesh, ready: Placed, findings: Sequence[Finding]) -> _Places:
    rank = np.zeros(len(mesh.triangles), dtype=np.uint8)
    for finding in findings:
        at = finding.facets
        rank[at] = np.maximum(rank[at], _RANK[finding.severity])
    kept = ready.facets.facets
    drawn = rank[kept]
    lost = rank.copy()
    lost[kept] = 0
    corners, ranks = [ready.facets.corners[drawn > 0]], [drawn[drawn > 0]]
    for severity, number in _RANK.items():
        edges = [finding.segments_mm for finding in findings if finding.severity is severity]
        edges.append(mesh.triangles[lost == number][:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2, 3))
        placed_edges = ready.place(np.concatenate(edges))
        corners.append(placed_edges[:, [0, 1, 1]])
        ranks.append(np.full(len(placed_edges), number, dtype=np.uint8))
    return _Places(drawn, np.concatenate(corners), np.concatenate(ranks), len(corners[0]))


def _plan(ready: Placed, scene: Scene, places: _Places, size: int) -> _Plan:
    points = ready.facets.corners.reshape(-1, 3)
    view = _best_view(scene, places.middles)
    camera = frame(points, VIEWS[view])
    if size < _LEAST_WITH_INSET or len(places.ranks) == 0:
        return _Plan(view, camera)
    gravest = places.some(int(places.ranks.max()), _GROUPED)
    groups = _clusters(scene, gravest, camera, size)
    hard = [one for one in groups if not one.seen or one.extent < _PLAIN * size]
    if 2 * sum(len(one.rows) for one in hard) <= len(gravest.ranks):
        return _Plan(view, camera)
    target = max(hard, key=lambda one: (one.seen, len(one.rows)))
    moved, corner = make_room(scene, camera, size)
    looking = camera
    if not target.seen:
        looking = frame(points, VIEWS[_best_view(scene, gravest.middles[target.rows])])
        pixels = looking.pixels(gravest.corners[target.rows].reshape(-1, 3), size)
        target = Cluster(target.rows, pixels.min(axis=0), pixels.max(axis=0), seen=True)
    near, times = zoomed(looking, target, size, corner.side)
    return _Plan(view, moved, corner, near, times)


def _clusters(scene: Scene, places: _Places, camera: Camera, size: int) -> tuple[Cluster, ...]:
    hidden = places.hidden(scene, camera.eye)
    return clusters(camera.pixels(places.corners, size), hidden, size)


def _drawn(scene: Scene, places: _Places, plan: _Plan, size: int) -> "Image":
    picture, tightest = _one(scene, places, plan.camera, size)
    if plan.corner is None or plan.near is None:
        return picture
    inset, _ = _one(scene, places, plan.near, plan.corner.side)
    paste_inset(picture, inset, plan.corner, plan.times, tightest)
    return picture


def _one(scene: Scene, places: _Places, camera: Camera, size: int) -> tuple["Image", Ring | None]:
    """Draw the part with its marks; return the first ring of the gravest too."""
    from PIL import Image, ImageDraw

    palette = np.stack([linear(c) for c in (_PALE, *(MARK_COLOURS[s] for s in _RANK))])
    picture = image_of(draw(scene, camera, size, Paint(palette, places.rank)))
    marks, first = [], None
    for severity, number in _RANK.items():
        some = places.some(number, _GROUPED)
        groups = _clusters(scene, some, camera, size)
        rings = rings_for(groups, size)
        unseen = [one.rows for one in groups if not one.seen]
        rows = np.concatenate(unseen) if unseen else np.zeros(0, dtype=np.int64)
        ghosts = some.corners[rows[rows < some.facets]]
        edges = some.corners[some.facets :, :2]
        marks.append(Marks(MARK_COLOURS[severity], edges, ghosts, rings))
        first = rings[0] if rings else first
    fine = Image.new("RGBA", (size * OVERSAMPLED, size * OVERSAMPLED))
    draw_marks(ImageDraw.Draw(fine), size, scene, camera, marks)
    over(picture, fine)
    return picture, first


def _best_view(scene: Scene, points: NDArray[np.float32]) -> str:
    """Return the view from which most of the points are not hidden."""
    names = list(VIEWS)
    if len(points) == 0:
        return names[0]
    probes = points[np.linspace(0, len(points) - 1, min(len(points), _PROBES)).astype(np.int64)]
    corners = scene.facets.corners.reshape(-1, 3)
    seen = [
        float((~scene.hidden(probes, frame(corners, towards).eye, _SLACK)).sum())
        for towards in VIEWS.values()
    ]
    best = int(np.argmax(seen))
    return names[best] if seen[best] > _BETTER * seen[0] else names[0]
