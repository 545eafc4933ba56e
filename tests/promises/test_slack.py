"""Promises for another day: their slack, and the last minute before the horizon."""

from datetime import timedelta

from parts3d.points.calendar import moment_of
from parts3d.points.hours import BRUSSELS, Unattended
from parts3d.promises.busy import (
    eased,
    harm_limit,
    price_of_a_twin,
    scarcity,
    slack_minutes,
    spares_endangered,
)
from parts3d.promises.futures.quote import Levels, Quoted, quote
from parts3d.promises.futures.ready import join
from parts3d.promises.futures.scene import scene_of
from parts3d.promises.print_time import PrintTime
from parts3d.promises.rule import MEASURED
from parts3d.promises.snapshot import Need, PrinterSnapshot
from tests.promises.test_futures import NOW, SHOP, point, prints, queued

LATE = NOW.replace(hour=17)  # an hour's print, and perhaps a second: not today
TWO_HOURS = Need({"mk3s": PrintTime(7200, 0.1, 0.08)}, "PETG")
HORIZON = timedelta(days=3)
HARM = 0.003


def quoted_with(levels: Levels, *printers: PrinterSnapshot, until: timedelta = HORIZON) -> Quoted:
    where = point(*printers, hours=SHOP)
    found = quote(
        join(scene_of(LATE, where, LATE + until), prints(where, TWO_HOURS)), levels, most_harm=HARM
    )
    assert found is not None
    return found


def clock(found: Quoted) -> str:
    return moment_of(found.ready_at).astimezone(BRUSSELS).strftime("%a %H:%M")


def test_a_promise_for_another_day_has_slack_that_ends_before_the_evening() -> None:
    plain = quoted_with(Levels(0.99, 0.99))
    hour_later = quoted_with(Levels(0.99, 0.99, slack_minutes=60))
    assert not plain.same_day
    assert hour_later.ready_at == plain.ready_at + 60
    assert hour_later.slack == 60
    assert clock(quoted_with(Levels(0.99, 0.99, slack_minutes=600))) == "Wed 16:55"


def test_where_it_is_crowded_it_has_a_further_day_of_slack_and_no_more() -> None:
    within_the_day = quoted_with(Levels(0.99, 0.99, slack_minutes=600))
    assert clock(quoted_with(Levels(0.99, 0.99, slack_minutes=720))) == "Thu 11:25"
    further = quoted_with(Levels(0.99, 0.99, slack_minutes=1200))
    assert clock(further) == "Thu 16:55"
    assert further.slack == within_the_day.slack + 24 * 60
    # Never beyond the horizon, and where no other day is known, within the day.
    tomorrow = timedelta(hours=26)
    assert clock(quoted_with(Levels(0.99, 0.99, slack_minutes=1200), until=tomorrow)) == "Wed 16:55"


def test_a_promise_for_today_has_none() -> None:
    where = point(hours=SHOP)
    morning = scene_of(NOW, where, NOW + HORIZON)
    plain = quote(join(morning, prints(where)), Levels(0.9, 0.9), most_harm=HARM)
    eased = quote(join(morning, prints(where)), Levels(0.9, 0.9, slack_minutes=600), most_harm=HARM)
    assert plain is not None
    assert eased is not None
    assert (plain.same_day, plain.ready_at) == (eased.same_day, eased.ready_at)


def test_an_order_for_today_goes_before_one_that_was_promised_with_slack() -> None:
    def ready_for(due_hour: int) -> Quoted:
        due = NOW.replace(hour=due_hour, minute=25) + timedelta(days=1)
        busy = PrinterSnapshot("p", "mk3s", "PETG", waiting=(queued(1380, "j", due),))
        of = scene_of(NOW, where := point(busy, hours=SHOP), NOW + HORIZON)
        found = quote(
            join(of, prints(where)), Levels(0.9, 0.9, spare_endangered=False), most_harm=0.06
        )
        assert found is not None
        return found

    # A print of 23 hours, promised for tomorrow: first thing, or by the end of the day.
    assert not ready_for(10).same_day
    assert ready_for(18).same_day


