"""The agent's disk is full: nothing new starts, and what prints is still told of."""

from pathlib import Path

import pytest

from printer_agents.disk_reserve import LEAST_FREE_BYTES, RESERVE_BYTES, DiskReserve
from printer_agents.errors import JournalFault
from printer_agents.journal import Journal
from tests.agents.shop import GCODE, Shop

FULL = LEAST_FREE_BYTES - 1


def test_on_a_full_disk_a_running_print_is_told_to_its_end_and_nothing_new_starts(
    shop: Shop,
) -> None:
    shop.server.add("job-1", GCODE)
    shop.server.add("job-2", GCODE)
    shop.run_until("printing")
    shop.free_disk_bytes = FULL
    assert shop.run_until("printed") == "printed"
    shop.server.staff_clear("p1")
    shop.run(60)
    assert shop.server.jobs["job-2"].epoch == 0
    assert "disk is full" in (shop.server.printers["p1"].detail or "")
    shop.restart()
    shop.run(60)
    assert shop.starts() == 1
    shop.free_disk_bytes = 1 << 40
    assert shop.run_until("printed", job_id="job-2") == "printed"


@pytest.mark.parametrize("moment", ["claim.after", "download.after", "permit.after"])
def test_a_disk_that_fills_before_the_start_gives_the_job_back(shop: Shop, moment: str) -> None:
    def fill(reached: str) -> None:
        if reached == moment:
            shop.free_disk_bytes = FULL

    shop.server.add("job-1", GCODE)
    shop.restart(fill)
    shop.run(30)
    assert shop.starts() == 0
    assert shop.server.heard[-1].kind.value in {"released", "failed"}
    assert "disk is full" in (shop.server.heard[-1].detail or "")


def test_the_reserve_really_takes_up_its_room(tmp_path: Path) -> None:
    reserve = DiskReserve(tmp_path / "reserve", lambda _folder: 1 << 40)
    assert reserve.held
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= RESERVE_BYTES
    reserve.give_up()
    assert not (tmp_path / "reserve").exists()


def test_a_journal_that_finds_no_room_gives_the_reserve_to_its_next_life(tmp_path: Path) -> None:
    room = [1 << 40]
    path = tmp_path / "journal.sqlite3"
    journal = Journal(path, lambda _folder: room[0])
    journal._db.execute("PRAGMA max_page_count=1")
    with pytest.raises(JournalFault, match="full"), journal.transaction() as db:
        db.execute("CREATE TABLE more AS SELECT zeroblob(1000000)")
    assert not journal.reserve.held
    journal.close()
    room[0] = RESERVE_BYTES
    again = Journal(path, lambda _folder: room[0])
    assert not again.reserve.held
    with again.transaction() as db:
        db.execute("UPDATE meta SET value=value")
    again.close()
