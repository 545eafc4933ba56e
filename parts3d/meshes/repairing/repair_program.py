"""Repair by a separate program, for what our own steps leave open.

Stronger repairers have licences (AGPL, GPL) under which they cannot be part of this program; an
operator may install one and name it. It is run as ``PROGRAM in.stl out.stl`` in the sandbox, and
what it writes is read and judged like any repair: closed, the surface moved no further than the
material's tolerance, the volume by at most 1 %. This file does input and output; the rules do not.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from parts3d.errors import Unreadable
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.orient import write_stl
from parts3d.meshes.printing import Printing
from parts3d.meshes.reader import read
from parts3d.meshes.repair import Repaired, judge_program
from parts3d.meshes.repairing.done import RepairRefused
from parts3d.sandbox import Limits, run

PROGRAM_NAME = "parts3d-repair-program"
# It may not write more than this for each triangle it was given, and for a small file.
_BYTES_PER_TRIANGLE, _SMALL_FILE_BYTES = 500, 16 * 1024 * 1024


def find_program(named: Path | None = None) -> Path | None:
    """Return the program an operator named, else the one of that name on PATH, else None."""
    if named is not None:
        return named
    found = shutil.which(PROGRAM_NAME)
    return Path(found) if found else None


def repair_with_program(
    mesh: Mesh, program: Path, printing: Printing | None = None, limits: Limits | None = None
) -> Repaired:
    """Let a separate program repair a mesh, and judge the result.

    Args:
        mesh: the mesh, mm.
        program: absolute path of an executable: ``PROGRAM in.stl out.stl``, both binary STL in
            millimetres; exit code 0 when it wrote the second.
        printing: whose ``limits.tolerance_mm`` bounds how far the surface may move.
        limits: what the program may use.

    Raises:
        ProgramFailed: the program is missing, failed, or passed a limit.
        RepairRefused: it wrote nothing readable, or no sound surface within both bounds.
    """
    most_bytes = _SMALL_FILE_BYTES + _BYTES_PER_TRIANGLE * len(mesh.triangles)
    with tempfile.TemporaryDirectory(prefix="parts3d-repair-") as name:
        folder = Path(name)
        # The program's file names are fixed: nothing of a person's goes on its command line.
        source, target = folder / "in.stl", folder / "out.stl"
        source.write_bytes(write_stl(mesh))
        run(
            [str(program), str(source), str(target)],
            folder=folder,
            limits=limits or Limits(file_bytes=most_bytes),
        )
        if target.is_symlink() or not target.is_file() or target.stat().st_size > most_bytes:
            raise _wrote_nothing()
        data = target.read_bytes()
    try:
        made = read(data)
    except Unreadable as refusal:
        raise _wrote_nothing() from refusal
    return judge_program(mesh, Mesh(np.array(made.triangles)), printing)


def _wrote_nothing() -> RepairRefused:
    return RepairRefused(
        "The repair program wrote no mesh that can be read. Close the model in the drawing "
        "program, or install another repair program.",
        code="repair_failed",
    )
