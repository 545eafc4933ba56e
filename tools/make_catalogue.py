"""Make the models and pictures of the project's own parts: ``python -m tools.make_catalogue``.

Each folder ``catalogue/<category>/<part>/`` gets its ``model.stl`` and ``picture.png``; the
manifests ``part.toml`` are written by hand. Running it again gives the same bytes.
"""

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from manifold3d import Manifold
from numpy.typing import NDArray
from stl.mesh import Mesh as StlMesh

from tools.catalogue_models import (
    basket_wheel,
    door_handle,
    furniture_foot,
    gas_coupling,
    hose_latch,
    oven_knob,
    runner_stop,
    shelf_clip,
)

MODELS: dict[str, Callable[[], Manifold]] = {
    "dishwasher/dishwasher-basket-wheel": basket_wheel.build,
    "oven/oven-knob-d-shaft": oven_knob.build,
    "fridge/fridge-shelf-clip": shelf_clip.build,
    "vacuum-cleaner/vacuum-hose-latch": hose_latch.build,
    "furniture/furniture-foot": furniture_foot.build,
    "furniture/drawer-runner-stop": runner_stop.build,
    "hob/gas-hob-coupling": gas_coupling.build,
    "washing-machine/washing-machine-door-handle": door_handle.build,
}
MAX_STL_BYTES = 1_000_000
# Vertices are placed on this grid, so that rounding in a library's last digit changes no byte.
GRID_MM = 1e-3
SIMPLIFY_MM = 2e-3
PICTURE_PIXELS = 640
PICTURE_COLOUR = (58, 124, 165)


class _PlainStl(StlMesh):
    """numpy-stl writes the time into the header; ours is always the same."""

    def get_header(self, name: bytes | str) -> str:
        return f"parts3d {name!s}"[:80].ljust(80)


def finished(solid: Manifold) -> NDArray[np.float64]:
    """Return the triangles of a solid, shape (n, 3, 3), mm: flat on z = 0, in one fixed order.

    Raises:
        ValueError: the solid is not one closed shell.
    """
    mesh = solid.simplify(SIMPLIFY_MM).to_mesh64()
    points = np.asarray(mesh.vert_properties)[:, :3]
    places, names = np.unique(
        np.round(points / GRID_MM).astype(np.int64), axis=0, return_inverse=True
    )
    faces = names.reshape(-1)[np.asarray(mesh.tri_verts, dtype=np.int64)]
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    _require_closed(faces)
    first = np.argmin(faces, axis=1)[:, None]
    faces = np.take_along_axis(faces, (first + np.arange(3)) % 3, axis=1)
    faces = faces[np.lexsort(faces.T[::-1])]
    places[:, 2] -= places[:, 2].min()
    return np.asarray(places[faces] * GRID_MM)


def _require_closed(faces: NDArray[np.int64]) -> None:
    """Each directed edge must be there once, and once the other way round; one shell."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    there = {(int(a), int(b)) for a, b in edges}
    if len(there) != len(edges) or any((b, a) not in there for a, b in there):
        raise ValueError("The model is not closed after rounding to the grid.")
    used, names = np.unique(edges, return_inverse=True)
    a, b = names.reshape(-1, 2).T
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(len(used), len(used)))
    shells = connected_components(graph, directed=False)[0]
    if shells != 1:
        raise ValueError(f"The model has {shells} shells, not one.")


def stl_bytes(solid: Manifold, name: str) -> bytes:
    """Return a binary STL of the solid.

    Raises:
        ValueError: it is not one closed shell, or larger than a megabyte.
    """
    triangles = finished(solid)
    facets = np.zeros(len(triangles), dtype=StlMesh.dtype)
    facets["vectors"] = triangles
    stl = _PlainStl(facets, name=name, remove_empty_areas=False)
    target = io.BytesIO()
    stl.save(f"{name}.stl", fh=target)
    data = target.getvalue()
    if len(data) >= MAX_STL_BYTES:
        raise ValueError(f"{name} has {len(data)} bytes; draw it with fewer segments.")
    return data


def main() -> None:
    """Write the models and pictures that are asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="slugs; all when none is given")
    parser.add_argument("--folder", type=Path, default=Path("catalogue"))
    parser.add_argument("--no-pictures", action="store_true")
    arguments = parser.parse_args()
    for place, build in MODELS.items():
        slug = place.rpartition("/")[2]
        if arguments.parts and slug not in arguments.parts:
            continue
        folder = arguments.folder / place
        folder.mkdir(parents=True, exist_ok=True)
        data = stl_bytes(build(), slug)
        (folder / "model.stl").write_bytes(data)
        if not arguments.no_pictures:
            _draw(data, folder / "picture.png")
        print(f"{place}: {(len(data) - 84) // 50} triangles, {len(data)} bytes")


def _draw(stl: bytes, target: Path) -> None:
    from parts3d.meshes.reader import read
    from parts3d.meshes.render import render

    target.write_bytes(render(read(stl), size=PICTURE_PIXELS, colour=PICTURE_COLOUR))


if __name__ == "__main__":
    main()
