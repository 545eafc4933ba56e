"""The child inside bubblewrap, where it is installed: run by ``make test-hosts``."""

import os
from pathlib import Path

import pytest

from parts3d.errors import Unreadable
from parts3d.meshes.isolation.sandbox import ChildLimits, bubblewrap_works, check_in_child
from tests.meshes.hostile.isolation import attempt
from tests.meshes.test_sandbox import BOX


@pytest.fixture(autouse=True)
def _bubblewrap() -> None:
    assert bubblewrap_works(), "Install bubblewrap to run the tests of hosts."


def test_a_sound_upload_is_reported_on_with_its_stages() -> None:
    stages: list[str] = []
    report = check_in_child(BOX, isolation="bubblewrap", on_stage=stages.append)
    assert report.triangles == 12
    assert stages[:2] == ["reading", "measuring"]


def test_no_file_of_ours_can_be_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush")
    for path in (str(secret), "/etc/passwd", "/proc/1/root/etc/passwd"):
        assert attempt("read", "bubblewrap", path=path) == "refused: FileNotFoundError"


def test_nothing_outside_its_folder_can_be_written() -> None:
    inside = Path(__file__).parents[2] / "parts3d" / "written_by_a_test"
    assert attempt("write", "bubblewrap", path=str(inside)) == "refused: OSError"
    assert not inside.exists()


@pytest.mark.parametrize("what", ["network", "program", "fork", "kill the parent"])
def test_what_a_check_never_needs_is_refused(what: str) -> None:
    assert attempt(what, "bubblewrap").startswith("refused: ")


def test_our_environment_is_nowhere_to_be_found() -> None:
    os.environ["PARTS3D_TEST_SECRET"] = "hush"
    try:
        said = attempt("environment of all", "bubblewrap")
    finally:
        del os.environ["PARTS3D_TEST_SECRET"]
    assert "PYTHONPATH" in said
    assert "hush" not in said


@pytest.mark.parametrize(
    ("what", "path", "limits", "words"),
    [
        ("sleep", "", ChildLimits(wall_seconds=1.5), "after 1.5 s"),
        ("processor", "", ChildLimits(cpu_seconds=1), "processor time"),
        ("memory", "", ChildLimits(), "more memory"),
        ("mapped memory", "300000000", ChildLimits(resident_bytes=200_000_000), "more memory"),
        ("raise", "", ChildLimits(), "stopped halfway"),
    ],
)
def test_a_killed_child_is_a_refusal_that_names_the_limit(
    what: str, path: str, limits: ChildLimits, words: str
) -> None:
    with pytest.raises(Unreadable, match=words):
        attempt(what, "bubblewrap", path=path, limits=limits)
