"""The agent is killed at every point of an attempt and started again."""

from collections.abc import Callable

import pytest

from tests.agents.shop import GCODE, CrashAt, Shop

STEPS = ["claim", "download", "verify", "permit", "starting", "start", "printing", "report"]
KILL_POINTS = [f"{step}.{side}" for step in STEPS for side in ("before", "after")]


@pytest.mark.parametrize("moment", KILL_POINTS)
def test_killed_anywhere_the_job_is_printed_by_exactly_one_start(shop: Shop, moment: str) -> None:
    shop.server.add("job-1", GCODE)
    crash = CrashAt(moment)
    shop.restart(crash)
    assert shop.run_until("printed", "needs_human", "failed") == "printed"
    assert crash.reached
    assert shop.starts() == 1


@pytest.mark.parametrize("moment", KILL_POINTS)
def test_killed_while_the_server_goes_away_nothing_is_lost_or_doubled(
    shop: Shop, moment: str
) -> None:
    shop.server.add("job-1", GCODE)
    crash = CrashAt(moment)
    shop.restart(crash)
    while not crash.reached:
        shop.run(1)
    shop.server.down = True
    shop.run(100)
    shop.server.down = False
    assert shop.run_until("printed", "needs_human", "failed") == "printed"
    assert shop.starts() == 1


@pytest.mark.parametrize("moment", ["starting.after", "start.before", "start.after"])
def test_a_printer_that_restarted_during_the_start_needs_a_person(shop: Shop, moment: str) -> None:
    shop.server.add("job-1", GCODE)
    crash = CrashAt(moment)
    shop.restart(crash)
    while not crash.reached:
        shop.run(1)
        if crash.reached:
            shop.control(reboot=True)
    assert shop.run_until("printed", "needs_human", "failed") == "needs_human"
    before = shop.starts()
    shop.run(100)
    assert shop.starts() == before <= 1
    assert "Look at the printer" in (shop.server.heard[-1].detail or "")


def test_a_start_whose_answer_is_lost_is_found_by_its_file_name(shop: Shop) -> None:
    shop.control(lose_start_answer=True)
    shop.server.add("job-1", GCODE)
    assert shop.run_until("printed", "needs_human", "failed") == "printed"
    assert shop.starts() == 1


def test_a_start_that_provably_did_nothing_asks_the_permit_again(shop: Shop) -> None:
    shop.control(ignore_start=True)
    shop.server.add("job-1", GCODE)
    assert shop.run_until("printed", "needs_human", "failed") == "printed"
    assert shop.starts() == 1
    assert shop.server.kinds().count("starting") == 2


def test_a_lost_journal_finds_its_running_print_at_the_printer(shop: Shop) -> None:
    shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    shop.agent.close()
    for file in (shop.folder / "data").glob("journal*"):
        file.unlink()
    shop.agent = shop.start()
    assert shop.run_until("printed", "needs_human", "failed") == "printed"
    assert shop.starts() == 1


def test_a_lost_journal_and_a_printer_that_forgot_need_a_person(shop: Shop) -> None:
    shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    shop.agent.close()
    for file in (shop.folder / "data").glob("journal*"):
        file.unlink()
    shop.control(reboot=True)
    shop.agent = shop.start()
    assert shop.run_until("printed", "needs_human", "failed") == "needs_human"


def test_an_old_copy_of_the_journal_starts_nothing(shop: Shop) -> None:
    journal = shop.folder / "data" / "journal.sqlite3"
    shop.run(2)
    shop.agent.close()
    old = journal.read_bytes()
    shop.agent = shop.start()
    shop.server.add("job-1", GCODE)
    shop.run_until("printed")
    shop.agent.close()
    journal.write_bytes(old)
    shop.server.staff_clear("p1")
    shop.server.add("job-2", GCODE)
    shop.agent = shop.start()
    with pytest.raises(Exception, match="old copy"):
        shop.run(5)
    assert shop.starts() == 1


def test_a_second_agent_on_the_same_folder_is_refused(
    open_shop: Callable[..., Shop],
) -> None:
    shop = open_shop()
    with pytest.raises(Exception, match="another agent already runs"):
        shop.start()
