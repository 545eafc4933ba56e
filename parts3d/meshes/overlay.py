"""Pictures of findings: the part drawn pale, and the places meant marked in warning colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.findings import Finding, Severity
from parts3d.meshes.mesh import Mesh, Vector
from parts3d.meshes.pictures.camera import TOWARDS_CAMERA, Camera, eye_for, frame
from parts3d.meshes.pictures.clusters import Cluster, Ring, clusters, rings_for
from parts3d.meshes.pictures.framed import paste_inset
from parts3d.meshes.pictures.halo import draw_halos
from parts3d.meshes.pictures.inset import Corner, make_room, narrowed, zoomed
from parts3d.meshes.pictures.marks import OVERSAMPLED, Marks, draw_marks, line_pixels
from parts3d.meshes.pictures.places import FULL, RANK, Places, places_of
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
_TINT = 0.34  # share of the mark's colour in facets beside marked edges
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
_BETTER = 1.1  # another view must show that much more than the shop's
_GROUPED = 30_000  # marks looked at for groups; beyond that some are left out, evenly
_PLAIN = 0.02  # of the picture: seen marks as large as that need no inset
_LOOKS = 112  # a side, and along each line, to guess how large they are seen
_LINES = 1000  # of them looked at for that
_LEAST_WITH_INSET = 200  # pixels


@dataclass(frozen=True, slots=True)
class MarkedPicture:
    """A PNG, and from where the part is seen (a key of ``VIEWS``)."""

    png: bytes
    view: str


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """From where a part is drawn, and what is magnified where; the same for two meshes.

    Args:
        view: a key of ``VIEWS``.
        camera: that view's.
        corner: where the magnified piece lies, if there is one.
        near: the camera that takes it.
        times: how many times larger things are in it.
        target: its middle, in the scene's scale.
    """

    view: str
    camera: Camera
    corner: Corner | None = None
    near: Camera | None = None
    times: float = 1.0
    target: NDArray[np.float32] | None = None


def render_marked(mesh: Mesh, findings: Sequence[Finding], size: int = 512) -> MarkedPicture:
    """Draw a part with the facets and edges of findings marked, from where most of them is seen.

    A facet of several findings has the gravest one's colour. Facets that cannot be drawn (no
    area, or there twice) are marked by their edges; beside marked edges, facets are tinted only.
    Every mark has a light rim. Hidden edges are dashed, and hidden facets shown through the part.
    Small marks get rings (dashed where they are hidden) with the number of places in them, and
    where all marks together are small, a corner shows the largest group magnified, from where it
    is seen.

    Args:
        mesh: what was checked.
        findings: what to mark; facet numbers are the mesh's.
        size: pixels a side.
    """
    ready = placed(mesh)
    if ready is None:
        empty = image_of(np.zeros((size, size, 4), dtype=np.float32))
        return MarkedPicture(png_of(empty), next(iter(VIEWS)))
    places, scene = places_of(mesh, ready, findings), Scene(ready.facets)
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
        places, scene = places_of(mesh, ready, _faults(mesh)), Scene(ready.facets)
        plan = plan or _plan(ready, scene, places, size)
        whole.paste(_drawn(scene, places, plan, size), (at * size, 0))
    return png_of(whole)


def _faults(mesh: Mesh) -> list[Finding]:
    """Return what a repair is about: faults of the surface that are more than information."""
    from parts3d.meshes.measure import measure
    from parts3d.meshes.searches.surface import find_surface_faults
    from parts3d.meshes.shape import shape_of

    found = find_surface_faults(shape_of(mesh, measure(mesh)))
    return [one for one in found if one.has_places and one.severity is not Severity.INFO]


def _plan(ready: Placed, scene: Scene, places: Places, size: int) -> _Plan:
    points = ready.facets.corners.reshape(-1, 3)
    view = _best_view(scene, places.middles)
    camera = frame(points, VIEWS[view])
    if size < _LEAST_WITH_INSET or len(places.ranks) == 0:
        return _Plan(view, camera)
    gravest = places.some(int(places.ranks.max()), _GROUPED)
    if _share_seen(scene, camera, gravest, size) >= _PLAIN:
        return _Plan(view, camera)
    groups = _clusters(scene, gravest, camera, size)
    target = max(groups, key=lambda one: (one.seen, len(one.rows)))
    moved, corner = make_room(scene, camera, size)
    looking = camera
    if not target.seen:
        looking = frame(points, VIEWS[_best_view(scene, gravest.middles[target.rows])])
        pixels = looking.pixels(gravest.corners[target.rows].reshape(-1, 3), size)
        target = Cluster(target.rows, pixels.min(axis=0), pixels.max(axis=0), seen=True)
    middles = gravest.middles[target.rows]
    clear = middles[~scene.hidden(middles, looking.eye, _SLACK)]
    middles = clear if len(clear) else middles
    target, at = narrowed(target, looking.pixels(middles, size), corner.side)
    near, times = zoomed(looking, target, size, corner.side)
    return _Plan(
        view, moved, corner, near, times * moved.half_width / camera.half_width, middles[at]
    )


def _share_seen(scene: Scene, camera: Camera, places: Places, size: int) -> float:
    """Return about which share of the picture the places take, lines with their rims, 0 to 1."""
    steps = (np.arange(_LOOKS) + 0.5) / _LOOKS * 2 - 1
    looks = scene.cast(camera, camera.rays(steps, -steps).reshape(-1, 3))
    full = int(places.ranks[0]) + FULL
    area = float((places.paint[looks.facet] == full).sum()) / _LOOKS**2
    edges = places.edges[:: max(1, len(places.edges) // _LINES)]
    edges = edges[~scene.hidden(edges.mean(axis=1), camera.eye, _SLACK)]
    ends = camera.pixels(edges, size)
    along = np.linspace(0, 1, _LOOKS)[:, None, None]
    wide = 2 * line_pixels(size)
    cells = np.floor((ends[:, 0] + along * (ends[:, 1] - ends[:, 0])) / wide).astype(np.int64)
    lines = len(np.unique(cells[..., 0] * size + cells[..., 1])) * wide**2
    return area + lines / size**2


def _clusters(scene: Scene, places: Places, camera: Camera, size: int) -> tuple[Cluster, ...]:
    hidden = places.hidden(scene, camera.eye)
    return clusters(camera.pixels(places.corners, size), hidden, size)


def _drawn(scene: Scene, places: Places, plan: _Plan, size: int) -> "Image":
    picture, rings = _one(scene, places, plan.camera, size)
    if plan.corner is None or plan.near is None or plan.target is None:
        return picture
    inset, _ = _one(scene, places, plan.near, plan.corner.side, table=False)
    x, y = plan.camera.pixels(plan.target, size).tolist()
    looked_at = Ring(x, y, plan.corner.side / plan.times / 2, dashed=False)
    shows = looked_at.within(rings)
    paste_inset(picture, inset, plan.corner, plan.times, shows, ringed=shows is not looked_at)
    return picture


def _one(
    scene: Scene, places: Places, camera: Camera, size: int, *, table: bool = True
) -> tuple["Image", tuple[Ring, ...]]:
    """Draw the part with its marks; return the rings too."""
    from PIL import Image, ImageDraw

    painted = np.zeros((size, size), dtype=np.uint8)
    paint = Paint(_palette(), places.paint)
    picture = image_of(draw(scene, camera, size, paint, painted, table=table))
    draw_halos(picture, painted, {RANK[s] + FULL: colour for s, colour in MARK_COLOURS.items()})
    marks: list[Marks] = []
    for severity, number in RANK.items():
        some = places.some(number, _GROUPED)
        if len(some.ranks) == 0:
            continue
        pixels = camera.pixels(some.corners, size)
        groups = clusters(pixels, some.hidden(scene, camera.eye), size)
        unseen = [one.rows for one in groups if not one.seen]
        rows = np.concatenate(unseen) if unseen else np.zeros(0, dtype=np.int64)
        ghosts = some.corners[rows[rows < some.facets]]
        edges = np.concatenate((some.edges, some.slivers(pixels, painted == number + FULL)))
        marks.append(Marks(MARK_COLOURS[severity], edges, ghosts, rings_for(groups, pixels, size)))
    if not marks:
        return picture, ()
    fine = Image.new("RGBA", (size * OVERSAMPLED, size * OVERSAMPLED))
    draw_marks(ImageDraw.Draw(fine), size, scene, camera, marks)
    over(picture, fine)
    return picture, tuple(ring for mark in reversed(marks) for ring in mark.rings)


def _palette() -> NDArray[np.float32]:
    """Return the colours of facets: plain, then each rank's tint, then each rank's own."""
    pale = linear(_PALE)
    full = [linear(MARK_COLOURS[severity]) for severity in RANK]
    return np.stack((pale, *(pale + _TINT * (colour - pale) for colour in full), *full))


def _best_view(scene: Scene, points: NDArray[np.float32]) -> str:
    """Return the view from which most of the points are not hidden."""
    names = list(VIEWS)
    if len(points) == 0:
        return names[0]
    probes = points[np.linspace(0, len(points) - 1, min(len(points), _PROBES)).astype(np.int64)]
    corners = scene.facets.corners.reshape(-1, 3)
    box = corners.min(axis=0), corners.max(axis=0)
    seen = [
        float((~scene.hidden(probes, eye_for(*box, towards), _SLACK)).sum())
        for towards in VIEWS.values()
    ]
    best = int(np.argmax(seen))
    return names[best] if seen[best] > _BETTER * seen[0] else names[0]
