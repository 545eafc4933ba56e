"""The mesh for the browser's 3D view.

For now a binary STL of the oriented mesh (50 bytes a triangle, read by three.js' ``STLLoader``;
gzip takes about two thirds off). A decimated GLB takes its place when parts grow.
"""

from parts3d.meshes.mesh import Mesh, Vector
from parts3d.meshes.orient import orient, write_stl

MEDIA_TYPE = "model/stl"


def viewer_mesh(mesh: Mesh, orientation_deg: Vector = (0.0, 0.0, 0.0)) -> bytes:
    """Return the viewer's bytes, of ``MEDIA_TYPE``, lying on z = 0 as the part is printed."""
    return write_stl(orient(mesh, orientation_deg))
