"""Uploads are checked in a child process; this is the way without bubblewrap, forced.

The way with it is tested by ``tests/hosts/test_bubblewrap.py``.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from parts3d.errors import Unreadable
from parts3d.meshes.findings import Verdict
from parts3d.meshes.isolation.sandbox import (
    ChildLimits,
    check_in_child,
    run_in_child,
)
from parts3d.meshes.reader import Limits
from parts3d.meshes.report import FileReport
from tests.meshes import solids
from tests.meshes.hostile.errands import LEAVE, Attempt
from tests.meshes.hostile.isolation import ROOT, attempt


def stl(triangles: NDArray[np.float32]) -> bytes:
    facets = np.zeros(len(triangles), [("n", "<f4", 3), ("c", "<f4", (3, 3)), ("a", "<u2")])
    facets["c"] = triangles
    return bytes(80) + len(triangles).to_bytes(4, "little") + facets.tobytes()


BOX = stl(solids.box())


def check(data: bytes, **more: object) -> FileReport:
    return check_in_child(data, isolation="process", **more)  # type: ignore[arg-type]


def test_a_sound_upload_is_reported_on_as_if_it_were_read_here() -> None:
    stages: list[str] = []
    report = check(BOX, name="poignée.stl", beds_mm=[(10, 10, 10)], on_stage=stages.append)
    assert report.file == "poignée.stl"
    assert report.triangles == 12
    assert report.volume_mm3 == pytest.approx(6000)
    assert report.verdict is Verdict.NOT_PRINTABLE
    assert "too_large_for_bed" in [finding.code for finding in report.findings]
    assert stages[:2] == ["reading", "measuring"]


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
        check(data)
    assert (caught.value.code, caught.value.place) == (code, place)


def test_a_file_over_the_cap_costs_no_process() -> None:
    with pytest.raises(Unreadable, match="at most 100 are read"):
        check(BOX, limits=Limits(max_bytes=100))


@pytest.mark.parametrize(
    ("what", "path", "limits", "code", "words"),
    [
        ("sleep", "", ChildLimits(wall_seconds=1.5), "check_took_too_long", "after 1.5 s"),
        ("processor", "", ChildLimits(cpu_seconds=1), "check_took_too_long", "processor time"),
        ("memory", "", ChildLimits(), "check_needs_too_much_memory", "more memory"),
        (
            "mapped memory",
            "300000000",
            ChildLimits(resident_bytes=200_000_000),
            "check_needs_too_much_memory",
            "more memory",
        ),
        ("die", str(int(signal.SIGSEGV)), ChildLimits(), "check_stopped", "stopped halfway"),
        ("raise", "", ChildLimits(), "check_stopped", "stopped halfway"),
    ],
)
def test_a_killed_child_is_a_refusal_that_names_the_limit(
    what: str, path: str, limits: ChildLimits, code: str, words: str
) -> None:
    with pytest.raises(Unreadable, match=words) as caught:
        attempt(what, "process", path=path, limits=limits)
    assert caught.value.code == code


def test_the_childs_last_words_are_kept_for_the_log() -> None:
    with pytest.raises(Unreadable) as caught:
        attempt("raise", "process")
    assert "LookupError: a fault of ours" in str(caught.value.__cause__)


@pytest.mark.parametrize("what", ["network", "program", "fork", "kill the parent"])
def test_what_a_check_never_needs_is_refused_by_the_kernel(what: str) -> None:
    assert attempt(what, "process") == "refused: PermissionError"


def test_a_child_may_have_threads() -> None:
    assert attempt("thread", "process") == "a thread ran"


def test_the_filter_holds_in_the_process_that_sets_it_and_not_in_this_one() -> None:
    code = (
        "from parts3d.meshes.isolation import system_calls\n"
        "refuse = system_calls.refuse_what_a_check_never_needs\n"
        "import os\n"
        "assert refuse()\n"
        "try: os.fork()\n"
        "except PermissionError: print('refused')\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout == "refused\n"


def test_the_child_has_next_to_no_environment() -> None:
    os.environ["PARTS3D_TEST_SECRET"] = "hush"
    try:
        said = attempt("environment", "process")
    finally:
        del os.environ["PARTS3D_TEST_SECRET"]
    assert set(said.split()) - {"LC_CTYPE"} == {
        *("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "HOME", "TMPDIR", "NUMBA_CACHE_DIR", "LANG"),
        *("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"),
    }


def test_what_a_library_prints_is_no_stage() -> None:
    assert attempt("print", "process") == "printed"


def leave(what: str, path: str = "", data: bytes = b"png") -> dict[str, bytes]:
    result = run_in_child(
        LEAVE, Attempt(what=what, path=path), data, isolation="process", visible=[ROOT]
    )
    return dict(result.files)


def test_files_come_back_by_the_names_that_were_agreed() -> None:
    assert leave("as agreed") == {"picture.png": b"png"}
    assert leave("a stray file") == {}


def test_no_file_is_taken_that_is_too_large_a_link_or_a_pipe(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush")
    assert leave("too large") == {}
    assert leave("a link", str(secret)) == {}
    assert leave("a pipe") == {}


@pytest.mark.parametrize("what", ["another name", "a wrong answer"])
def test_an_answer_that_breaks_the_agreement_is_a_refusal(what: str) -> None:
    with pytest.raises(Unreadable) as caught:
        leave(what)
    assert caught.value.code == "check_stopped"


def test_a_listener_that_fails_ends_the_child_and_is_heard() -> None:
    def listener(stage: str) -> None:
        raise LookupError(stage)

    with pytest.raises(LookupError, match="reading"):
        check(BOX, on_stage=listener)


def test_bubblewrap_asked_for_where_it_does_not_work_is_said_in_words() -> None:
    code = (
        "from parts3d.errors import Unavailable\n"
        "from parts3d.meshes.isolation.sandbox import bubblewrap_works, check_in_child\n"
        "assert not bubblewrap_works()\n"
        "try: check_in_child(b'x', isolation='bubblewrap')\n"
        "except Unavailable as refused: print(refused.message)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Install it (Debian: apt install bubblewrap)" in said.stdout


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "from tests.meshes.hostile.isolation import attempt\n"
        f"attempt('sleep', 'process', path={str(tmp_path / 'pid')!r})\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    with subprocess.Popen([sys.executable, str(script)], env=environment) as parent:
        children: list[str] = []
        listed = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        while not children or "Max core file size        0 " not in limits_of(children[0]):
            assert parent.poll() is None
            children = listed.read_text().split()
            time.sleep(0.01)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        while alive(int(children[0])):  # the suite's time limit ends this if it does not
            time.sleep(0.01)


def limits_of(pid: str) -> str:
    return Path(f"/proc/{pid}/limits").read_text()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
