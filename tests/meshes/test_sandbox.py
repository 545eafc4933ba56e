import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from parts3d.errors import Unreadable
from parts3d.meshes.findings import Verdict
from parts3d.meshes.orient import write_stl
from parts3d.meshes.reader import Limits
from parts3d.meshes.sandbox import check_in_child
from tests.meshes import solids
from tests.meshes.solids import mesh

BOX = write_stl(mesh(solids.box()))


def test_a_sound_upload_is_reported_on_as_if_it_were_read_here() -> None:
    report = check_in_child(BOX, name="poignée.stl", beds_mm=[(10, 10, 10)])
    assert report.file == "poignée.stl"
    assert report.triangles == 12
    assert report.volume_mm3 == pytest.approx(6000)
    assert report.verdict is Verdict.NOT_PRINTABLE
    assert [finding.code for finding in report.findings] == ["too_large_for_bed"]
    assert "20.0 x 30.0 x 10.0 mm" in report.findings[0].words()


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (BOX[:-1], "truncated", "byte 683, facet 11"),
        (b"", "empty_file", None),
        (b"solid x\n" + b"facet " * 5000, "line_too_long", "line 2"),
    ],
)
def test_a_refusal_comes_through_with_code_and_place(
    data: bytes, code: str, place: str | None
) -> None:
    with pytest.raises(Unreadable) as caught:
        check_in_child(data)
    assert (caught.value.code, caught.value.place) == (code, place)


def test_a_file_over_the_cap_costs_no_process() -> None:
    with pytest.raises(Unreadable, match="at most 100 are read"):
        check_in_child(BOX, limits=Limits(max_bytes=100))


def test_a_child_that_takes_too_long_is_stopped_and_the_refusal_says_so() -> None:
    with pytest.raises(Unreadable, match="took too long") as caught:
        check_in_child(BOX, wall_seconds=0.01)
    assert caught.value.code == "check_took_too_long"


def test_a_child_without_memory_is_an_ordinary_refusal() -> None:
    with pytest.raises(Unreadable) as caught:
        check_in_child(BOX, address_space_bytes=60_000_000)
    assert caught.value.code in {"check_stopped", "check_needs_too_much_memory"}
    assert caught.value.message.endswith(".")


def test_a_mesh_too_large_for_the_childs_memory_is_refused_in_words() -> None:
    large = write_stl(mesh(solids.torus(400)))  # 320,000 triangles
    with pytest.raises(Unreadable) as caught:
        check_in_child(large, address_space_bytes=250_000_000)
    assert caught.value.code in {"check_stopped", "check_needs_too_much_memory"}


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    # A parent that starts a child whose input never ends, says its number, and is killed.
    script = tmp_path / "parent.py"
    script.write_text(
        "import json, os, subprocess, sys\n"
        "orders = dict(parent_pid=os.getpid(), name='x', unit=None, beds_mm=[], max_bytes=1,\n"
        "    max_triangles=1, max_line_bytes=1, cpu_seconds=60, address_space_bytes=2**31)\n"
        "child = subprocess.Popen([sys.executable, '-m', 'parts3d.meshes.child',\n"
        "    json.dumps(orders)], stdin=subprocess.PIPE, stderr=subprocess.PIPE)\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        limits = Path(f"/proc/{child}/limits")
        while "Max core file size        0 " not in limits.read_text():
            assert parent.poll() is None
            time.sleep(0.01)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        while alive(child):  # the suite's time limit ends this if it does not
            time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
