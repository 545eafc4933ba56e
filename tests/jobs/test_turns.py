"""Whose turn it is at a free printer: by promise, by the shop's rule, and around maintenance."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from parts3d.accounts.tables import Agent
from parts3d.db import Database
from parts3d.jobs.claims import claim
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.points.absences import end_absence, plan_absence
from parts3d.points.spools import SpoolDetails, add_spool
from parts3d.points.tables import Point, Printer, Unattended
from parts3d.slicing.tables import Slice
from printer_agents.protocol import PrinterCondition, PrinterReport, Work
from tests.jobs.bench import Shop

BRUSSELS = ZoneInfo("Europe/Brussels")
HOURS = "Mo-Sa 09:00-18:30"


@dataclass
class Counter:
    """A shop whose hours and jobs a test sets; a print takes ten minutes."""

    shop: Shop

    def rule(self, unattended: Unattended, hours: str = HOURS) -> None:
        with self.shop.database.unit_of_work() as work:
            point = work.session.exec(select(Point)).one()
            point.unattended = unattended
            point.opening_hours = point.staffed_hours = hours

    def due(self, *moments: datetime, material: str = "PETG") -> list[str]:
        """Promise the jobs, the oldest first, for these moments; returns their ids."""
        with self.shop.database.unit_of_work() as work:
            jobs = work.session.exec(select(Job).order_by(Job.created_at, Job.id)).all()
            for job, moment in zip(jobs, moments, strict=True):
                job.due_at, job.material = moment, material
            return [job.id for job in jobs]

    def claim(self, at: datetime) -> Work | None:
        return self.shop.claim(after_seconds=(at - self.shop.now).total_seconds())


@pytest.fixture
def counter(sqlite_database: Database, tmp_path: Path, now: datetime) -> Counter:
    return Counter(Shop.open(sqlite_database, tmp_path, now, orders=2))


def at(hour: int, minute: int = 0, day: int = 24) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=BRUSSELS)


def test_what_is_promised_for_earlier_is_printed_first_whenever_it_was_ordered(
    counter: Counter,
) -> None:
    _, second = counter.due(at(17), at(12))
    work = counter.claim(at(10))
    assert work is not None
    assert work.ref.job_id == second


def test_a_free_printer_takes_the_most_urgent_print_though_another_was_to_make_it(
    counter: Counter,
) -> None:
    _, urgent = counter.due(at(17), at(12))
    with counter.shop.database.unit_of_work() as work:
        here = work.session.get_one(Printer, counter.shop.printer_id)
        other = Printer(
            point_id=here.point_id, name="other", model="mk3s", material="PETG", created_at=at(9)
        )
        work.session.add(other)
        work.session.flush()
        work.session.get_one(Job, urgent).planned_printer_id = other.id
    given = counter.claim(at(10))
    assert given is not None
    assert given.ref.job_id == urgent


@pytest.mark.parametrize(
    ("rule", "moment", "work"),
    [
        (Unattended.NONE, at(18, 10), "given"),
        (Unattended.NONE, at(18, 25), None),  # it would end after closing
        (Unattended.FINISH, at(18, 25), "given"),
        (Unattended.FINISH, at(19), None),  # nobody is there to begin with it
        (Unattended.OVERNIGHT, at(23), "given"),
    ],
)
def test_late_in_the_day_the_shops_rule_decides_what_an_agent_gets(
    counter: Counter, rule: Unattended, moment: datetime, work: str | None
) -> None:
    counter.rule(rule)
    assert (counter.claim(moment) is None) is (work is None)


def test_what_had_to_wait_for_the_morning_is_given_then(counter: Counter) -> None:
    counter.rule(Unattended.NONE)
    assert counter.claim(at(18, 25)) is None
    assert counter.claim(at(9, 0, day=25)) is not None


def test_a_break_for_lunch_is_no_closing(counter: Counter) -> None:
    counter.rule(Unattended.NONE, "Mo-Sa 09:00-12:30,13:30-18:30")
    assert counter.claim(at(12, 25)) is not None


def test_no_print_is_begun_that_would_run_into_planned_maintenance(counter: Counter) -> None:
    shop = counter.shop
    point_id = shop.printer().point_id
    with shop.database.unit_of_work() as work:
        absence = plan_absence(
            work.session,
            point_id=point_id,
            printer_id=shop.printer_id,
            starts_at=at(11),
            ends_at=at(13),
            reason="New nozzle",
            actor="staff:1",
            now=at(10),
        )
    assert counter.claim(at(10, 55)) is None
    assert counter.claim(at(12)) is None
    with shop.database.unit_of_work() as work:
        end_absence(
            work.session,
            point_id=point_id,
            printer_id=shop.printer_id,
            absence_id=absence.id,
            now=at(12),
        )
    assert counter.claim(at(12)) is not None


def one_of_five_hours(counter: Counter, *, due: datetime, other_due: datetime) -> list[str]:
    """Let the second job be two copies that take five hours; returns both ids."""
    ids = counter.due(other_due, due)
    with counter.shop.database.unit_of_work() as work:
        work.session.get_one(Job, ids[1]).copies = 2
        [one] = work.session.exec(select(Slice)).all()
        work.session.add(
            Slice(**{**one.model_dump(exclude={"id"}), "copies": 2, "print_seconds": 18_000})
        )
    return ids


def test_for_the_night_a_printer_takes_the_longest_print_that_has_time(counter: Counter) -> None:
    _, long = one_of_five_hours(counter, due=at(18, day=27), other_due=at(12, day=27))
    counter.rule(Unattended.FINISH)
    work = counter.claim(at(18, 10))
    assert work is not None
    assert work.ref.job_id == long


@pytest.mark.parametrize(
    ("moment", "other_due"),
    [
        (at(10), at(12, day=27)),  # by day the earlier promise goes first
        (at(17, 45), at(12, day=27)),  # the short one is cleared before closing
        (at(18, 10), at(10, 30, day=25)),  # should it fail, it would be too late in the morning
    ],
)
def test_what_is_short_or_urgent_does_not_stand_back_for_the_night(
    counter: Counter, moment: datetime, other_due: datetime
) -> None:
    short, _ = one_of_five_hours(counter, due=at(18, day=27), other_due=other_due)
    counter.rule(Unattended.FINISH)
    work = counter.claim(moment)
    assert work is not None
    assert work.ref.job_id == short


def strange_and_loaded(counter: Counter, due_first: datetime, *, spool: bool = True) -> None:
    """Let the first job want ASA, which only a change on the one printer can serve."""
    counter.due(due_first, at(18))
    with counter.shop.database.unit_of_work() as work:
        first = work.session.exec(select(Job).order_by(Job.created_at, Job.id)).first()
        assert first is not None
        first.material = "ASA"
        if spool:
            add_spool(work.session, first.point_id, SpoolDetails(material="ASA", grams=500), at(9))
        [petg] = work.session.exec(select(Slice)).all()
        work.session.add(
            Slice(**{**petg.model_dump(exclude={"id"}), "material": "ASA", "engine_version": "6"})
        )


def test_a_print_stands_back_where_it_would_take_an_earlier_promise_its_last_chance(
    counter: Counter,
) -> None:
    # Ten minutes of print and ten of staff: begun at 10:05, the other is late at 10:25.
    strange_and_loaded(counter, at(10, 25))
    assert counter.claim(at(10, 2)) is None


def test_it_does_not_stand_back_for_what_has_time_enough(counter: Counter) -> None:
    strange_and_loaded(counter, at(12))
    assert counter.claim(at(10)) is not None


def test_it_does_not_stand_back_for_what_is_past_saving_or_cannot_be_loaded(
    counter: Counter,
) -> None:
    strange_and_loaded(counter, at(10, 25), spool=False)
    assert counter.claim(at(10, 2)) is not None


def test_it_does_not_wait_for_a_promise_that_is_broken_already(counter: Counter) -> None:
    strange_and_loaded(counter, at(10, 25))
    assert counter.claim(at(10, 20)) is not None


def test_two_printers_that_claim_at_once_take_the_two_most_urgent(
    database: Database, tmp_path: Path, now: datetime
) -> None:
    shop = Shop.open(database, tmp_path, now, orders=3)
    counter = Counter(shop)
    ids = counter.due(at(17), at(12), at(13))
    with database.unit_of_work() as work:
        work.session.add(
            Printer(
                id="second",
                point_id=shop.network.points["huy"],
                agent_id=shop.agent.id,
                name="second",
                model="mk3s",
                material="PETG",
                created_at=now,
            )
        )

    def claims(printer_id: str) -> str | None:
        report = PrinterReport(
            printer_id=printer_id, condition=PrinterCondition.IDLE, bed_clear=True
        )
        with database.unit_of_work() as work:
            leased = claim(
                work.session,
                agent=work.session.get_one(Agent, shop.agent.id),
                generation=1,
                printers=[report],
                secret=shop.settings.secret(),
                lease_seconds=60,
                now=now,
            )
        return leased.work.ref.job_id if leased else None

    with ThreadPoolExecutor(2) as pool:
        taken = set(pool.map(claims, [shop.printer_id, "second"]))
    assert taken == {ids[1], ids[2]}
    assert [job.status for job in shop.jobs() if job.id == ids[0]] == [JobStatus.WAITING]
