import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from parts3d.embedded.processes import ChildSpec, tied
from parts3d.embedded.supervisor import Supervisor
from parts3d.errors import NotFound, Unavailable
from tests.support.processes import is_alive, processes_naming, until

_SLEEPER = (sys.executable, "-ISc", "import time; print('here', flush=True); time.sleep(600)")


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(tmp_path / "logs") as supervisor:
        yield supervisor


def test_a_killed_child_is_started_again_and_only_it(supervisor: Supervisor) -> None:
    supervisor.start(ChildSpec("one", _SLEEPER), ChildSpec("two", _SLEEPER))
    supervisor.wait_ready()
    first, other = supervisor.pid("one"), supervisor.pid("two")
    supervisor.kill("one")
    until(lambda: supervisor.pid("one") not in (None, first), what="a second start")
    assert supervisor.pid("two") == other
    assert (supervisor.starts("one"), supervisor.starts("two")) == (2, 1)


def test_stopping_leaves_no_process_even_where_one_ignores_the_request(
    supervisor: Supervisor,
) -> None:
    deaf = (
        "import signal, time, subprocess, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-ISc', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)"
    )
    log = supervisor.logs_dir / "deaf.log"
    supervisor.start(ChildSpec("deaf", (sys.executable, "-ISc", deaf), stop_seconds=0.3))
    until(lambda: log.exists() and log.read_text().strip(), what="the grandchild's number")
    pids = [supervisor.pid("deaf"), int(log.read_text())]
    supervisor.stop()
    until(lambda: not any(is_alive(pid) for pid in pids if pid), what="the end of both")


def test_a_child_that_never_answers_is_named_with_the_end_of_its_log(
    supervisor: Supervisor,
) -> None:
    supervisor.start(
        ChildSpec(
            "mute",
            (sys.executable, "-ISc", "raise SystemExit('no such printer')"),
            ready=lambda: False,
        )
    )
    with pytest.raises(Unavailable, match=r"(?s)mute did not answer.*no such printer"):
        supervisor.wait_ready(seconds=0.5)


def test_a_program_that_does_not_exist_is_retried_not_fatal(supervisor: Supervisor) -> None:
    supervisor.start(ChildSpec("absent", ("/nonexistent/program",)))
    until(lambda: supervisor.starts("absent") >= 2, what="a second try")


def test_an_unknown_child_is_refused_with_the_known_ones(supervisor: Supervisor) -> None:
    supervisor.start(ChildSpec("one", _SLEEPER))
    with pytest.raises(NotFound, match=r"three.*one"):
        supervisor.kill("three")


def test_a_killed_parent_leaves_nobody_behind_not_even_grandchildren(tmp_path: Path) -> None:
    mark = f"parts3d-orphan-{tmp_path.name}-{os.getpid()}"
    grandchild = (
        "import subprocess, sys, time\n"
        "from parts3d.embedded.processes import tied\n"
        "subprocess.Popen(tied([sys.executable, '-ISc', 'import time; time.sleep(600)']),"
        " start_new_session=True)\n"
        "time.sleep(600)"
    )
    parent = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from parts3d.embedded.processes import ChildSpec\n"
        "from parts3d.embedded.supervisor import Supervisor\n"
        f"supervisor = Supervisor(Path({str(tmp_path)!r}))\n"
        f"supervisor.start(ChildSpec('child', (sys.executable, '-c', {grandchild!r})))\n"
        "time.sleep(600)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", parent],
        env={**os.environ, "PARTS3D_TEST_MARK": mark, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        until(lambda: len(processes_naming(mark)) == 3, what="parent, child and grandchild")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    until(lambda: processes_naming(mark) == [], what="the end of all three")


def test_a_tied_program_that_comes_too_late_does_not_run(tmp_path: Path) -> None:
    command = tied([sys.executable, "-ISc", f"open({str(tmp_path / 'ran')!r}, 'w')"])
    stranger = [*command[:3], "1", *command[4:]]
    assert subprocess.run(stranger, check=False).returncode == 1
    assert not (tmp_path / "ran").exists()
    assert subprocess.run(command, check=False).returncode == 0
    assert (tmp_path / "ran").exists()
