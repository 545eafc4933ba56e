"""Staff pause, resume and cancel from the counter; each wish is carried out and answered once."""

from collections.abc import Callable

import pytest

from printer_agents.errors import JournalFault
from printer_agents.protocol import Command, CommandVerb, PrinterCondition
from tests.agents.shop import GCODE, CrashAt, Shop


def ask(shop: Shop, verb: CommandVerb, number: int = 1) -> None:
    ref = shop.server.jobs["job-1"].ref
    assert ref is not None
    shop.server.commands.append(Command(command_id=f"c{number}", ref=ref, verb=verb))


def answers(shop: Shop) -> list[tuple[str | None, str]]:
    return [(r.command_id, r.kind.value) for r in shop.server.heard if r.command_id]


def test_a_pause_and_a_resume_reach_the_printer_and_are_answered_once(shop: Shop) -> None:
    shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    ask(shop, CommandVerb.PAUSE)
    shop.run(2)
    assert shop.printer().snapshot().condition is PrinterCondition.PAUSED
    shop.run(20)
    ask(shop, CommandVerb.RESUME, 2)
    assert shop.run_until("printed") == "printed"
    assert answers(shop) == [("c1", "obeyed"), ("c2", "obeyed")]


@pytest.mark.parametrize(
    ("verb", "says"),
    [
        (CommandVerb.PAUSE, {PrinterCondition.PAUSED}),
        (CommandVerb.RESUME, {PrinterCondition.PREPARING, PrinterCondition.PRINTING}),
        (CommandVerb.CANCEL, {PrinterCondition.IDLE}),
    ],
)
def test_a_command_needs_one_answer_and_one_step_to_reach_the_printer(
    shop: Shop, verb: CommandVerb, says: set[PrinterCondition]
) -> None:
    """Both follow at once: a long poll ends with the command, and wakes the printer's thread."""
    shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    if verb is CommandVerb.RESUME:
        shop.printer().pause()
    station = shop.agent.stations["p1"]
    station.wake.clear()
    ask(shop, verb)
    shop.agent.claim_step()
    assert station.wake.is_set()
    station.step()
    assert shop.printer().snapshot().condition in says


def test_a_cancel_stops_the_print_and_the_bed_waits_for_staff(shop: Shop) -> None:
    shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    ask(shop, CommandVerb.CANCEL)
    assert shop.run_until("cancelled", "printed") == "cancelled"
    assert answers(shop) == [("c1", "obeyed")]
    assert not shop.agent.around.beds.clear("p1")


def test_a_cancel_before_the_start_ends_the_attempt_without_one(shop: Shop) -> None:
    shop.run(1)
    shop.server.add("job-1", GCODE)
    shop.agent.claim_step()
    shop.control(offline=True)
    shop.run(1)
    ask(shop, CommandVerb.CANCEL)
    shop.run(3)
    shop.control()
    shop.run(5)
    assert answers(shop) == [("c1", "obeyed")]
    assert shop.starts() == 0


def test_a_command_for_a_print_that_has_ended_is_refused_in_words(shop: Shop) -> None:
    shop.server.add("job-1", GCODE)
    shop.run_until("printed")
    ask(shop, CommandVerb.CANCEL)
    shop.run(25)
    assert answers(shop) == [("c1", "disobeyed")]
    assert "had ended" in (shop.server.heard[-1].detail or "")


def test_a_printer_that_does_not_answer_in_time_is_not_commanded_later(shop: Shop) -> None:
    shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    shop.control(offline=True)
    ask(shop, CommandVerb.PAUSE)
    shop.run(60)
    shop.control()
    assert shop.run_until("printed") == "printed"
    assert answers(shop) == [("c1", "disobeyed")]


def test_a_command_whose_answer_was_lost_with_the_agent_is_not_carried_out_twice(
    shop: Shop,
) -> None:
    shop.server.add("job-1", GCODE)
    shop.run_until("printing")
    ask(shop, CommandVerb.PAUSE)
    shop.server.lose["reports"] = 1
    crash = CrashAt("report.before")
    shop.restart(crash)
    while not crash.reached:
        shop.run(1)
    shop.run(5)
    assert [kind for _, kind in answers(shop)] == ["obeyed"]


def test_an_emergency_stop_ends_the_print_and_nothing_starts_before_staff_have_looked(
    shop: Shop,
) -> None:
    shop.server.add("job-1", GCODE)
    shop.server.add("job-2", GCODE)
    shop.run_until("printing")
    shop.agent.stations["p1"].emergency_stop()
    assert shop.run_until("failed", "printed") == "failed"
    shop.run(60)
    assert shop.starts() == 1
    shop.server.staff_clear("p1")
    assert shop.run_until("printed", job_id="job-2") == "printed"


def test_the_button_at_the_printer_clears_the_bed_only_while_nothing_of_ours_lies_there(
    shop: Shop,
) -> None:
    shop.server.add("job-1", GCODE)
    shop.server.add("job-2", GCODE)
    station = shop.agent.stations["p1"]
    shop.run_until("printing")
    assert not station.confirm_bed()
    shop.run_until("printed")
    shop.run(30)
    assert shop.server.bed_clear["p1"] is False
    assert station.confirm_bed()
    assert shop.run_until("printed", job_id="job-2") == "printed"
    # The press was about the first print: after the second, the bed waits again.
    shop.run(60)
    assert not shop.agent.around.beds.clear("p1")
    assert shop.starts() == 2


def test_what_staff_say_is_loaded_counts_more_than_the_configuration(shop: Shop) -> None:
    shop.server.loaded = {"p1": "PETG"}
    shop.server.add("job-1", GCODE, material="PLA")
    shop.server.add("job-2", GCODE, material="PETG")
    assert shop.run_until("printed", job_id="job-2") == "printed"
    shop.restart()
    assert shop.agent.stations["p1"].material == "PETG"
    assert shop.server.jobs["job-1"].epoch == 0


def test_material_changed_after_the_permit_keeps_the_job_from_starting(shop: Shop) -> None:
    def swap(moment: str) -> None:
        if moment == "permit.after":
            shop.agent.around.beds.hear_loaded({"p1": "PETG"})

    shop.restart(swap)
    shop.server.add("job-1", GCODE)
    assert shop.run_until("failed", "printed") == "failed"
    assert shop.starts() == 0


def test_of_two_copies_of_a_card_the_one_without_the_baton_is_refused_in_words(
    open_shop: Callable[..., Shop],
) -> None:
    shop, copy = open_shop(), open_shop()
    shop.run(2)
    copy.agent.close()
    shop.agent.close()
    for name in ("journal.sqlite3", "journal.sqlite3-wal"):
        source = shop.folder / "data" / name
        if source.exists():
            (copy.folder / "data" / name).write_bytes(source.read_bytes())
    copy.config.key_file.write_bytes(shop.config.key_file.read_bytes())
    copy.server = shop.server
    shop.agent = shop.start()
    shop.run(2)
    copy.agent = copy.start()
    shop.server.add("job-1", GCODE)
    with pytest.raises(JournalFault, match="Another copy"):
        copy.run(3)
    assert shop.run_until("printed") == "printed"
    assert (shop.starts(), copy.starts()) == (1, 0)
