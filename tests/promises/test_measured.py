"""Measured print times in a promise: a slow printer is promised later, a stranger carefully."""

from datetime import datetime
from math import exp, log
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from parts3d.db import Database
from parts3d.jobs.queues import read_queues
from parts3d.points.tables import Point
from parts3d.promises.holds import hold
from parts3d.promises.measured import pace, print_time, print_time_on
from parts3d.promises.print_time import Pace, PrintTime
from parts3d.promises.queries import orderable_models, point_snapshots
from parts3d.promises.service import offers
from parts3d.quotes.service import Wanted, quote_part
from parts3d.slicing.correction import Correction, FailureRate, Scope
from parts3d.slicing.correction_tables import PrintTimeLearning
from parts3d.slicing.corrections import Corrections, Measured, current_corrections, keep
from tests.support.network import Network, placed, settings_for, small_network

KNOWN_MODEL = Measured(
    Correction(log_factor=log(1.1), log_shift=log(1.1), log_error=0.01, sigma=0.06, prints=200),
    FailureRate(0.04, 200, 8),
)
SLOW_PRINTER = Measured(
    Correction(log_factor=log(1.3), log_shift=log(1.3 / 1.1), log_error=0.02, prints=40),
    FailureRate(0.2, 40, 9),
)


def learned(session: Session, printer_id: str, now: datetime) -> None:
    session.add(PrintTimeLearning())
    keep(session, Scope.MODEL, "mk3s", {"": KNOWN_MODEL}, now)
    keep(session, Scope.PRINTER, "mk3s", {printer_id: SLOW_PRINTER}, now)


def test_unmeasured_prints_are_planned_as_sliced_with_a_wide_spread() -> None:
    nothing = Corrections()
    time = print_time_on(nothing, "mk3s", "p1", "r1", 3600)
    assert time.median_seconds == pytest.approx(3600)
    assert time.sigma == pytest.approx(0.15, abs=0.005)
    assert time.failure_probability == 0.07


def test_a_slow_printer_of_a_known_model_is_planned_with_its_own_factor() -> None:
    known = Corrections(models={"mk3s": KNOWN_MODEL}, printers={"slow": SLOW_PRINTER})
    slow = print_time_on(known, "mk3s", "slow", None, 3600)
    stranger = print_time_on(known, "mk3s", "new", None, 3600)
    assert slow.median_seconds == pytest.approx(3600 * 1.3)
    assert stranger.median_seconds == pytest.approx(3600 * 1.1)
    assert stranger.sigma > slow.sigma
    # The model fails less than the prior says, but nobody has tried this printer.
    assert (slow.failure_probability, stranger.failure_probability) == (0.2, 0.07)
    assert print_time(known, "mk3s", None, 3600).failure_probability == 0.04


@given(st.floats(1, 1e5), st.floats(0.01, 1), st.floats(-1, 1), st.floats(0, 1), st.floats(0, 0.5))
def test_a_pace_only_ever_widens_a_print_time(
    median: float, sigma: float, log_factor: float, variance: float, chance: float
) -> None:
    time = PrintTime(median, sigma)
    there = time.at(Pace(log_factor, variance, chance))
    assert there.sigma >= sigma * (1 - 1e-12)
    assert there.failure_probability == chance
    assert there.median_seconds / median == pytest.approx(exp(log_factor))
    assert time.at(Pace()) is time


def test_the_planner_reads_the_corrections_and_promises_later(
    sqlite_database: Database, tmp_path: Path, now: datetime
) -> None:
    network = small_network(sqlite_database, now, print_seconds=7200)
    settings = settings_for(tmp_path)

    def ready_at() -> datetime:
        with sqlite_database.reading() as session:
            wanted = [Wanted(network.revision_id, 1)]
            options = offers(session, settings, wanted, now, read_queues=read_queues)
            return options.offers[0].offer.ready_at

    before = ready_at()
    with sqlite_database.unit_of_work() as work:
        learned(work.session, network.printers["huy 1"], now)
    assert ready_at() > before


def test_jobs_that_wait_and_holds_of_others_take_their_measured_time(
    sqlite_database: Database, tmp_path: Path, now: datetime
) -> None:
    network: Network = small_network(sqlite_database, now, print_seconds=1000)
    settings = settings_for(tmp_path)
    placed(sqlite_database, settings, network)
    printer_id = network.printers["huy 1"]
    with sqlite_database.unit_of_work() as work:
        learned(work.session, printer_id, now)
        models = orderable_models(work.session)
        quote = quote_part(
            work.session, settings, network.revision_id, 1, now, printer_models=models
        )
        point_id = network.points["huy"]
        promise = hold(work.session, settings, quote, point_id, now, read_queues=read_queues)
        # What is held is the slice; what is planned is its measured time.
        assert promise.placements[0]["print_seconds"] == 1000
    with sqlite_database.reading() as session:
        point = session.get_one(Point, point_id)
        (snapshot,) = point_snapshots(session, [point], now, read_queues=read_queues)
        corrections = current_corrections(session, printers=[printer_id])
    assert snapshot.printers[0].waiting[0].time.median_seconds == pytest.approx(1300)
    assert snapshot.holds[0].prints[0].median_seconds == pytest.approx(1300)
    assert snapshot.printers[0].pace == pace(corrections, "mk3s", printer_id)
