"""Two prints at once, where only that allows a promise for today."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from parts3d.db import Database
from parts3d.jobs.keeping.tables import Rescue, RescueKind
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.points.hours import Hours, Unattended
from parts3d.points.tables import Unattended as Rule
from parts3d.promises.decision_tables import PromiseDecision
from parts3d.promises.decisions import replay
from parts3d.promises.plan import plan
from parts3d.promises.print_time import PrintTime
from parts3d.promises.promising import plan_promises
from parts3d.promises.queued import Queued
from parts3d.promises.rule import Rule as PlanRule
from parts3d.promises.rule import plain_rule
from parts3d.promises.snapshot import (
    Need,
    Offer,
    PointSnapshot,
    PrinterSnapshot,
    ReasonCode,
)
from parts3d.promises.twins import is_for_today
from tests.support.network import Network, placed, settings_for

LATE = datetime(2026, 11, 24, 16, 40, tzinfo=ZoneInfo("Europe/Brussels"))
HOURS = Hours.parse("Mo-Sa 09:00-18:30")
NEED = Need({"mk3s": PrintTime(3000, 0.05, 0.07)}, "PETG")
POINT = PointSnapshot(
    "huy",
    HOURS,
    HOURS,
    Unattended.FINISH,
    tuple(PrinterSnapshot(name, "mk3s", "PETG") for name in "ab"),
    shared_queue=True,
)


def offer(
    point: PointSnapshot = POINT,
    need: Need = NEED,
    now: datetime = LATE,
    rule: PlanRule = plain_rule(0.99),
) -> Offer:
    [found] = plan_promises(now, need, [point], rule=rule)
    assert isinstance(found, Offer)
    return found


def test_what_one_print_promises_for_tomorrow_two_promise_for_today() -> None:
    [plain] = plan(LATE, NEED, [POINT], quantile=0.99)
    assert isinstance(plain, Offer)
    assert not is_for_today(plain, LATE)
    found = offer()
    assert is_for_today(found, LATE)
    assert found.reasons[0].code is ReasonCode.TWINS
    assert [one.twin for one in found.placements] == [False, True]
    assert {one.printer_id for one in found.placements} == {"a", "b"}


def test_where_printers_are_taken_two_at_once_count_as_harm_to_whoever_comes_next() -> None:
    strict = plain_rule(0.99, most_harm=0.002)
    assert len(offer(replace(POINT, load=0.3), rule=strict).placements) == 2
    assert len(offer(replace(POINT, load=0.9), rule=strict).placements) == 1


def test_with_time_for_a_second_try_one_print_is_enough() -> None:
    early = LATE.replace(hour=13)
    assert len(offer(now=early).placements) == 1


@pytest.mark.parametrize(
    "point",
    [
        replace(POINT, printers=POINT.printers[:1]),
        replace(POINT, printers=(POINT.printers[0], replace(POINT.printers[1], available=False))),
        replace(POINT, printers=(POINT.printers[0], replace(POINT.printers[1], material="ASA"))),
    ],
)
def test_it_takes_two_printers_that_can_make_it(point: PointSnapshot) -> None:
    assert len(offer(point).placements) == 1


def test_several_copies_are_not_made_twice() -> None:
    assert not any(one.twin for one in offer(need=replace(NEED, quantity=2)).placements)


def test_nobody_is_robbed_of_her_reprint() -> None:
    due = LATE.replace(hour=18, minute=25)
    running = Queued(PrintTime(1200, 0.05, 0.3), job_id="other", due_at=due, material="PETG")
    other = replace(running, print_times={"mk3s": PrintTime(2400, 0.05, 0.3)})
    busy = replace(POINT, printers=(replace(POINT.printers[0], running=other), POINT.printers[1]))
    assert not any(one.twin for one in offer(busy).placements)


def test_an_order_that_was_promised_so_has_two_jobs_and_a_row_that_says_why(
    database: Database, tmp_path: Path
) -> None:
    network = Network(LATE)
    with database.unit_of_work() as work:
        network.add_point(
            work.session,
            hours="Mo-Sa 09:00-18:30",
            models=("mk3s", "mk3s"),
            unattended=Rule.FINISH,
        )
        network.add_part(work.session, print_seconds=2700)
    order = placed(database, settings_for(tmp_path), network)
    with database.reading() as session:
        jobs = session.exec(select(Job).order_by(col(Job.hedge_of).is_not(None))).all()
        [row] = session.exec(select(Rescue)).all()
        [decision] = session.exec(select(PromiseDecision)).all()
        assert replay(decision).same
    first, twin = jobs
    assert order.ready_promised_at.date() == LATE.date()
    assert (first.hedge_of, twin.hedge_of) == (None, first.id)
    assert {first.planned_printer_id, twin.planned_printer_id} == set(network.printers.values())
    assert {job.status for job in jobs} == {JobStatus.WAITING}
    assert (first.copy_number, twin.copy_number) == (1, 1)
    assert (row.kind, row.job_id, row.new_job_id) == (RescueKind.TWIN, first.id, twin.id)


def test_where_many_wait_nothing_is_made_twice() -> None:
    tomorrow = LATE.replace(hour=17) + timedelta(days=2)
    waiting = tuple(
        Queued(PrintTime(1800, 0.05, 0.07), job_id=str(number), due_at=tomorrow)
        for number in range(24)
    )
    behind = replace(
        POINT, printers=(replace(POINT.printers[0], waiting=waiting[:8]), *POINT.printers[1:])
    )
    assert len(offer(behind).placements) == 2
    full = replace(
        POINT, printers=(replace(POINT.printers[0], waiting=waiting), *POINT.printers[1:])
    )
    assert len(offer(full).placements) == 1
