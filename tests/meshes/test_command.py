"""``parts3d check``, called as typer calls it."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from parts3d.cli.check import check
from parts3d.meshes.orient import write_stl
from tests.meshes import models, solids
from tests.meshes.solids import mesh

PLACES = ["measured", "limit", "facets", "box_mm"]
FIELDS = [
    "file",
    "sha256",
    "format",
    "triangles",
    "bounds_mm",
    "volume_mm3",
    "area_mm2",
    "watertight",
    "shells",
    "findings",
    "verdict",
    "topology_ms",
    "elapsed_ms",
    "peak_memory_mb",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "good.stl").write_bytes(write_stl(mesh(solids.box())))
    (tmp_path / "sub" / "HOLE.STL").write_bytes(write_stl(mesh(solids.without(solids.box(), 4))))
    (tmp_path / "notes.txt").write_text("no model")
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    app = typer.Typer()
    app.command()(check)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def run_json(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    code, out, _ = run(*arguments, "--json")
    return code, json.loads(out)


def test_a_sound_file_has_every_field_in_order_and_exit_code_0(folder: Path) -> None:
    path = folder / "good.stl"
    code, (entry,) = run_json(str(path))
    assert code == 0
    assert list(entry) == FIELDS
    assert entry["file"] == str(path)
    assert entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert entry["format"] == "stl_binary"
    assert entry["bounds_mm"] == [20, 30, 10]
    assert entry["volume_mm3"] == pytest.approx(6000)
    assert entry["area_mm2"] == pytest.approx(2200)
    assert (entry["triangles"], entry["watertight"], entry["shells"]) == (12, True, 1)
    assert (entry["findings"], entry["verdict"]) == ([], "printable")
    assert 0 < entry["topology_ms"] <= entry["elapsed_ms"]
    assert entry["peak_memory_mb"] > 10


def test_a_folder_is_searched_whatever_the_case_and_the_worst_file_decides(folder: Path) -> None:
    code, entries = run_json(str(folder))
    assert code == 1
    assert [(Path(e["file"]).name, e["verdict"]) for e in entries] == [
        ("good.stl", "printable"),
        ("HOLE.STL", "repairable"),
    ]
    assert list(entries[1]["findings"][0]) == ["code", "severity", "count", "message", *PLACES]
    assert entries[1]["findings"][0]["count"] == 3


def test_an_unreadable_file_has_an_entry_with_nulls_and_exit_code_2(folder: Path) -> None:
    bad = folder / "cut.stl"
    bad.write_bytes(write_stl(mesh(solids.box()))[:200])
    code, entries = run_json(str(folder / "good.stl"), str(bad), str(folder / "missing.stl"))
    assert code == 2
    assert [entry["verdict"] for entry in entries] == ["printable", "unreadable", "unreadable"]
    assert entries[1]["findings"][0]["code"] == "truncated"
    assert entries[1]["sha256"] == hashlib.sha256(bad.read_bytes()).hexdigest()
    assert [entries[1][name] for name in FIELDS[2:9]] == [None] * 7
    assert entries[2]["findings"][0]["code"] == "no_such_file"


def test_a_pattern_is_filled_in_and_a_file_named_twice_is_checked_once(folder: Path) -> None:
    code, entries = run_json(str(folder / "g*.stl"), str(folder / "good.stl"))
    assert code == 0
    assert len(entries) == 1


def test_a_device_or_pipe_is_never_read() -> None:
    code, entries = run_json("/dev/zero")
    assert code == 2
    assert entries[0]["findings"][0]["code"] == "no_such_file"


def test_the_unit_scales_and_silences_the_doubt(folder: Path) -> None:
    small = folder / "inch.stl"
    small.write_bytes(write_stl(mesh(solids.box((1, 2, 1)))))
    assert run_json(str(small))[1][0]["findings"][0]["code"] == "looks_like_inches"
    _, (entry,) = run_json(str(small), "--unit", "inch")
    assert entry["bounds_mm"] == pytest.approx([25.4, 50.8, 25.4])
    assert entry["findings"] == []


def test_files_are_checked_side_by_side_in_no_copy_of_this_process(folder: Path) -> None:
    # A copy of a process with threads may wait for ever for a lock that one of them held.
    copies: list[int] = []
    watching = [True]
    os.register_at_fork(before=lambda: copies.append(os.getpid()) if watching else None)
    found = run_json(str(folder), "--jobs", "2")[1]
    watching.clear()
    assert len(found) == 2
    assert copies == []


def test_people_get_a_table_with_the_sentences(folder: Path) -> None:
    code, out, _ = run(str(folder))
    assert code == 1
    for word in ("good.stl", "HOLE.STL", "printable", "repairable", "holes"):
        assert word in " ".join(out.split())


def test_nothing_to_check_is_said_and_no_success(tmp_path: Path) -> None:
    code, _, err = run(str(tmp_path))
    assert code == 2
    assert "No model file was found" in err


def test_an_unknown_material_is_refused(folder: Path) -> None:
    assert run(str(folder), "--material", "cheese")[0] == 2


def test_a_repaired_copy_is_written_and_the_file_itself_is_kept(folder: Path) -> None:
    broken, copy = folder / "sub" / "HOLE.STL", folder / "mended.stl"
    before = broken.read_bytes()
    code, (entry,) = run_json(str(broken), "--repair", str(copy))
    assert code == 1
    assert entry["repair"]["written"] == str(copy)
    assert entry["repair"]["sha256"] == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert entry["repair"]["steps"] == ["1 hole was filled."]
    assert entry["repair"]["volume_mm3"] == pytest.approx(6000)
    assert broken.read_bytes() == before
    assert run_json(str(copy))[1][0]["verdict"] == "printable"


def test_a_repair_never_overwrites_what_is_checked(folder: Path) -> None:
    broken = folder / "sub" / "HOLE.STL"
    before = broken.read_bytes()
    code, _, err = run(str(broken), "--repair", str(broken))
    assert code == 2
    assert "it is kept as it is" in err
    assert broken.read_bytes() == before


def test_pictures_of_several_files_go_to_a_folder_with_what_they_mark(folder: Path) -> None:
    out = folder / "pictures"
    _, entries = run_json(str(folder), "--picture", str(out))
    assert [entry["picture"]["marked"] for entry in entries] == [[], ["open_edges"]]
    for entry in entries:
        assert Path(entry["picture"]["written"]).read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in out.iterdir()) == ["HOLE.png", "good.png"]


def test_a_file_that_cannot_be_read_has_neither_copy_nor_picture_but_is_told(folder: Path) -> None:
    bad = folder / "cut.stl"
    bad.write_bytes(b"solid")
    code, (entry,) = run_json(str(bad), "--repair", str(folder / "a.stl"))
    assert code == 2
    assert entry["repair"]["written"] is None
    assert not (folder / "a.stl").exists()


def test_3mf_and_obj_are_found_in_folders_and_checked(tmp_path: Path) -> None:
    (tmp_path / "box.obj").write_bytes(models.obj(solids.box()))
    (tmp_path / "box.3MF").write_bytes(models.three_mf(solids.box()))
    code, entries = run_json(str(tmp_path))
    assert code == 0
    assert [entry["format"] for entry in entries] == ["3mf", "obj"]
    assert [entry["volume_mm3"] for entry in entries] == pytest.approx([6000, 6000])


def test_a_step_file_is_read_by_a_child(tmp_path: Path) -> None:
    path = tmp_path / "box.step"
    path.write_bytes(models.step_box())
    code, (entry,) = run_json(str(path))
    assert (code, entry["format"], entry["verdict"]) == (0, "step", "printable")


def test_the_sentences_of_the_table_come_in_the_language_asked_for(folder: Path) -> None:
    _, out, _ = run(str(folder / "sub"), "--language", "nl")
    assert "gaten" in out
