"""How many broken files a repair closes, beside other ways: ``python benchmarks/repair.py CORPUS``.

A file is broken when it is not closed after welding points of equal bits, or when the check finds
what blocks it about its surface. *Closed*: every edge of the result joins as many facets one way
as the other (after the same weld). *Same shape*: box within 1 %, volume within 10 % of the file's
own (with each hole closed by a cone over its rim). pymeshfix (AGPL) is no part of this project:
``--program`` names an executable ``PROGRAM in.stl out.stl`` for a row of its own.
"""

import argparse
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from parts3d.errors import Parts3dError
from parts3d.meshes.measure import measure
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.orient import write_stl
from parts3d.meshes.reader import read
from parts3d.meshes.repair import is_sound, repair
from parts3d.meshes.repairing.closing import begin, try_merging
from parts3d.meshes.repairing.rings import signed_volume_mm3
from parts3d.meshes.repairing.seams import join_points
from parts3d.meshes.repairing.surface import edges_of, surface_of
from parts3d.meshes.topology import WELD_TOLERANCE
from parts3d.sandbox import Limits, run

BOX_SHARE, VOLUME_SHARE = 0.01, 0.10


def ours(mesh: Mesh) -> Mesh | None:
    """Repair by our steps; None where it is refused."""
    try:
        return repair(mesh).mesh
    except Parts3dError:
        return None


def manifold_merge(mesh: Mesh) -> Mesh | None:
    """Join by manifold3d alone."""
    surface, collapsed = surface_of(mesh)
    merged = try_merging(begin(surface, collapsed), 0.0)
    return None if merged is None else merged.surface.mesh()


def trimesh_repair(mesh: Mesh) -> Mesh:
    """Run trimesh's repairs: merge, winding, inversion, holes."""
    import trimesh

    body = trimesh.Trimesh(**trimesh.triangles.to_kwargs(mesh.triangles.astype(np.float64)))  # type: ignore[no-untyped-call]
    body.merge_vertices()
    body.update_faces(body.unique_faces())
    body.update_faces(body.nondegenerate_faces())
    trimesh.repair.fix_normals(body)  # type: ignore[no-untyped-call]
    trimesh.repair.fill_holes(body)
    return Mesh(np.ascontiguousarray(body.triangles.astype(np.float32)))


def by_program(program: Path) -> Callable[[Mesh], Mesh | None]:
    """Repair by a separate program, without our judgement of the result."""

    def repaired(mesh: Mesh) -> Mesh | None:
        import tempfile

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "in.stl").write_bytes(write_stl(mesh))
            out = folder / "out.stl"
            try:
                run(
                    [str(program), str(folder / "in.stl"), str(out)],
                    folder=folder,
                    limits=Limits(wall_seconds=6),
                )
                return read(out.read_bytes())
            except (Parts3dError, OSError):
                return None

    return repaired


def closed(mesh: Mesh) -> bool:
    """Whether no seam is left after an exact weld."""
    surface, _ = surface_of(mesh)
    return len(surface.faces) > 0 and edges_of(surface.faces).closed


def same_shape(mesh: Mesh, other: Mesh) -> bool:
    """Whether box and volume are about the same."""
    before, _ = surface_of(mesh)
    after, _ = surface_of(other)
    box = mesh.upper_mm - mesh.lower_mm
    change = np.abs(other.upper_mm - other.lower_mm - box).max()
    # Rims a hair's breadth apart are one, or the cones over them would not cancel.
    joined, _ = join_points(begin(before, 0).surface, before.diagonal_mm * WELD_TOLERANCE)
    volume = abs(signed_volume_mm3(joined))
    after_volume = abs(signed_volume_mm3(after))
    return bool(
        change <= BOX_SHARE * box.max() and abs(after_volume - volume) <= VOLUME_SHARE * volume
    )


def broken_files(corpus: Path) -> list[Mesh]:
    """Read the corpus and keep what is broken."""
    found = []
    for path in sorted(corpus.rglob("*")):
        if path.suffix.lower() != ".stl":
            continue
        try:
            mesh = read(path.read_bytes())
        except Parts3dError:
            continue
        measures = measure(mesh)
        if len(measures.exact.open_edges) or not is_sound(measures):
            found.append(mesh)
    return found


def main() -> int:
    """Print one row per way of repairing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--program", type=Path, action="append", default=[])
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    meshes = broken_files(chosen.corpus)
    ways: dict[str, Callable[[Mesh], Mesh | None]] = {
        "parts3d repair": ours,
        "manifold3d merge alone": manifold_merge,
        "trimesh.repair": trimesh_repair,
    }
    ways |= {program.name: by_program(program) for program in chosen.program}
    print(f"{len(meshes)} broken files")
    print(f"{'way':28}{'closed':>8}{'closed, same shape':>20}{'median ms':>11}{'worst ms':>10}")
    for name, way in ways.items():
        shut = same = 0
        spent = []
        for mesh in meshes:
            began = perf_counter()
            result = way(mesh)
            spent.append(1000 * (perf_counter() - began))
            if result is not None and closed(result):
                shut += 1
                same += same_shape(mesh, result)
        row = f"{name:28}{shut:>8}{same:>20}{np.median(spent):>11.1f}{max(spent):>10.1f}"
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
