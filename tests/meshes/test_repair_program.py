"""Repair by a separate program: run apart, and judged like any repair."""

import stat
from pathlib import Path

import numpy as np
import pytest

from parts3d.meshes.orient import write_stl
from parts3d.meshes.repair import Done, RepairRefused
from parts3d.meshes.repairing.repair_program import find_program, repair_with_program
from parts3d.sandbox import Limits, ProgramFailed
from tests.meshes.solids import box, mesh, without

BROKEN = mesh(without(box(), 4, 5))


def program(folder: Path, script: str) -> Path:
    path = folder / "repairer"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def writes(folder: Path, data: bytes) -> Path:
    """Make a program that writes these bytes whatever it is given."""
    (folder / "answer").write_bytes(data)
    return program(folder, f'cp "{folder / "answer"}" "$2"')


def test_a_programs_good_result_is_offered(tmp_path: Path) -> None:
    repaired = repair_with_program(BROKEN, writes(tmp_path, write_stl(mesh(box()))))
    assert [step.done for step in repaired.steps] == [Done.BY_PROGRAM]
    assert repaired.after.watertight
    assert repaired.after.volume_mm3 == pytest.approx(6000)


def test_a_programs_other_part_is_refused(tmp_path: Path) -> None:
    larger = write_stl(mesh(box((20, 30, 11))))
    with pytest.raises(RepairRefused, match="volume") as refused:
        repair_with_program(BROKEN, writes(tmp_path, larger))
    assert refused.value.code == "repair_changes_volume"


def test_a_programs_moved_surface_is_refused(tmp_path: Path) -> None:
    moved = box() + np.array([0.1, 0, 0], np.float32)
    with pytest.raises(RepairRefused, match="move the surface") as refused:
        repair_with_program(mesh(box()), writes(tmp_path, write_stl(mesh(moved))))
    assert refused.value.code == "repair_moves_surface"


def test_a_program_that_leaves_it_open_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepairRefused, match="did not succeed"):
        repair_with_program(BROKEN, writes(tmp_path, write_stl(BROKEN)))


@pytest.mark.parametrize("script", ["exit 0", 'echo nonsense > "$2"', 'ln -s /dev/zero "$2"'])
def test_a_program_that_writes_no_mesh_is_refused(tmp_path: Path, script: str) -> None:
    with pytest.raises(RepairRefused, match="wrote no mesh"):
        repair_with_program(BROKEN, program(tmp_path, script))


def test_a_program_that_fails_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match="no licence today"):
        repair_with_program(BROKEN, program(tmp_path, "echo no licence today >&2; exit 3"))


def test_a_program_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match="stopped"):
        repair_with_program(BROKEN, program(tmp_path, "sleep 60"), limits=Limits(wall_seconds=0.3))


def test_the_program_named_by_the_operator_comes_first(tmp_path: Path) -> None:
    assert find_program(tmp_path / "mine") == tmp_path / "mine"
