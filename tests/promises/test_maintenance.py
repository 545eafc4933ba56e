"""Maintenance that is planned: a time at which a printer neither starts nor prints."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.points.calendar import minutes_of
from parts3d.points.hours import BRUSSELS, Hours, Stretch, Unattended
from parts3d.promises.futures.ready import Prints, run
from parts3d.promises.futures.scene import scene_of, times_at
from parts3d.promises.plan import plan
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queued import Queued
from parts3d.promises.snapshot import (
    Need,
    Offer,
    PointSnapshot,
    PrinterSnapshot,
    ReasonCode,
    Refusal,
)

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=BRUSSELS)
SHOP = Hours.parse("Mo-Sa 09:30-18:30; PH off")


def at(hour: int, minute: int = 0, day: int = 24) -> datetime:
    return NOW.replace(day=day, hour=hour, minute=minute).astimezone(UTC)


def need(minutes: float) -> Need:
    return Need({"mk3s": PrintTime(60 * minutes, sigma=0, failure_probability=0)}, "PETG")


def point(*away: Stretch, others: int = 0) -> PointSnapshot:
    free = [PrinterSnapshot(f"other{number}", "mk3s", "PETG") for number in range(others)]
    out = PrinterSnapshot("out", "mk3s", "PETG", away=away)
    return PointSnapshot(
        "huy", SHOP, SHOP, Unattended.NONE, (out, *free), bed_clear_minutes=5, check_minutes=10
    )


def offer(minutes: float, where: PointSnapshot) -> Offer:
    [found] = plan(NOW, need(minutes), [where], quantile=0.95)
    assert isinstance(found, Offer), found
    return found


def ready(minutes: float, where: PointSnapshot) -> str:
    return f"{offer(minutes, where).ready_at.astimezone(BRUSSELS):%a %H:%M}"


def test_a_print_that_would_run_into_it_starts_when_the_printer_is_back_and_says_why() -> None:
    where = point((at(10, 30), at(12)))
    assert ready(61, where) == "Tue 13:20"  # 12:00 + 61 + 5 + 10
    found = offer(61, where)
    assert found.starts_at == at(12)
    [why] = [one for one in found.reasons if one.code is ReasonCode.MAINTENANCE]
    assert why.values == {"ends_at": at(12).isoformat()}


def test_a_print_that_ends_before_it_starts_now() -> None:
    assert ready(20, point((at(10, 30), at(12)))) == "Tue 10:35"


def test_another_printer_takes_what_does_not_fit_before_it() -> None:
    found = offer(61, point((at(10, 30), at(12)), others=1))
    assert found.printer_id == "other0"
    assert found.ready_at == at(11, 20)


def test_a_printer_that_is_out_now_is_promised_on_for_when_it_is_back() -> None:
    assert ready(60, point((at(9), at(15)))) == "Tue 16:15"
    # Back at 18:00, with half an hour to closing: tomorrow.
    assert ready(60, point((at(9), at(18)))) == "Wed 10:45"


def test_one_maintenance_after_another_is_met_by_no_print() -> None:
    assert ready(61, point((at(12, 30), at(13)), (at(10, 30), at(12)))) == "Tue 14:20"


def test_a_printer_that_is_out_until_the_horizon_is_refused() -> None:
    [found] = plan(NOW, need(60), [point((at(9), at(9) + timedelta(days=30)))], quantile=0.95)
    assert isinstance(found, Refusal)


def test_what_runs_when_it_begins_is_printed_to_its_end() -> None:
    running = Queued(PrintTime(3600, 0, 0), job_id="a", print_times=need(60).print_times)
    where = point((at(10, 30), at(12)))
    where = replace(where, printers=(replace(where.printers[0], running=running),))
    scene = scene_of(NOW, where, NOW + timedelta(days=5))
    assert run(scene).ready[:, 0] == pytest.approx(minutes_of(at(11, 15)))


@given(
    begins=st.integers(0, 300),
    lasts=st.integers(1, 300),
    prints=st.lists(st.integers(5, 200), min_size=1, max_size=4),
)
def test_in_no_future_is_anything_printed_while_the_printer_is_out(
    begins: int, lasts: int, prints: list[int]
) -> None:
    """One printer and a shop that never closes, so that each part's print is known from its end."""
    away = (NOW + timedelta(minutes=begins), NOW + timedelta(minutes=begins + lasts))
    always = Hours.parse("24/7")
    where = replace(
        point(away), opening_hours=always, staffed_hours=always, unattended=Unattended.OVERNIGHT
    )
    scene = scene_of(NOW, where, NOW + timedelta(days=5))
    wanted = [need(minutes) for minutes in prints]
    count = len(prints)
    new = Prints(
        [times_at(one, where) for one in wanted],
        [-1] * count,
        list(range(count)),
        ["PETG"] * count,
        [1] * count,
    )
    ends = run(scene, new).ready - 15  # cleared and checked
    starts = ends - np.array(prints)
    since, back = minutes_of(away[0]), minutes_of(away[1])
    assert np.isfinite(ends).all()
    assert ((ends <= since + 1e-6) | (starts >= back - 1e-6)).all()
