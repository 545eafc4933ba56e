"""What is done for promises at risk."""

from dataclasses import replace
from datetime import datetime, timedelta

from parts3d.points.hours import BRUSSELS, Hours, Unattended
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queued import Queued
from parts3d.promises.rescue import Committed, CommittedState, MoveKind, at_risk, rescue
from parts3d.promises.snapshot import Need, PointSnapshot, PrinterSnapshot

SHOP = Hours.parse("Mo-Sa 09:30-18:30; PH off")
AT_15 = datetime(2026, 11, 24, 15, 0, tzinfo=BRUSSELS)
TIME = PrintTime(90 * 60, 0.08, 0.07)
NEED = Need({"mk3s": TIME}, "PETG")


def job(name: str, promised_at: datetime, minutes: float = 90) -> Queued:
    time = replace(TIME, median_seconds=60 * minutes)
    return Queued(time, name, f"order-{name}", due_at=promised_at, print_times={"mk3s": TIME})


def point(*printers: PrinterSnapshot, id: str = "huy") -> PointSnapshot:  # noqa: A002 - the field's name
    return PointSnapshot(id, SHOP, SHOP, Unattended.FINISH, printers)


def printer(name: str, **state: object) -> PrinterSnapshot:
    return replace(PrinterSnapshot(name, "mk3s", "PETG"), **state)  # type: ignore[arg-type]


def committed(
    name: str,
    promised_at: datetime,
    state: CommittedState = CommittedState.WAITING,
    at: str = "p1",
    *,
    may_leave: bool = False,
) -> Committed:
    return Committed(
        name, f"order-{name}", promised_at, "huy", at, state, NEED, may_leave=may_leave
    )


def test_what_is_safe_is_left_alone() -> None:
    due = AT_15 + timedelta(days=1)
    here = point(printer("p1", waiting=(job("j", due),)))
    assert rescue(AT_15, [here], [committed("j", due)], quantile=0.99) == []
    assert at_risk(AT_15, here, [committed("j", due)]) == []


def test_a_print_whose_printer_broke_goes_to_the_other_one_of_the_point() -> None:
    due = AT_15.replace(hour=18)
    broken = printer("p1", available=False, reason="reports a fault", waiting=(job("j", due),))
    here = point(broken, printer("p2"))
    (move,) = rescue(AT_15, [here], [committed("j", due)], quantile=0.99)
    assert (move.kind, move.to_point_id, move.to_printer_id) == (
        MoveKind.OTHER_PRINTER,
        "huy",
        "p2",
    )
    assert move.kept_before == 0
    assert move.kept_after > 0.9
    assert move.reason["move"] == "other_printer"


def test_a_print_that_runs_and_may_well_fail_gets_a_hedge_while_that_still_helps() -> None:
    due = AT_15.replace(hour=17, minute=30)
    running = job("j", due, minutes=80)
    frail = replace(running, time=replace(running.time, failure_probability=0.4))
    here = point(printer("p1", running=frail), printer("p2"))
    one = committed("j", due, CommittedState.RUNNING)
    (move,) = rescue(AT_15, [here], [one], quantile=0.99)
    assert (move.kind, move.to_printer_id) == (MoveKind.HEDGE, "p2")
    assert move.kept_after > move.kept_before + 0.1
    assert rescue(AT_15, [here], [replace(one, may_hedge=False)], quantile=0.99) == []


def test_where_printers_are_taken_a_second_print_has_to_save_more() -> None:
    due = AT_15.replace(hour=17, minute=30)
    running = job("j", due, minutes=80)
    frail = replace(running, time=replace(running.time, failure_probability=0.4))
    quiet = replace(point(printer("p1", running=frail), printer("p2")), load=0.3)
    one = committed("j", due, CommittedState.RUNNING)
    [move] = rescue(AT_15, [quiet], [one], quantile=0.99)
    assert move.kind is MoveKind.HEDGE
    assert rescue(AT_15, [replace(quiet, load=0.9)], [one], quantile=0.99) == []


def test_the_customer_is_asked_only_where_she_may_be_and_it_helps() -> None:
    due = AT_15.replace(hour=18)
    broken = printer("p1", available=False, waiting=(job("j", due),))
    here, near = point(broken), point(printer("n1"), id="namur")
    stays = committed("j", due)
    asked = committed("j", due, may_leave=True)
    (move,) = rescue(AT_15, [here, near], [asked], quantile=0.99)
    assert (move.kind, move.to_point_id) == (MoveKind.OTHER_POINT, "namur")
    assert move.kept_after > 0.95
    (told,) = rescue(AT_15, [here, near], [stays], quantile=0.99)
    assert (told.kind, told.ready_before) == (MoveKind.TELL, None)


def test_too_late_for_anything_the_customer_is_told_with_the_time_that_can_be_held() -> None:
    due = AT_15.replace(hour=15, minute=30)
    here = point(printer("p1", running=job("j", due, minutes=80)), printer("p2"))
    (move,) = rescue(AT_15, [here], [committed("j", due, CommittedState.RUNNING)], quantile=0.9)
    assert move.kind is MoveKind.TELL
    assert move.ready_before is not None
    assert move.ready_before > due


def test_what_is_late_for_certain_is_still_saved_from_being_late_by_a_night() -> None:
    due = AT_15.replace(hour=15, minute=30)
    running = replace(job("j", due, minutes=80), print_times={"mk3s": TIME})
    here = point(printer("p1", running=running), printer("p2"))
    one = committed("j", due, CommittedState.RUNNING)
    frail = replace(running, time=replace(running.time, failure_probability=0.4))
    there = replace(here, printers=(printer("p1", running=frail), printer("p2")))
    hedge, told = rescue(AT_15, [there], [one], quantile=0.9)
    assert (hedge.kind, hedge.to_printer_id, hedge.kept_after) == (MoveKind.HEDGE, "p2", 0)
    assert told.kind is MoveKind.TELL
    assert told.ready_after == hedge.ready_after


def test_two_prints_at_risk_are_not_both_sent_to_the_same_free_hour() -> None:
    due = AT_15.replace(hour=17, minute=30)
    broken = printer("p1", available=False, waiting=(job("a", due), job("b", due)))
    here = point(broken, printer("p2"))
    moves = rescue(AT_15, [here], [committed("a", due), committed("b", due)], quantile=0.99)
    assert [(move.job_id, move.kind) for move in moves] == [
        ("a", MoveKind.OTHER_PRINTER),
        ("b", MoveKind.OTHER_PRINTER),  # behind it: too late, but today
        ("b", MoveKind.TELL),
    ]


def test_the_same_danger_has_the_same_answer() -> None:
    due = AT_15.replace(hour=18)
    broken = printer("p1", available=False, waiting=(job("j", due),))
    here = point(broken, printer("p2"))
    asked = [committed("j", due)]
    assert rescue(AT_15, [here], asked, quantile=0.99) == rescue(
        AT_15, [here], asked, quantile=0.99
    )
