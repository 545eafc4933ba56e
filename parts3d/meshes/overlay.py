"""Pictures of findings: the part drawn pale, and the places meant marked in warning colours."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.findings import Finding, Severity
from parts3d.meshes.mesh import Mesh, Vector
from parts3d.meshes.pictures.camera import FILL, TOWARDS_CAMERA, Camera, frame
from parts3d.meshes.pictures.coarse import DRAWABLE_TRIANGLES
from parts3d.meshes.pictures.marks import Stroke, ring, strokes_over
from parts3d.meshes.pictures.scene import Scene
from parts3d.meshes.pictures.shading import linear
from parts3d.meshes.render import Colour, Paint, draw, encode, placed

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
_SMALL = 0.05  # of the picture: marks smaller than that get a ring
_BETTER = 1.1  # another view must show that much more than the shop's


@dataclass(frozen=True, slots=True)
class MarkedPicture:
    """A PNG, and from where the part is seen (a key of ``VIEWS``)."""

    png: bytes
    view: str


def render_marked(mesh: Mesh, findings: Sequence[Finding], size: int = 512) -> MarkedPicture:
    """Draw a part with the facets and edges of findings marked, from where most of them is seen.

    A facet of several findings has the gravest one's colour. Facets that cannot be drawn (no
    area, or there twice) are marked by their edges. Hidden edges are drawn faint; marks too small
    to see get a ring. Above ``DRAWABLE_TRIANGLES`` only edges and rings mark.

    Args:
        mesh: what was checked.
        findings: what to mark; facet numbers are the mesh's.
        size: pixels a side.
    """
    ready = placed(mesh)
    if ready is None:
        return MarkedPicture(encode(np.zeros((size, size, 4), dtype=np.float32)), next(iter(VIEWS)))
    rank = np.zeros(len(mesh.triangles), dtype=np.uint8)
    for finding in findings:
        at = finding.facets
        rank[at] = np.maximum(rank[at], _RANK[finding.severity])
    whole = len(mesh.triangles) <= DRAWABLE_TRIANGLES
    kept = ready.facets.facets
    drawn = rank[kept] if whole else np.zeros(len(kept), dtype=np.uint8)
    lost = rank.copy()
    if whole:
        lost[kept] = 0
    lines = {
        severity: ready.place(
            np.concatenate(
                [f.segments_mm for f in findings if f.severity is severity]
                + [_edges(mesh.triangles[lost == number])]
            )
        )
        for severity, number in _RANK.items()
    }
    corners = ready.facets.corners[drawn > 0]
    ends = np.concatenate([line.reshape(-1, 3) for line in lines.values()])
    scene = Scene(ready.facets)
    points = np.concatenate((corners.mean(axis=1), ends.reshape(-1, 2, 3).mean(axis=1)))
    view = _best_view(scene, points)
    camera = _camera(ready.facets.corners, VIEWS[view])
    palette = np.stack([linear(c) for c in (_PALE, *(MARK_COLOURS[s] for s in _RANK))])
    picture = draw(scene, camera, size, Paint(palette, drawn))
    strokes = [
        Stroke(line, MARK_COLOURS[severity]) for severity, line in lines.items() if len(line)
    ]
    rings = []
    for severity, number in _RANK.items():
        there = [
            ready.facets.corners[drawn == number].reshape(-1, 3),
            lines[severity].reshape(-1, 3),
        ]
        circle = ring(camera, np.concatenate(there), size, _SMALL)
        if circle is not None:
            rings.append((circle, MARK_COLOURS[severity]))
    return MarkedPicture(strokes_over(picture, scene, camera, strokes, rings), view)


def before_after(mesh_before: Mesh, mesh_after: Mesh, size: int = 512) -> bytes:
    """Draw a part before and after a repair side by side; open edges are marked in both.

    Both are seen from the same side, each filling its half.

    Returns:
        A PNG of ``2 * size`` by ``size`` pixels.
    """
    from io import BytesIO

    from PIL import Image

    from parts3d.meshes.findings import Code
    from parts3d.meshes.measure import measure

    whole = Image.new("RGBA", (2 * size, size))
    for at, mesh in enumerate((mesh_before, mesh_after)):
        topology = measure(mesh).topology
        edges = Finding(
            Code.OPEN_EDGES,
            Severity.BLOCKS,
            count=len(topology.open_edges),
            segments_mm=topology.vertices[topology.open_edges],
        )
        half = render_marked(mesh, [edges], size).png
        with Image.open(BytesIO(half)) as picture:
            whole.paste(picture, (at * size, 0))
    out = BytesIO()
    whole.save(out, format="PNG", compress_level=4)
    return out.getvalue()


def _edges(triangles: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2, 3))


def _camera(corners: NDArray[np.float32], towards: Vector) -> Camera:
    return frame(corners.reshape(-1, 3), towards, FILL)


def _best_view(scene: Scene, points: NDArray[np.float32]) -> str:
    """Return the view from which most of the points are not hidden."""
    names = list(VIEWS)
    if len(points) == 0:
        return names[0]
    probes = points[np.linspace(0, len(points) - 1, min(len(points), _PROBES)).astype(np.int64)]
    seen = [
        float((~scene.hidden(probes, _camera(scene.facets.corners, towards).eye, _SLACK)).sum())
        for towards in VIEWS.values()
    ]
    best = int(np.argmax(seen))
    return names[best] if seen[best] > _BETTER * seen[0] else names[0]
