import json
from io import BytesIO
from typing import Any

import numpy as np
import trimesh

from parts3d.meshes.viewer import MOST_TRIANGLES, viewer_mesh
from tests.meshes import solids
from tests.meshes.solids import mesh


def document(glb: bytes) -> dict[str, Any]:
    assert glb[:4] == b"glTF"
    assert int.from_bytes(glb[8:12], "little") == len(glb)
    length = int.from_bytes(glb[12:16], "little")
    read: dict[str, Any] = json.loads(glb[20 : 20 + length])
    return read


def test_the_viewer_gets_the_part_as_it_is_printed() -> None:
    position = document(viewer_mesh(mesh(solids.box((10, 20, 30))), (90, 0, 0)))["accessors"][0]
    assert np.subtract(position["max"], position["min"]).tolist() == [10, 30, 20]
    assert position["min"][2] == 0
    assert position["count"] == 8


def test_another_reader_finds_the_same_part_in_metres_with_y_up() -> None:
    scene = trimesh.load_scene(BytesIO(viewer_mesh(mesh(solids.torus()))), file_type="glb")
    assert np.allclose(scene.extents, [0.05, 0.01, 0.05], atol=1e-4)
    assert sum(len(part.faces) for part in scene.geometry.values()) == len(solids.torus())


def test_marked_facets_have_a_material_of_their_own() -> None:
    glb = document(viewer_mesh(mesh(solids.box()), marked=np.array([3, 7])))
    assert [material["name"] for material in glb["materials"]] == ["part", "marked"]
    indices = [glb["accessors"][p["indices"]]["count"] for p in glb["meshes"][0]["primitives"]]
    assert indices == [30, 6]


def test_a_large_mesh_is_simplified() -> None:
    part = mesh(solids.torus(260))
    assert len(part.triangles) > MOST_TRIANGLES
    glb = document(viewer_mesh(part))
    assert glb["accessors"][1]["count"] <= 3 * MOST_TRIANGLES * 1.02
    size = np.subtract(glb["accessors"][0]["max"], glb["accessors"][0]["min"])
    assert np.allclose(size, [50, 50, 10], atol=0.1)


def test_a_mesh_without_area_still_gives_a_file() -> None:
    assert document(viewer_mesh(mesh(solids.box()[:1][:, [0, 0, 0]])))
