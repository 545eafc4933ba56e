"""The runner for programs that we do not trust."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from parts3d.sandbox import Limits, ProgramFailed, run

PYTHON = sys.executable


def script(folder: Path, code: str, limits: Limits | None = None) -> str:
    return run([PYTHON, "-I", "-c", code], folder=folder, limits=limits).stdout


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until_gone(pid: int) -> bool:
    until = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not is_running(pid)


def test_a_program_sees_only_a_small_environment_and_its_own_folder(tmp_path: Path) -> None:
    os.environ["PARTS3D_TEST_SECRET"] = "hush"
    try:
        out = script(tmp_path, "import os; print(os.getcwd(), *os.environ)")
    finally:
        del os.environ["PARTS3D_TEST_SECRET"]
    folder, *names = out.split()
    assert folder == str(tmp_path)
    # Python itself adds LC_CTYPE.
    assert set(names) - {"LC_CTYPE"} == {"HOME", "LANG", "PATH", "TMPDIR"}


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        ("import os; os.abort()", "crashed", "SIGABRT"),
        ("import sys; sys.exit('no such pattern')", "refused", "exit code 1: no such pattern"),
        ("while True: pass", "cpu_time", "1 s of CPU time"),
        ("import time; time.sleep(60)", "wall_time", "did not end within 2 s"),
        ("x = bytearray(300_000_000); import time; time.sleep(60)", "memory", "more than 100 MB"),
        (
            (
                "import os; f = os.open('x', os.O_CREAT | os.O_WRONLY)\n"
                "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
                "while True: os.write(f, b'x' * 65536)"
            ),
            "file_size",
            "more than 1 MB",
        ),
    ],
)
def test_a_bad_end_is_said_in_words(tmp_path: Path, code: str, reason: str, words: str) -> None:
    # On a busy machine a second of processor time may take many.
    limits = Limits(
        wall_seconds=2 if reason == "wall_time" else 60,
        cpu_seconds=1,
        rss_bytes=100_000_000,
        file_bytes=1_000_000,
        nice=0,
    )
    with pytest.raises(ProgramFailed, match=words) as failure:
        script(tmp_path, code, limits)
    assert failure.value.reason == reason


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match="slicer cannot be started") as failure:
        run([str(tmp_path / "slicer")], folder=tmp_path)
    assert failure.value.reason == "missing"


def test_children_of_the_program_die_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(p.pid, flush=True)"
    )
    child = int(script(tmp_path, code))
    assert wait_until_gone(child)


def test_the_program_dies_when_we_are_killed(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from parts3d.sandbox import run\n"
        f"run([{PYTHON!r}, '-c', 'import os, time; print(os.getpid(), flush=True);"
        f" time.sleep(60)'], folder=Path({str(tmp_path)!r}))"
    )
    parent = subprocess.Popen([PYTHON, "-c", code], cwd=Path(__file__).parents[1])
    out = tmp_path / ".stdout"
    until = time.monotonic() + 20
    while not (out.is_file() and out.read_text().strip()) and time.monotonic() < until:
        time.sleep(0.02)
    program = int(out.read_text())
    assert is_running(program)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert wait_until_gone(program)


def test_only_the_end_of_a_long_output_is_kept(tmp_path: Path) -> None:
    out = script(tmp_path, "print('x' * 500_000 + 'end')", Limits(kept_output_bytes=1000))
    assert len(out) == 1000
    assert out.endswith("end\n")
