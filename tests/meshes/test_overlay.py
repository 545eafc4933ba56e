from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.overlay import VIEWS, before_after, render_marked
from parts3d.meshes.pictures.clusters import clusters, rings_for
from parts3d.meshes.render import render
from parts3d.meshes.thumbnails import thumbnails
from tests.meshes import solids
from tests.meshes.solids import mesh


def pixels(png: bytes) -> NDArray[np.int64]:
    return np.asarray(Image.open(BytesIO(png))).astype(np.int64)


def red(png: bytes) -> int:
    picture = pixels(png)
    return int(((picture[..., 0] > picture[..., 2] + 90) & (picture[..., 3] > 200)).sum())


def facets(*numbers: int, severity: Severity = Severity.BLOCKS) -> Finding:
    return Finding(Code.THIN_WALLS, severity, facets=np.array(numbers, dtype=np.int64))


def test_a_marked_facet_is_seen_from_where_it_faces() -> None:
    below = render_marked(mesh(solids.box()), [facets(0, 1)], 128)
    above = render_marked(mesh(solids.box()), [facets(2, 3)], 128)
    assert below.view.endswith("below")
    assert above.view == next(iter(VIEWS))
    assert red(below.png) > 500
    assert red(above.png) > 500


def test_without_findings_nothing_is_red() -> None:
    assert red(render_marked(mesh(solids.box()), [], 128).png) == 0


def test_a_tiny_mark_gets_a_ring() -> None:
    speck = solids.box((0.02, 0.02, 0.02), (10, 10, 10))
    part = mesh(solids.together(solids.box((20, 20, 10)), speck))
    assert red(render_marked(part, [facets(*range(12, 24))], 256).png) > 60


def test_edges_are_drawn_over_the_part() -> None:
    edge = np.array([[[0, 0, 10], [20, 0, 10]]], dtype=np.float32)
    finding = Finding(Code.OPEN_EDGES, Severity.BLOCKS, segments_mm=edge)
    assert red(render_marked(mesh(solids.box()), [finding], 128).png) > 40


def test_facets_that_cannot_be_drawn_are_marked_by_their_edges() -> None:
    twice = mesh(solids.together(solids.box(), solids.box()[3:4]))
    assert red(render_marked(twice, [facets(12)], 128).png) > 40


def inset_shown(png: bytes) -> bool:
    """Whether a corner holds a framed piece, that nobody can look through."""
    alpha = pixels(png)[..., 3]
    near, far = len(alpha) // 16, -(len(alpha) // 16)
    return any(alpha[row, column] == 255 for row in (near, far) for column in (near, far))


def test_a_single_edge_of_a_large_part_is_seen_in_the_finding_s_picture_and_its_small_copy() -> (
    None
):
    edge = np.array([[[0, 0, 60], [0, 12, 60]]], dtype=np.float32)
    finding = Finding(Code.OPEN_EDGES, Severity.BLOCKS, segments_mm=edge)
    marked = render_marked(mesh(solids.box((100, 80, 60))), [finding]).png
    assert red(marked) > 900
    assert inset_shown(marked)
    # As the page shows it.
    small = Image.open(BytesIO(marked)).resize((144, 144), Image.Resampling.BOX)
    out = BytesIO()
    small.save(out, format="PNG")
    assert red(out.getvalue()) > 50


def test_what_is_plain_to_see_gets_no_inset() -> None:
    assert not inset_shown(render_marked(mesh(solids.box()), [facets(2, 3)]).png)


def test_a_facet_thinner_than_a_pixel_is_seen() -> None:
    sliver = np.array([[[0, 20, 10.01], [90, 20, 10.01], [90, 20.02, 10.01]]], dtype=np.float32)
    part = mesh(solids.together(solids.box((100, 40, 10)), sliver))
    assert red(render_marked(part, [facets(12)]).png) > 1500


def test_beside_marked_edges_facets_are_only_tinted() -> None:
    edge = np.array([[[0, 0, 10], [20, 0, 10]]], dtype=np.float32)
    numbers = np.array([2, 3])
    with_edge = Finding(Code.OPEN_EDGES, Severity.BLOCKS, facets=numbers, segments_mm=edge)
    part = mesh(solids.box())
    assert red(render_marked(part, [with_edge]).png) < red(render_marked(part, [facets(2, 3)]).png)


def specks(count: int) -> Mesh:
    small = [solids.box((0.2, 0.2, 0.2), (50 + 2 * at, 40, 10)) for at in range(count)]
    return mesh(solids.together(solids.box((100, 80, 10)), *small))


def test_a_ring_says_how_many_places_it_holds() -> None:
    def ring(count: int) -> bytes:
        # Too small for a magnified piece, which would differ too.
        return render_marked(specks(count), [facets(*range(12, 12 + 12 * count))], 199).png

    # The badge: digits on the mark's colour, which one place does not get.
    assert red(ring(3)) > red(ring(1)) + 60


def test_rings_count_what_they_hold() -> None:
    at = np.array([100.0, 106.0, 112.0, 300.0])
    places = np.stack((at, at), axis=1)[:, None].repeat(3, axis=1)
    groups = clusters(places, np.zeros(4, dtype=np.bool_), 512)
    assert [ring.places for ring in rings_for(groups, places, 512)] == [3, 1]


def test_before_and_after_stand_side_by_side() -> None:
    picture = before_after(mesh(solids.without(solids.box(), 4, 5)), mesh(solids.box()), 96)
    assert pixels(picture).shape == (96, 192, 4)
    assert red(picture) > 20


@pytest.mark.parametrize(
    "triangles",
    [
        solids.box()[:1],
        solids.box((1e-6, 1e-6, 1e-6)),
        solids.box((999, 999, 999)),
        solids.box()[:2],
        solids.box()[:1][:, [0, 0, 0]],
        solids.box()[:1][:, [0, 0, 1]],
        solids.box() * np.float32(1e-38),
    ],
)
def test_anything_is_drawn_without_warnings(triangles: solids.Triangles) -> None:
    assert render(mesh(triangles), size=48, dimensions=True)
    assert render_marked(mesh(triangles), [facets(0)], 48).png


def test_dimensions_stand_outside_the_part() -> None:
    plain = pixels(render(mesh(solids.box()), size=256, dimensions=True))
    dark = (plain[..., :3].max(axis=2) < 110) & (plain[..., 3] > 230)
    assert dark[:, :60].sum() > 20  # the height, at the left
    assert dark[180:].sum() > 20  # width and depth, below


def test_thumbnails_are_small_copies() -> None:
    picture = render(mesh(solids.box()), size=320)
    copies = thumbnails(picture)
    assert {size: pixels(copy).shape for size, copy in copies.items()} == {
        96: (96, 96, 4),
        320: (320, 320, 4),
    }
    with pytest.raises(ValueError, match="320 px gives no copy of 640"):
        thumbnails(picture, (640,))