def test_the_last_minute_before_the_horizon_is_promised_if_it_is_nearly_as_sure() -> None:
    soon = timedelta(hours=17, minutes=30)  # tomorrow at 10:30
    where = point(hours=SHOP)
    of = scene_of(LATE, where, LATE + soon)
    new = prints(where, Need({"mk3s": PrintTime(15 * 3600, 0.1, 0.0)}, "PETG"))
    assert quote(join(of, new), Levels(0.999, 0.999), most_harm=HARM) is None
    found = quote(join(of, new), Levels(0.999, 0.999, least_later=0.8), most_harm=HARM)
    assert found is not None
    assert clock(found) == "Wed 10:25"
    assert 0.8 <= found.level < 0.999


def test_a_promise_is_surer_not_to_be_late_by_a_night() -> None:
    # By 15:30 it is nine tenths sure, by the evening no surer until a reprint is done.
    plain = quoted_with(Levels(0.9, 0.9), PrinterSnapshot("p", "mk3s", "PETG"))
    safe = quoted_with(Levels(0.9, 0.9, by_evening=0.999), PrinterSnapshot("p", "mk3s", "PETG"))
    assert safe.ready_at >= plain.ready_at
    reached = safe.futures.reached()
    ends = join(scene_of(LATE, point(hours=SHOP), LATE + HORIZON)).scene.day_ends(safe.ready_at)
    assert reached.share(ends) >= 0.999


def test_slack_grows_with_the_share_of_printers_that_is_taken() -> None:
    assert slack_minutes(0.1) == slack_minutes(0.4) == 0
    assert 0 < slack_minutes(0.5) < slack_minutes(0.6) < slack_minutes(0.65) == 600
    assert 600 < slack_minutes(0.75) < slack_minutes(0.85) == slack_minutes(1.5) == 1200
    assert harm_limit(0.1, 0.003) == 0.003 < harm_limit(0.5, 0.003) < harm_limit(0.9, 0.003)
    assert spares_endangered(0.2)
    assert not spares_endangered(0.6)


def test_how_sure_a_promise_is_does_not_depend_on_how_busy_its_point_is() -> None:
    quiet, busy = eased(MEASURED, 0.1).levels, eased(MEASURED, 0.9).levels
    assert (busy.same_day, busy.later, busy.by_evening, busy.least_same_day) == (
        *(quiet.same_day, quiet.later, quiet.by_evening, quiet.least_same_day),
    )


def test_where_no_evening_is_sure_enough_the_minute_alone_decides() -> None:
    frail = Need({"mk3s": PrintTime(7200, 0.1, 0.4)}, "PETG")
    where = point(hours=SHOP)
    joined = join(scene_of(LATE, where, LATE + timedelta(days=1)), prints(where, frail))
    plain = quote(joined, Levels(0.99, 0.8), most_harm=HARM)
    surer = quote(joined, Levels(0.99, 0.8, by_evening=0.9999), most_harm=HARM)
    assert plain is not None
    assert surer is not None
    assert surer.ready_at == plain.ready_at


def test_two_prints_at_once_are_dearer_where_many_wait_than_any_harm_that_is_allowed() -> None:
    assert price_of_a_twin(0.3, 60) == 0 < price_of_a_twin(0.9, 60) < harm_limit(0.9, 0.008)
    assert price_of_a_twin(0.3, 200) > 0
    assert price_of_a_twin(0.3, 360) > harm_limit(0.9, 0.008)


def test_what_waits_is_the_backlog_and_not_what_has_begun() -> None:
    running = PrinterSnapshot("a", "mk3s", "PETG", running=queued(500))
    waits = PrinterSnapshot("b", "mk3s", "PETG", waiting=(queued(60), queued(90)))
    assert scene_of(NOW, point(running, waits), NOW + HORIZON).backlog_minutes == 75


def test_a_place_is_scarcer_the_fuller_a_point_is_and_more_so_without_nights() -> None:
    assert scarcity(0.7, Unattended.NONE) == 0 < scarcity(0.9, Unattended.NONE)
    assert scarcity(0.9, Unattended.FINISH) < scarcity(0.9, Unattended.NONE)
    assert scarcity(1.1, Unattended.NONE) == scarcity(2, Unattended.OVERNIGHT) == 1
