"""Silences of a shop's agent: what runs goes on, nothing is begun until it is heard."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from parts3d.points.calendar import minutes_of
from parts3d.points.hours import BRUSSELS, Hours, Unattended
from parts3d.promises.futures.ready import Futures, Prints, run
from parts3d.promises.futures.scene import Scene, scene_of, times_at
from parts3d.promises.plan import plan
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queued import Queued
from parts3d.promises.snapshot import Need, Offer, PointSnapshot, PrinterSnapshot

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=BRUSSELS)
ALWAYS = Hours.parse("24/7")
HOUR = Need({"mk3s": PrintTime(3600, sigma=0, failure_probability=0)}, "PETG")


def point(**changes: object) -> PointSnapshot:
    printer = PrinterSnapshot("p", "mk3s", "PETG")
    made = PointSnapshot(
        "huy", ALWAYS, ALWAYS, Unattended.FINISH, (printer,), bed_clear_minutes=5, check_minutes=0
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def scene(where: PointSnapshot) -> Scene:
    return scene_of(NOW, where, NOW + timedelta(days=10))


def ordered(where: PointSnapshot) -> Futures:
    new = Prints([times_at(HOUR, where)], [-1], [0], ["PETG"], [1])
    return run(scene(where), new)


def test_a_promise_reckons_with_a_shop_that_is_not_heard_when_it_should_begin() -> None:
    # A printer that is free in two hours: with one silence in twenty hours, of two hours or more.
    running = Queued(PrintTime(7200, 0, 0), job_id="a", print_times=HOUR.print_times)
    busy = (replace(point().printers[0], running=running),)
    heard = ordered(point(printers=busy))
    silent = ordered(point(printers=busy, silences_per_hour=0.05, silence_hours=(2.0, 2.1)))
    at = minutes_of(NOW)
    assert heard.quantile(0.99) - at == pytest.approx(190)
    assert silent.quantile(0.5) - at == pytest.approx(190)
    late = 1 - silent.reached().share(at + 191)
    # Silent when it should begin: a silence began in the two hours before.
    assert late == pytest.approx(1 - 2.71828 ** (-0.05 * 2), abs=0.02)
    assert silent.quantile(0.99) - at > 280


def test_what_waits_at_a_silent_shop_is_reckoned_with_how_long_silences_last() -> None:
    silent = replace(
        point().printers[0], available=False, reason="last heard 09:40", silent_minutes=20.0
    )
    where = point(printers=(silent,), silence_hours=(0.1, 4.0))
    ready = ordered(where)
    at = minutes_of(NOW)
    assert ready.ready.min() - at > 65
    assert ready.ready.max() - at <= 65 + 240
    running = Queued(PrintTime(1200, 0, 0), job_id="a", print_times=HOUR.print_times)
    going_on = replace(where, printers=(replace(silent, running=running),))
    assert run(scene(going_on)).ready[:, 0] == pytest.approx(at + 25)


def test_nothing_new_is_promised_on_a_printer_that_is_not_heard() -> None:
    silent = replace(point().printers[0], available=False, silent_minutes=20.0)
    [found] = plan(NOW, HOUR, [point(printers=(silent,))], quantile=0.95)
    assert not isinstance(found, Offer)
