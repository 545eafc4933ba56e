"""An agent on a disk that is really full, to the last byte: run by ``make test-hosts``.

The disk is a small file system in memory, mounted where only the story's process sees it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hosts.cramped_shop import Seen

_ROOT = Path(__file__).parents[2]
# Room for the reserve and what has to be free beside it, and little more.
_MOUNT = 'mount -t tmpfs -o size=48m,mode=700 tmpfs "$0" && exec "$@"'
_STORY_SECONDS = 120


def on_a_disk_of_its_own(disk: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that sees a small file system at ``disk``; it is gone with the command."""
    disk.mkdir(parents=True, exist_ok=True)
    alone = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    return subprocess.run(
        [*alone, "sh", "-c", _MOUNT, str(disk), *command],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=_STORY_SECONDS,
        check=False,
    )


@pytest.fixture(autouse=True)
def _small_disk(tmp_path: Path) -> None:
    tried = on_a_disk_of_its_own(tmp_path / "tried", "true")
    assert tried.returncode == 0, (
        "Run the tests of hosts as root, or as somebody who may mount in a namespace of his own "
        f"(unshare, of util-linux): {tried.stderr}"
    )


def told(story: str, folder: Path) -> dict[str, Seen]:
    """Let an agent live through a story; return what was seen at each of its moments."""
    child = on_a_disk_of_its_own(
        folder / "data", sys.executable, "-m", "tests.hosts.cramped_shop", story, str(folder)
    )
    assert child.returncode == 0, child.stderr
    seen = json.loads(child.stdout.splitlines()[-1])
    return {moment: Seen(**what) for moment, what in seen.items()}


def test_a_print_is_told_to_its_end_and_nothing_new_starts_until_there_is_room(
    tmp_path: Path,
) -> None:
    seen = told("while it prints", tmp_path)
    assert (seen["full"].first, seen["full"].free_bytes) == ("printing", 0)
    assert seen["printed"].first == "printed"
    # The reserve was given up in time: nothing that had to be written found no room.
    assert seen["printed"].journal_faults == 0
    for moment in ("printed", "started again", "without any room", "started without any room"):
        assert (seen[moment].starts, seen[moment].second_epoch) == (1, 0), moment
        assert "disk is full" in (seen[moment].detail or ""), moment
    for moment in ("without any room", "started without any room"):
        assert seen[moment].free_bytes == 0
    assert seen["room again"].reserve_held
    assert (seen["room again"].starts, seen["room again"].second) == (2, "printed")


@pytest.mark.parametrize(
    ("moment", "heard", "first"),
    [
        ("claim.after", "released", "waiting"),
        ("download.after", "released", "waiting"),
        ("permit.after", "failed", "failed"),
    ],
)
def test_a_disk_that_fills_before_the_start_gives_the_job_back(
    tmp_path: Path, moment: str, heard: str, first: str
) -> None:
    seen = told(moment, tmp_path)
    assert (seen["full"].starts, seen["full"].first) == (0, first)
    assert (seen["full"].heard, seen["full"].journal_faults) == ([heard], 0)
    assert "disk is full" in (seen["full"].detail or "")
    assert seen["room again"].starts == 1


def test_a_print_whose_end_found_no_room_at_all_is_told_once_there_is_some(tmp_path: Path) -> None:
    seen = told("without the reserve", tmp_path)
    # The agent ends rather than go on without a journal, at each start; the print goes on.
    assert seen["without any room"].journal_faults > 0
    assert seen["without any room"].free_bytes == 0
    assert (seen["without any room"].starts, seen["without any room"].heard) == (1, [])
    assert (seen["room again"].first, seen["room again"].heard) == ("printed", ["printed"])
    assert seen["room again"].detail is None
    assert (seen["second printed"].starts, seen["second printed"].second) == (2, "printed")
