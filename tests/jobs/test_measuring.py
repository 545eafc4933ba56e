"""What attempts teach about print times and failures: read, learned, kept with history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log
from pathlib import Path

import pytest
from sqlmodel import select

from parts3d.bell import Bell
from parts3d.context import Context
from parts3d.db import Database
from parts3d.jobs.bench import clear_bed, decide, print_again, reject
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.measuring import models_due, read_tries
from parts3d.jobs.tables import Attempt, Job
from parts3d.jobs.tasks import learn_print_times, ring_for_measuring
from parts3d.slicing.correction import FAILURE_PRIOR, Scope
from parts3d.slicing.correction_tables import PrintTimeCorrection
from parts3d.slicing.corrections import Corrections, current_corrections
from parts3d.store import FolderStore
from printer_agents.protocol import AttemptRef, ReportKind
from tests.jobs.bench import Shop
from tests.support.site import RungTasks

SLICED_SECONDS = 600


@dataclass
class Lab:
    """A shop whose prints are measured."""

    shop: Shop
    context: Context
    tasks: RungTasks

    def start(self) -> AttemptRef:
        ref = self.shop.must_claim().ref
        self.shop.permit(ref)
        self.shop.tell(ref, ReportKind.PRINTING, printed_seconds=1)
        return ref

    def end(self, ref: AttemptRef, seconds: float | None, kind: ReportKind) -> None:
        self.shop.tell(ref, kind, printed_seconds=seconds)
        with self.shop.database.unit_of_work() as work:
            clear_bed(
                work.session,
                point_id=self.shop.network.points["huy"],
                printer_id=self.shop.printer_id,
                actor="staff:1",
                now=self.shop.now,
            )

    def print(self, ratio: float) -> AttemptRef:
        ref = self.start()
        self.end(ref, SLICED_SECONDS * ratio, ReportKind.PRINTED)
        return ref

    def learn(self, **later: float) -> None:
        self.shop.now += timedelta(**later)
        learn_print_times(self.context, self.shop.now)

    def known(self) -> Corrections:
        with self.shop.database.reading() as session:
            return current_corrections(
                session,
                printers=[self.shop.printer_id],
                revisions=[self.shop.network.revision_id],
            )

    def rows(self, scope: Scope) -> Sequence[PrintTimeCorrection]:
        with self.shop.database.reading() as session:
            return session.exec(
                select(PrintTimeCorrection)
                .where(PrintTimeCorrection.scope == scope)
                .order_by(PrintTimeCorrection.made_at)  # type: ignore[arg-type]
            ).all()


def lab_on(database: Database, tmp_path: Path, now: datetime) -> Lab:
    shop = Shop.open(database, tmp_path, now, orders=12)
    store = FolderStore(tmp_path / "files")
    tasks = RungTasks()
    return Lab(shop, Context(shop.settings, database, store, Bell(None), tasks), tasks)


@pytest.fixture
def lab(sqlite_database: Database, tmp_path: Path, now: datetime) -> Lab:
    return lab_on(sqlite_database, tmp_path, now)


@pytest.fixture
def lab_on_any(database: Database, tmp_path: Path, now: datetime) -> Lab:
    return lab_on(database, tmp_path, now)


def test_a_printer_that_takes_longer_than_sliced_is_found_slow(lab: Lab) -> None:
    for _ in range(10):
        lab.print(1.2)
    lab.learn(minutes=1)
    known = lab.known()
    model = known.models["mk3s"]
    # One printer and one part: which of them is slow cannot be told, their sum can.
    assert 1.1 < model.correction.factor < 1.2
    of_part, _ = known.of_part("mk3s", lab.shop.network.revision_id)
    of_printer, _ = known.of_printer("mk3s", lab.shop.printer_id)
    assert of_part + of_printer == pytest.approx(log(1.2), abs=0.01)
    assert model.correction.prints == 10
    assert model.since == lab.shop.now - timedelta(minutes=1)
    assert known.parts["mk3s", lab.shop.network.revision_id].correction.prints == 10
    assert known.network.correction.prints == 10


def test_after_an_ended_print_the_next_sweep_learns_and_then_rests(lab: Lab) -> None:
    lab.learn()  # the first sweep of all is the nightly one
    lab.print(1.1)
    lab.learn(seconds=10)
    assert lab.known().models["mk3s"].correction.prints == 1
    with lab.shop.database.reading() as session:
        assert models_due(session, lab.shop.now)[0] == []
        assert models_due(session, lab.shop.now + timedelta(days=1))[0] == ["mk3s"]


def test_the_sweep_rings_only_when_there_is_something_to_learn(lab: Lab) -> None:
    lab.learn()
    lab.shop.now += timedelta(minutes=1)
    ring_for_measuring(lab.context, lab.shop.now)
    assert lab.tasks.rung == []
    lab.print(1.1)
    ring_for_measuring(lab.context, lab.shop.now)
    assert lab.tasks.rung == [("jobs.measure",)]


def test_learning_twice_changes_no_row(lab: Lab) -> None:
    for _ in range(5):
        lab.print(1.1)
    lab.learn()
    before = [row.model_dump() for row in lab.rows(Scope.PRINTER)]
    lab.learn()
    assert [row.model_dump() for row in lab.rows(Scope.PRINTER)] == before


def test_what_was_known_before_stays_as_history(lab_on_any: Lab) -> None:
    lab = lab_on_any
    for _ in range(5):
        lab.print(1.0)
    lab.learn()
    lab.shop.now += timedelta(minutes=1)
    for _ in range(5):
        lab.print(1.4)
    lab.learn(hours=1)
    old, new = lab.rows(Scope.MODEL)
    assert old.replaced_at == new.made_at == lab.shop.now
    assert (old.prints, new.prints) == (5, 10)
    assert new.replaced_at is None
    assert new.log_factor > old.log_factor + 0.05


def test_a_failed_print_measures_no_time_but_a_failure(lab: Lab) -> None:
    for _ in range(4):
        lab.print(1.0)
    lab.end(lab.start(), 30.0, ReportKind.FAILED)
    lab.learn()
    model = lab.known().models["mk3s"]
    assert model.correction.prints == 4
    assert (model.failures.tries, model.failures.failures) == (5, 1)
    assert model.failures.probability > FAILURE_PRIOR


def test_a_rejected_part_took_its_time_and_was_no_good(lab: Lab) -> None:
    ref = lab.print(1.0)
    at = {"point_id": lab.shop.network.points["huy"], "actor": "staff:1", "now": lab.shop.now}
    with lab.shop.database.unit_of_work() as work:
        reject(work.session, job_id=ref.job_id, why="warped", **at)  # type: ignore[arg-type]
        print_again(work.session, job_id=ref.job_id, **at)  # type: ignore[arg-type]
    lab.learn()
    model = lab.known().models["mk3s"]
    assert model.correction.prints == 1
    assert (model.failures.tries, model.failures.failures) == (1, 1)


def test_a_print_that_was_paused_is_left_out(lab: Lab) -> None:
    ref = lab.start()
    lab.shop.tell(ref, ReportKind.PAUSED, printed_seconds=300)
    lab.shop.tell(ref, ReportKind.PRINTING, printed_seconds=300)
    lab.end(ref, 1500, ReportKind.PRINTED)
    lab.learn()
    model = lab.known().models["mk3s"].correction
    assert (model.prints, model.left_out, model.factor) == (0, 1, 1.0)


def test_a_print_that_runs_over_its_time_counts_before_it_ends(lab: Lab) -> None:
    for _ in range(6):
        lab.print(1.0)
    lab.learn()
    calm = lab.known().models["mk3s"].correction
    ref = lab.start()
    lab.shop.tell(ref, ReportKind.PROGRESS, printed_seconds=SLICED_SECONDS * 1.3)
    lab.learn(days=1)
    model = lab.known().models["mk3s"].correction
    assert (model.prints, model.running) == (6, 1)
    assert model.log_factor > calm.log_factor


def test_a_persons_word_that_it_was_printed_carries_no_time(lab: Lab) -> None:
    ref = lab.start()
    lab.shop.tell(ref, ReportKind.NEEDS_HUMAN, detail="The printer was switched off.")
    with lab.shop.database.unit_of_work() as work:
        decide(
            work.session,
            point_id=lab.shop.network.points["huy"],
            job_id=ref.job_id,
            printed=True,
            why="It lies there.",
            actor="staff:1",
            now=lab.shop.now,
        )
    with lab.shop.database.reading() as session:
        (tried,) = read_tries(session, "mk3s", lab.shop.now)
    assert tried.print is None
    assert tried.good is True


def test_an_attempt_that_never_started_is_no_try(lab: Lab) -> None:
    ref = lab.shop.must_claim().ref
    lab.shop.tell(ref, ReportKind.RELEASED)
    lab.learn()
    assert lab.known().models["mk3s"].failures.tries == 0


def test_a_running_print_of_an_attempt_that_was_lost_is_not_counted(lab: Lab) -> None:
    lab.start()
    with lab.shop.database.unit_of_work() as work:
        attempt = work.session.exec(select(Attempt)).one()
        work.session.get_one(Job, attempt.job_id).status = JobStatus.NEEDS_HUMAN
    with lab.shop.database.reading() as session:
        (tried,) = read_tries(session, "mk3s", lab.shop.now)
    assert tried.print is None
