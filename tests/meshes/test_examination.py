"""All that a maintainer is told of an upload, by the child."""

from parts3d.meshes.examination import (
    BEFORE_AFTER,
    EXAMINE,
    FILES,
    MODEL,
    PICTURE,
    REPAIRED,
    ExaminationOrders,
    marks_name,
)
from parts3d.meshes.findings import Code, Verdict
from parts3d.meshes.isolation.sandbox import run_in_child
from parts3d.meshes.orient import write_stl
from parts3d.meshes.reader import read
from tests.meshes import models, solids
from tests.meshes.solids import mesh

ORDERS = ExaminationOrders(beds_mm=((250.0, 210.0, 210.0),))
TORN = write_stl(mesh(solids.without(solids.box(), 4)))


def test_a_torn_box_comes_with_its_hole_marked_and_a_repair_to_take() -> None:
    stages: list[str] = []
    result = run_in_child(EXAMINE, ORDERS, TORN, on_stage=stages.append)
    told = result.answer
    assert told.report.verdict is Verdict.REPAIRABLE
    assert Code.OPEN_EDGES in told.marked
    assert result.files[marks_name(Code.OPEN_EDGES)].startswith(b"\x89PNG")
    assert told.repair is not None
    assert [step.words("nl") for step in told.repair.steps] == ["1 gat is gevuld."]
    assert told.repair.after.verdict is Verdict.PRINTABLE
    assert result.files[BEFORE_AFTER].startswith(b"\x89PNG")
    assert len(read(result.files[REPAIRED]).triangles) == 12
    assert stages[0] == "reading"
    assert stages[-1] == "repair"


def test_poses_come_best_first_each_with_its_picture_and_the_files_own_among_them() -> None:
    tall = write_stl(mesh(solids.box((10, 20, 60))))
    result = run_in_child(EXAMINE, ORDERS, tall)
    poses = result.answer.poses
    assert poses[0].height_mm == 10
    assert sum(pose.as_it_is for pose in poses) == 1
    assert all(result.files[pose.picture].startswith(b"\x89PNG") for pose in poses)
    assert (result.answer.repair, result.answer.repair_refused) == (None, None)


def test_a_mesh_that_cannot_be_mended_is_told_why_and_nothing_is_offered() -> None:
    torn = write_stl(mesh(solids.without(solids.torus(), *range(200))))
    told = run_in_child(EXAMINE, ORDERS, torn).answer
    assert told.repair is None
    assert "drawing program" in (told.repair_refused or "")


def test_what_is_no_stl_comes_back_as_one_of_ours() -> None:
    result = run_in_child(EXAMINE, ORDERS, models.three_mf(solids.box(), "millimeter"))
    assert result.answer.model_kept
    assert read(result.files[MODEL]).format == "stl_binary"
    assert PICTURE in result.files


def test_every_file_that_may_come_back_has_a_bound() -> None:
    assert {marks_name(code) for code in Code} < set(FILES)
    assert max(FILES.values()) <= 80_000_000
