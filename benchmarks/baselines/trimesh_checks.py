"""The baseline: what trimesh needs to know of a mesh what ``topology_ms`` stands for."""


def check(path: str) -> tuple[bool, bool, float, int]:
    """Load; watertight, winding consistent, volume (mm3), number of shells."""
    import trimesh

    mesh = trimesh.load_mesh(path)
    return (
        bool(mesh.is_watertight),
        bool(mesh.is_winding_consistent),
        float(mesh.volume),
        len(mesh.split(only_watertight=False)),
    )
