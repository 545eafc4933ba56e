"""The journal on a bad day: torn, full, restored, and bounded."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from printer_agents.errors import JournalFault
from printer_agents.journal import Journal
from printer_agents.protocol import ReportKind
from printer_agents.records import Event
from tests.agents.shop import GCODE, Shop

EIGHT_HOURS_SECONDS = 8 * 3_600
DAY_SECONDS = 86_400.0


def tear(path: Path, bytes_torn: int) -> None:
    """Cut the end off a file, as a power cut does to what was being written."""
    with path.open("r+b") as file:
        file.truncate(max(path.stat().st_size - bytes_torn, 0))


@pytest.mark.parametrize("bytes_torn", [1, 700, 4_200, 9_000])
def test_a_torn_write_ahead_log_costs_lines_but_never_a_second_start(
    shop: Shop, bytes_torn: int
) -> None:
    shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    folder = shop.folder / "data"
    # As a power cut leaves it: the log is not folded into the file.
    saved = {p.name: p.read_bytes() for p in folder.glob("journal.sqlite3*")}
    shop.agent.close()
    for name, content in saved.items():
        (folder / name).write_bytes(content)
    (folder / "journal.sqlite3-shm").unlink(missing_ok=True)
    tear(folder / "journal.sqlite3-wal", bytes_torn)
    shop.agent = shop.start()
    try:
        shop.run(100)
    except JournalFault as fault:
        # Lines that the server has heard of are gone: a person looks.
        assert "older journal" in str(fault) or "old copy" in str(fault)  # noqa: PT017
    else:
        assert shop.server.jobs["job-1"].status in {"printed", "needs_human"}
    assert shop.starts() == 1


def test_a_journal_with_torn_pages_is_refused_in_words(shop: Shop) -> None:
    shop.server.add("job-1", GCODE)
    shop.run_until("printed")
    shop.agent.close()
    path = shop.folder / "data" / "journal.sqlite3"
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * 6_000)
    with pytest.raises(JournalFault, match="Nothing is started without a journal"):
        shop.start()
    path.unlink()
    shop.agent = shop.start()


_FULL = """
import resource, signal, sys
from pathlib import Path
from printer_agents.errors import JournalFault
from printer_agents.journal import Journal
from printer_agents.protocol import AttemptRef, ReportKind
from printer_agents.records import AttemptState, Event
journal = Journal(Path(sys.argv[1]))
ref = AttemptRef(job_id="j", attempt=1, epoch=1, printer_id="p1", agent_generation=1,
                 gcode_sha256="0" * 64)
journal.add(ref, None, AttemptState.PERMITTED)
attempt = journal.alive("p1")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = Path(sys.argv[1] + "-wal").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    journal.begin_start(attempt, "s", 0)
except JournalFault as fault:
    print(fault)
    print(journal.alive("p1").state)
"""


def test_on_a_full_disk_no_start_is_journalled(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path / "journal.sqlite3")],
        capture_output=True,
        text=True,
        check=True,
    )
    words = done.stdout.splitlines()
    assert "cannot be written" in words[0]
    assert words[-1] == "permitted"


def test_an_agent_whose_disk_takes_nothing_starts_nothing_and_goes_on_when_it_does(
    shop: Shop,
) -> None:
    shop.run(1)
    shop.server.add("job-1", GCODE)
    shop.agent.claim_step()
    shop.agent.journal._db.execute("PRAGMA query_only=ON")
    with pytest.raises(JournalFault, match="cannot be written"):
        shop.run(30)
    assert shop.starts() == 0
    shop.agent.close()
    shop.agent = shop.start()
    assert shop.run_until("printed") == "printed"
    assert shop.starts() == 1


def test_a_flapping_printer_offline_for_hours_does_not_fill_the_disk(shop: Shop) -> None:
    shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    attempt = shop.agent.journal.alive("p1")
    assert attempt is not None
    for number in range(2_000):
        kind = ReportKind.PAUSED if number % 2 else ReportKind.PRINTING
        shop.agent.journal.report(attempt, Event(kind, progress=0.5))
    assert len(shop.agent.journal.waiting_reports(5_000)) < 300
    assert shop.run_until("printed") == "printed"
    seqs = [report.event_seq for report in shop.server.heard]
    assert seqs == sorted(set(seqs))


def test_a_journal_gives_back_what_it_no_longer_needs(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    journal = Journal(path)
    for number in range(3_000):
        with journal.transaction() as db:
            db.execute("INSERT INTO loaded VALUES (?, ?)", (f"f{number}", "x" * 500))
    with journal.transaction() as db:
        db.execute("DELETE FROM loaded")
    journal.close()
    before = path.stat().st_size
    Journal(path).close()
    assert path.stat().st_size < before / 4


def test_offline_for_eight_hours_in_mid_print_it_prints_on_and_tells_all_once_in_order(
    open_shop: Callable[..., Shop],
) -> None:
    shop = open_shop()
    # Eight hours of waiting, and some plastic.
    long_print = GCODE + b"G4 S%d\n" % EIGHT_HOURS_SECONDS + GCODE
    shop.server.add("job-1", long_print)
    shop.run_until("printing")
    shop.server.down = True
    for _ in range(EIGHT_HOURS_SECONDS // 120):
        shop.now += 119
        shop.run(1)
    shop.now += 600
    shop.run(20)
    assert shop.agent.journal.alive("p1") is None
    assert shop.server.jobs["job-1"].status == "printing"
    shop.server.down = False
    assert shop.run_until("printed") == "printed"
    seqs = [report.event_seq for report in shop.server.heard]
    assert seqs == sorted(set(seqs))
    assert shop.server.kinds()[-1] == "printed"
    assert (shop.server.heard[-1].printed_seconds or 0) > EIGHT_HOURS_SECONDS
    assert shop.starts() == 1


@pytest.mark.parametrize("jump", [-DAY_SECONDS, DAY_SECONDS])
@pytest.mark.parametrize("rounds", [0, 2, 6])
def test_a_clock_that_jumps_by_a_day_changes_nothing(shop: Shop, jump: float, rounds: int) -> None:
    wrong = [0.0]
    true_clock = shop.clock
    shop.agent.around.clock = lambda: true_clock() + wrong[0]
    for station in shop.agent.stations.values():
        station.backoff._clock = shop.agent.around.clock
    shop.server.add("job-1", GCODE)
    shop.run(rounds)
    wrong[0] = jump
    assert shop.run_until("printed") == "printed"
    assert shop.starts() == 1
