"""Until when an offer stands."""

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from parts3d.points.hours import BRUSSELS, Hours, Unattended
from parts3d.promises.deadline import order_by
from parts3d.promises.plan import plan
from parts3d.promises.print_time import PrintTime
from parts3d.promises.rule import plain_rule
from parts3d.promises.snapshot import Need, Offer, PointSnapshot, PrinterSnapshot
from tests.support.examples import examples

QUANTILE = 0.95


def point(hours: str, unattended: Unattended = Unattended.FINISH) -> PointSnapshot:
    return PointSnapshot(
        id="x",
        opening_hours=Hours.parse(hours),
        staffed_hours=Hours.parse(hours),
        unattended=unattended,
        printers=(PrinterSnapshot("p", "mk3s", "PETG"),),
    )


def need(minutes: int) -> Need:
    # A print that never fails: else an earlier start leaves the evening for a reprint.
    return Need({"mk3s": PrintTime(60.0 * minutes, failure_probability=0)}, "PETG")


def test_what_is_ready_at_opening_may_be_ordered_until_the_last_start_before_closing() -> None:
    evening = datetime(2026, 11, 24, 17, 0, tzinfo=BRUSSELS)
    shop = point("Mo-Sa 09:30-18:30")
    offer = plan(evening, need(120), [shop], quantile=QUANTILE)[0]
    assert isinstance(offer, Offer)
    assert offer.ready_at.astimezone(BRUSSELS).date().day == 25
    until = order_by(evening, need(120), shop, offer, rule=plain_rule(QUANTILE))
    # A start after closing is nobody's: the print then begins the next morning.
    assert until.astimezone(BRUSSELS).strftime("%H:%M") in {"18:29", "18:30"}


def test_an_offer_of_a_shop_that_never_closes_stands_for_the_minutes_of_its_rounding() -> None:
    now = datetime(2026, 11, 24, 10, 0, tzinfo=BRUSSELS)
    shop = point("24/7", Unattended.OVERNIGHT)
    offer = plan(now, need(30), [shop], quantile=QUANTILE)[0]
    assert isinstance(offer, Offer)
    until = order_by(now, need(30), shop, offer, rule=plain_rule(QUANTILE))
    assert until - now < timedelta(minutes=5)


@examples(25)
@given(
    st.datetimes(
        datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds and adds the zone
        datetime(2027, 12, 31),  # noqa: DTZ001 - the same
        timezones=st.just(UTC),
    ),
    st.integers(5, 300),
    st.sampled_from(["Mo-Sa 09:30-18:30; PH off", "Mo-Fr 08:00-12:00,13:00-17:00", "24/7"]),
    st.sampled_from(Unattended),
)
def test_the_offer_stands_at_the_deadline_and_no_longer_a_minute_later(
    now: datetime, minutes: int, hours: str, unattended: Unattended
) -> None:
    shop, wanted = point(hours, unattended), need(minutes)
    offer = plan(now, wanted, [shop], quantile=QUANTILE)[0]
    assume(isinstance(offer, Offer))
    assert isinstance(offer, Offer)
    until = order_by(now, wanted, shop, offer, rule=plain_rule(QUANTILE))
    then = plan(until, wanted, [shop], quantile=QUANTILE)[0]
    assert isinstance(then, Offer)
    assert then.ready_at <= offer.ready_at
    if until < now + timedelta(days=1):
        later = plan(until + timedelta(minutes=1), wanted, [shop], quantile=QUANTILE)[0]
        assert not isinstance(later, Offer) or later.ready_at > offer.ready_at
