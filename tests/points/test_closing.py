"""Closures: hours without the times that are closed all the same."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.db import Database
from parts3d.errors import Invalid, NotFound
from parts3d.points.closing import (
    call_off,
    chosen_points,
    close_points,
    closures_of,
    typed_moment,
    with_closures,
)
from parts3d.points.hours import BRUSSELS, Hours
from tests.support.network import Network

TEXT = "Mo-Fr 09:00-12:30,13:30-18:30; Sa 10:00-17:00; PH off"
MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=ZoneInfo("Europe/Brussels"))


@given(
    begins=st.integers(0, 6 * 24 * 60),
    minutes=st.integers(1, 3 * 24 * 60),
    asked=st.integers(0, 9 * 24 * 60),
)
def test_it_is_open_when_it_usually_is_and_not_closed(
    begins: int, minutes: int, asked: int
) -> None:
    starts_at = MONDAY + timedelta(minutes=begins)
    ends_at = starts_at + timedelta(minutes=minutes)
    hours = with_closures(TEXT, [(starts_at, ends_at)])
    at = MONDAY + timedelta(minutes=asked)
    closed = starts_at.astimezone(BRUSSELS) <= at < ends_at
    assert hours.is_open(at) == (Hours.parse(TEXT).is_open(at) and not closed)


def test_points_of_a_region_close_together_and_open_again(
    sqlite_database: Database, now: datetime
) -> None:
    network = Network(now)
    until = now + timedelta(hours=5)
    with sqlite_database.unit_of_work() as work:
        network.add_point(work.session)
        network.add_point(work.session, slug="namur")
        points = chosen_points(work.session, "45")
        assert len(points) == 2
        assert [one.slug for one in chosen_points(work.session, "Point 3D Namur")] == ["namur"]
        ids = [one.id for one in points]
        batch = close_points(
            work.session, ids, now, until, reason="Snow", actor="operator:1", now=now
        )
        assert set(closures_of(work.session, ids, now)) == set(ids)
        assert call_off(work.session, batch, now) == 2
        assert closures_of(work.session, ids, now) == {}
        with pytest.raises(NotFound):
            call_off(work.session, "none", now)


def test_a_closure_that_makes_no_sense_is_refused_in_words(
    sqlite_database: Database, now: datetime
) -> None:
    hour = timedelta(hours=1)
    with sqlite_database.unit_of_work() as work:
        for ids, starts, ends, reason, words in (
            ([], now, now + hour, "Snow", "No point"),
            (["x"], now, now + hour, " ", "Say why"),
            (["x"], now, now - hour, "Snow", "after the beginning"),
            (["x"], now, now + timedelta(days=90), "Snow", "At most 60 days"),
        ):
            with pytest.raises(Invalid, match=words):
                close_points(
                    work.session, ids, starts, ends, reason=reason, actor="operator:1", now=now
                )
        with pytest.raises(Invalid, match="no point of this name"):
            chosen_points(work.session, "Atlantis")
        with pytest.raises(Invalid, match="begins with 99"):
            chosen_points(work.session, "99")
    with pytest.raises(Invalid, match="Write day and time"):
        typed_moment("tomorrow", "ends")
