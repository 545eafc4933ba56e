"""Builders of parts: extruded, turned, cut out of each other, and written as files."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from manifold3d import CrossSection, Manifold
from manifold3d import Mesh as SolidMesh

from parts3d.meshes.mesh import Mesh
from parts3d.meshes.orient import write_stl
from tests.meshes import solids
from tests.meshes.solids import Triangles

Solid = Any  # manifold3d.Manifold, which has no types
Profile = list[tuple[float, float]]


def triangles_of(solid: Solid) -> Triangles:
    mesh = solid.to_mesh()
    return np.asarray(mesh.vert_properties[:, :3][mesh.tri_verts], dtype=np.float32)


def solid_of(triangles: Triangles) -> Solid:
    points, rows = np.unique(triangles.reshape(-1, 3), axis=0, return_inverse=True)
    return Manifold(SolidMesh(points, rows.reshape(-1, 3).astype(np.uint32)))


def block(size: Sequence[float], at: Sequence[float] = (0, 0, 0)) -> Solid:
    return Manifold.cube(tuple(size)).translate(tuple(at))


def rod(
    radius: float,
    height: float,
    at: Sequence[float] = (0, 0, 0),
    *,
    steps: int = 32,
    top: float = -1.0,
) -> Solid:
    return Manifold.cylinder(height, radius, top, steps).translate(tuple(at))


def extruded(outline: Profile, height: float, *holes: Profile) -> Solid:
    """An outline in the plane pulled up from z = 0; holes are taken out of it."""
    whole = CrossSection([outline])
    for hole in holes:
        whole -= CrossSection([hole])
    return Manifold.extrude(whole, height)


def turned(profile: Profile, steps: int = 32) -> Solid:
    """A closed profile of (radius, z) about the z axis."""
    return Manifold.revolve(CrossSection([profile]), steps)


def circle(radius: float, steps: int = 32, at: tuple[float, float] = (0, 0)) -> Profile:
    turn = np.arange(steps) / steps * 2 * np.pi
    return [(float(at[0] + radius * np.cos(t)), float(at[1] + radius * np.sin(t))) for t in turn]


def arc(
    centre: tuple[float, float], radius: float, from_deg: float, to_deg: float, steps: int = 8
) -> Profile:
    return [
        (float(centre[0] + radius * np.cos(t)), float(centre[1] + radius * np.sin(t)))
        for t in np.radians(np.linspace(from_deg, to_deg, steps + 1))
    ]


def rectangle(x: float, y: float, width: float, depth: float) -> Profile:
    return [(x, y), (x + width, y), (x + width, y + depth), (x, y + depth)]


def hull(*solids_: Solid) -> Solid:
    return Manifold.batch_hull(list(solids_))


def dome(steps: int = 24, radius: float = 15) -> Triangles:
    """Half a ball on its flat side."""
    turn = np.linspace(0, np.pi / 2, 8)
    profile = [(0.0, 0.0)]
    profile += [(float(radius * np.cos(t)), float(radius * np.sin(t))) for t in turn]
    profile[-1] = (0.0, radius)
    return solids.lathe(profile, steps, closed_ring=False)


def quartered(triangles: Triangles, times: int = 1) -> Triangles:
    """Each facet in four; points in the middles of edges, so that it stays closed."""
    for _ in range(times):
        a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        quarters = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
        triangles = np.concatenate([np.stack(three, axis=1) for three in quarters])
    return triangles


def on_bed(triangles: Triangles) -> Triangles:
    """The lowest corner of the box at the origin."""
    return np.asarray(triangles - triangles.reshape(-1, 3).min(axis=0), dtype=np.float32)


def binary_stl(triangles: Triangles) -> bytes:
    return write_stl(Mesh(np.array(triangles, dtype=np.float32)))


def ascii_stl(triangles: Triangles) -> bytes:
    """As programs write it that lose no bit: nine digits."""
    lines = ["solid part"]
    for facet in triangles.tolist():
        lines += ["facet normal 0 0 0", " outer loop"]
        lines += [f"  vertex {x:.9g} {y:.9g} {z:.9g}" for x, y, z in facet]
        lines += [" endloop", "endfacet"]
    return ("\n".join([*lines, "endsolid part"]) + "\n").encode()
