"""The sweep that keeps promises: what is at risk is found and moved in time, once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from parts3d.bell import Bell
from parts3d.context import Context
from parts3d.db import Database
from parts3d.jobs.keeping.figures import at_risk_today
from parts3d.jobs.keeping.replanning import begin_replan, progress_of, replan_some
from parts3d.jobs.keeping.risk import endangered_now
from parts3d.jobs.keeping.tables import Replan, Rescue, RescueKind, RescueStatus
from parts3d.jobs.keeping.tasks import keep_point, keep_promises, note_outcomes
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.tables import Job
from parts3d.orders.compensation_tables import Compensation
from parts3d.orders.tables import Order, OrderEvent
from parts3d.orders.tasks import compensate_missed
from parts3d.points.closing import close_points
from parts3d.points.tables import Printer, Unattended
from parts3d.promises.decision_tables import Outcome, PromiseDecision
from parts3d.store import FolderStore
from tests.support.network import Network, drive_jobs, placed, settings_for
from tests.support.shop import RungTasks

HOURS = "Mo-Sa 09:00-18:30"


@dataclass
class Town:
    """Points that close at half past six, and an order placed at half past two."""

    context: Context
    network: Network
    order: Order
    now: datetime

    def break_printer(self, name: str, *, condition: str = "error") -> None:
        with self.context.database.unit_of_work() as work:
            work.session.get_one(Printer, self.network.printers[name]).condition = condition

    def sweep(self, after: timedelta = timedelta()) -> None:
        keep_promises(self.context, self.now + after)

    def moves(self) -> list[Rescue]:
        with self.context.database.reading() as session:
            return list(session.exec(select(Rescue)).all())

    def jobs(self) -> list[Job]:
        with self.context.database.reading() as session:
            return list(session.exec(select(Job)).all())

    def job(self) -> Job:
        [found] = self.jobs()
        return found

    def start(self, until: JobStatus = JobStatus.PRINTING) -> None:
        with self.context.database.unit_of_work() as work:
            [job] = work.session.exec(select(Job)).all()
            job.printer_id = job.planned_printer_id
            drive_jobs(work.session, [job], until, self.now)
            job.last_heard_at = self.now
            job.progress = 0.1


@pytest.fixture
def afternoon() -> datetime:
    return datetime(2026, 11, 24, 14, 30, tzinfo=ZoneInfo("Europe/Brussels"))


def town(
    database: Database,
    folder: Path,
    now: datetime,
    *,
    here: tuple[str, ...] = ("mk3s", "mk3s"),
    there: bool = False,
    print_seconds: int = 3600,
) -> Town:
    network = Network(now)
    settings = settings_for(folder)
    with database.unit_of_work() as work:
        network.add_point(work.session, hours=HOURS, models=here, unattended=Unattended.FINISH)
        if there:
            network.add_point(
                work.session,
                slug="amay",
                hours=HOURS,
                latitude=50.55,
                longitude=5.31,
                unattended=Unattended.FINISH,
            )
        network.add_part(work.session, print_seconds=print_seconds)
    order = placed(database, settings, network)
    context = Context(settings, database, FolderStore(folder / "files"), Bell(None), RungTasks())
    return Town(context, network, order, now)


def test_nothing_is_done_while_all_goes_well(
    sqlite_database: Database, tmp_path: Path, afternoon: datetime
) -> None:
    here = town(sqlite_database, tmp_path, afternoon)
    here.sweep()
    assert here.moves() == []


def test_a_job_moves_to_the_other_printer_when_its_own_breaks(
    sqlite_database: Database, tmp_path: Path, afternoon: datetime
) -> None:
    here = town(sqlite_database, tmp_path, afternoon)
    planned = here.job().planned_printer_id
    names = {key: name for name, key in here.network.printers.items()}
    here.break_printer(names[planned or ""])
    here.sweep()
    [move] = here.moves()
    assert (move.kind, move.status) == (RescueKind.PRINTER, RescueStatus.DONE)
    assert here.job().planned_printer_id not in {planned, None}
    assert move.chance_before is not None
    assert move.chance_after is not None
    assert move.chance_after > move.chance_before
    here.sweep(timedelta(minutes=2))
    assert len(here.moves()) == 1


def test_a_print_that_nobody_knows_of_is_hedged_on_the_other_printer(
    sqlite_database: Database, tmp_path: Path, afternoon: datetime
) -> None:
    here = town(sqlite_database, tmp_path, afternoon)
    here.start()
    running = here.job()
    names = {key: name for name, key in here.network.printers.items()}
    here.break_printer(names[running.printer_id or ""])
    with sqlite_database.unit_of_work() as work:
        job = work.session.get_one(Job, running.id)
        move_job(
            work.session, job, JobStatus.NEEDS_HUMAN, actor="agent:1", now=afternoon, reason="?"
        )
    here.sweep()
    kinds = [move.kind for move in here.moves()]
    assert kinds == [RescueKind.HEDGE]
    [hedge] = [job for job in here.jobs() if job.hedge_of]
    assert hedge.hedge_of == running.id
    assert hedge.planned_printer_id != running.printer_id
    here.sweep(timedelta(minutes=2))
    assert len(here.jobs()) == 2


def test_a_failed_print_waits_again_at_once_and_the_timeline_says_so(
    sqlite_database: Database, tmp_path: Path, afternoon: datetime
) -> None:
    here = town(sqlite_database, tmp_path, afternoon)
    here.start()
    with sqlite_database.unit_of_work() as work:
        [job] = work.session.exec(select(Job)).all()
        move_job(
            work.session, job, JobStatus.FAILED, actor="agent:1", now=afternoon, reason="Fell off."
        )
    here.sweep()
    assert here.job().status is JobStatus.WAITING
    assert here.moves()[0].kind is RescueKind.REPRINT
    with sqlite_database.reading() as session:
        reasons = session.exec(select(OrderEvent.reason)).all()
    assert "The first try did not turn out well; it is printed again." in reasons


def test_where_no_printer_is_left_the_customer_is_asked_for_another_point(
    sqlite_database: Database, tmp_path: Path, afternoon: datetime
) -> None:
    here = town(sqlite_database, tmp_path, afternoon, here=("mk3s",), there=True)
    names = {key: name for name, key in here.network.printers.items()}
    at = here.job().point_id
    here.break_printer(names[here.job().planned_printer_id or ""])
    here.sweep()
    [move] = here.moves()
    assert (move.kind, move.status) == (RescueKind.POINT, RescueStatus.ASKED)
    assert move.from_point_id == at
    assert move.to_point_id == here.network.points["amay"]
    assert here.job().point_id == at  # nothing moves before she says so


def test_when_nothing_helps_she_is_told_once_before_the_time_and_compensated_once(
    sqlite_database: Database, tmp_path: Path, afternoon: datetime
) -> None:
    here = town(sqlite_database, tmp_path, afternoon, here=("mk3s",))
    names = {key: name for name, key in here.network.printers.items()}
    here.break_printer(names[here.job().planned_printer_id or ""])
    for minutes in (0, 2, 4):
        here.sweep(timedelta(minutes=minutes))
    [move] = here.moves()
    assert move.kind is RescueKind.TELL
    assert move.made_at < here.order.ready_promised_at
    over = here.order.ready_promised_at + timedelta(minutes=1)
    for _ in range(2):
        compensate_missed(here.context, over)
        note_outcomes(here.context, over)
    with sqlite_database.reading() as session:
        assert len(session.exec(select(Compensation)).all()) == 1
        [decision] = session.exec(select(PromiseDecision)).all()
    assert decision.outcome is Outcome.MISSED


@pytest.mark.parametrize("minutes_late", [-10, 10])
def test_what_is_late_for_certain_is_still_saved_from_the_night_and_its_customer_told_in_time(
    sqlite_database: Database, tmp_path: Path, afternoon: datetime, minutes_late: int
) -> None:
    here = town(sqlite_database, tmp_path, afternoon)
    here.now = afternoon + timedelta(minutes=150)  # at five: made twice, it is tomorrow
    here.start()
    with sqlite_database.unit_of_work() as work:
        soon = here.now - timedelta(minutes=minutes_late)
        work.session.get_one(Order, here.order.id).ready_promised_at = soon
        [job] = work.session.exec(select(Job)).all()
        job.due_at = soon
    for minutes in (0, 2):
        here.sweep(timedelta(minutes=minutes))
    told = [RescueKind.TELL] if minutes_late < 0 else []
    assert [move.kind for move in here.moves()] == [RescueKind.HEDGE, *told]
    assert len(here.jobs()) == 2


def test_two_sweepers_at_once_make_each_move_once(
    database: Database, tmp_path: Path, afternoon: datetime
) -> None:
    here = town(database, tmp_path, afternoon)
    here.start()
    names = {key: name for name, key in here.network.printers.items()}
    here.break_printer(names[here.job().printer_id or ""])
    with database.unit_of_work() as work:
        [job] = work.session.exec(select(Job)).all()
        move_job(
            work.session, job, JobStatus.NEEDS_HUMAN, actor="agent:1", now=afternoon, reason="?"
        )
    point_id = here.job().point_id
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: keep_point(here.context, point_id, afternoon), range(2)))
    assert len(here.moves()) == 1
    assert len(here.jobs()) == 2


def test_a_closed_region_is_replanned_order_by_order_and_goes_on_after_a_stop(
    sqlite_database: Database, tmp_path: Path, afternoon: datetime
) -> None:
    here = town(sqlite_database, tmp_path, afternoon, here=("mk3s", "mk3s"), there=True)
    more = [
        placed(here.context.database, here.context.settings, here.network, email=f"{n}@example.be")
        for n in "bc"
    ]
    huy = here.network.points["huy"]
    with sqlite_database.unit_of_work() as work:
        batch = close_points(
            work.session,
            [huy],
            afternoon,
            afternoon + timedelta(hours=20),
            reason="Snow",
            actor="operator:1",
            now=afternoon,
        )
        at_huy = len([one for one in [here.order, *more] if one.point_id == huy])
        assert begin_replan(work.session, batch, [huy], "Snow", afternoon) == at_huy
        assert begin_replan(work.session, batch, [huy], "Snow", afternoon) == 0
    assert replan_some(here.context, afternoon, most=1) == 1  # and then it was stopped
    while replan_some(here.context, afternoon):
        pass
    with sqlite_database.reading() as session:
        assert progress_of(session, batch) == (at_huy, at_huy)
        rows = session.exec(select(Replan)).all()
    assert all(row.result for row in rows)
    kinds = [move.kind for move in here.moves()]
    assert len(kinds) == at_huy
    assert set(kinds) <= {RescueKind.POINT, RescueKind.TELL}
    assert RescueKind.POINT in kinds


def test_what_is_at_risk_is_on_the_operators_list_before_anything_is_done(
    sqlite_database: Database, tmp_path: Path, afternoon: datetime
) -> None:
    here = town(sqlite_database, tmp_path, afternoon, here=("mk3s",))
    with sqlite_database.reading() as session:
        assert endangered_now(session, here.context.settings, afternoon) == {}
    here.break_printer("huy 1")
    with sqlite_database.reading() as session:
        chances = endangered_now(session, here.context.settings, afternoon)
        [row] = at_risk_today(session, afternoon, chances=chances)
    assert row.order.id == here.order.id
    assert row.moves == ()
    assert row.chance is not None
    assert row.chance < 0.9
