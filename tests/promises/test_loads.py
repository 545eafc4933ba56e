"""How busy a point is, and what its promises for another day make of it."""

from dataclasses import replace
from datetime import timedelta

from parts3d.promises.learning.loads import Loads, learn_loads
from parts3d.promises.plan import plan
from parts3d.promises.print_time import PrintTime
from parts3d.promises.rule import MEASURED
from parts3d.promises.snapshot import Need, Offer, PointSnapshot, ReasonCode
from tests.promises.test_futures import NOW, SHOP, point

LATE = NOW.replace(hour=17)
TWO_HOURS = Need({"mk3s": PrintTime(7200, 0.1, 0.08)}, "PETG")


def test_before_anything_was_seen_a_network_is_quiet() -> None:
    assert Loads().at("anywhere") == 0.25
    assert learn_loads({}, {}).network == 0.25


def test_a_point_is_as_busy_as_it_was_as_far_as_that_is_known() -> None:
    found = learn_loads({"busy": 9_000, "new": 60}, {"busy": 12_000, "idle": 12_000, "new": 60})
    assert found.at("idle") < found.network < found.at("busy") < 0.75
    # An hour says nothing yet: it is thought to be as busy as the others.
    assert abs(found.at("new") - found.network) < 0.02
    assert found.at("unheard-of") == found.network


def test_prints_of_a_withdrawn_point_count_nowhere() -> None:
    assert learn_loads({"gone": 9_000}, {"here": 3_000}).network < 0.25


def offered(where: PointSnapshot) -> Offer:
    [found] = plan(LATE, TWO_HOURS, [where], quantile=MEASURED.levels, horizon=timedelta(days=5))
    assert isinstance(found, Offer)
    return found


def test_a_busy_point_leaves_the_next_day_to_orders_of_that_day_and_says_so() -> None:
    quiet = point(hours=SHOP)
    early, late = offered(quiet), offered(replace(quiet, load=0.65))
    assert early.ready_at < late.ready_at
    assert early.ready_at.date() == late.ready_at.date()
    assert ReasonCode.SLACK not in {reason.code for reason in early.reasons}
    [why] = [reason for reason in late.reasons if reason.code is ReasonCode.SLACK]
    assert float(why.values["minutes"]) > 0


def test_a_crowded_point_leaves_a_further_day() -> None:
    busy, crowded = (offered(replace(point(hours=SHOP), load=load)) for load in (0.65, 0.85))
    assert crowded.ready_at == busy.ready_at + timedelta(days=1)
