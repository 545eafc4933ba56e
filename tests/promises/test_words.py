import string
from datetime import datetime, timedelta

import pytest

from parts3d.points.hours import BRUSSELS
from parts3d.promises import words
from parts3d.promises.snapshot import Offer, Reason, ReasonCode, Refusal, RefusalCode, Value

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=BRUSSELS)
READY = NOW.replace(hour=16, minute=40)

REFUSAL_PARAMS: dict[RefusalCode, dict[str, Value]] = {
    RefusalCode.PART_DOES_NOT_FIT: {"models": "mini"},
    RefusalCode.NO_MATERIAL: {"material": "ASA", "loaded": "PLA, PETG"},
    RefusalCode.PRINTERS_UNAVAILABLE: {"reasons": "last heard 09:02"},
    RefusalCode.NEVER_OPEN: {"days": 14},
    RefusalCode.TOO_LONG_FOR_HOURS: {"print_minutes": 605},
    RefusalCode.BEYOND_CAPACITY: {"quantity": 200, "days": 14},
    RefusalCode.FULLY_BOOKED: {"quantity": 1, "days": 14},
    RefusalCode.RUSH_NOT_EARLIER: {},
}
REASON_VALUES: dict[ReasonCode, dict[str, Value]] = {
    ReasonCode.FROM_STOCK: {"parts": 1},
    ReasonCode.TWINS: {},
    ReasonCode.PRINT_TIME: {"median_seconds": 3600, "planned_seconds": 4500, "quantile": 0.95},
    ReasonCode.SPARE_PRINTS: {"spare_prints": 1, "failure_probability": 0.07},
    ReasonCode.QUEUE: {"prints": 2, "median_seconds": 3000},
    ReasonCode.HOLDS: {"prints": 1, "median_seconds": 600},
    ReasonCode.BED_NOT_CLEAR: {"bed_clear_minutes": 5},
    ReasonCode.WAITS_FOR_ATTENDANCE: {"starts_at": READY.isoformat(), "rule": "none"},
    ReasonCode.STAFF_TIME: {"bed_clear_minutes": 5, "check_minutes": 10},
    ReasonCode.MAINTENANCE: {"ends_at": READY.isoformat()},
    ReasonCode.STAFF_BACKLOG: {"minutes": 10},
    ReasonCode.MATERIAL_CHANGE: {"material": "ASA", "minutes": 10},
    ReasonCode.OVERTAKES: {"harm": 0.001},
    ReasonCode.RUSH: {"otherwise_ready_at": READY.isoformat()},
    ReasonCode.CHANCE: {"kept": 0.993, "half_ready_at": READY.isoformat(), "futures": 256},
    ReasonCode.SLACK: {"minutes": 90},
    ReasonCode.WAITS_FOR_OPENING: {"opens_at": READY.isoformat()},
}


def english(text: str) -> str:
    return text


def french(text: str) -> str:
    return {
        "Ready {day_and_time} at {point}": "Prêt {day_and_time} chez {point}",
        "on {date} at {time}": "{date} à {time}",
    }.get(text, text)


def offer(ready_at: datetime = READY) -> Offer:
    return Offer("huy", "p1", ready_at, NOW, (), (), 0.95)


def test_the_promise_is_one_sentence_with_time_place_way_and_closing() -> None:
    sentence = words.promise_sentence(
        offer(),
        now=NOW,
        point_name="Point 3D Huy",
        _=english,
        distance_km=1.23,
        closes_at=NOW.replace(hour=18, minute=30),
    )
    assert sentence == "Ready today at 16:40 at Point 3D Huy, 1.2 km, open until 18:30"


def test_what_is_not_known_is_left_out() -> None:
    sentence = words.promise_sentence(offer(), now=NOW, point_name="Huy", _=english)
    assert sentence == "Ready today at 16:40 at Huy"


def test_tomorrow_and_later_days_are_named() -> None:
    late = NOW.replace(hour=23, minute=59)
    tomorrow = READY + timedelta(days=1)
    assert words.moment_words(tomorrow, now=late, _=english) == "tomorrow at 16:40"
    thursday = READY + timedelta(days=2)
    assert words.moment_words(thursday, now=late, _=english) == "on Thursday 26 November at 16:40"


def test_another_language_has_its_own_words_days_and_numbers() -> None:
    sentence = words.promise_sentence(
        offer(READY + timedelta(days=2)),
        now=NOW,
        point_name="Point 3D Huy",
        _=french,
        locale="fr",
        distance_km=1.23,
    )
    assert sentence == "Prêt jeudi 26 novembre à 16:40 chez Point 3D Huy, 1,2 km"


@pytest.mark.parametrize("code", RefusalCode)
def test_every_refusal_is_a_sentence_that_says_what_would_help(code: RefusalCode) -> None:
    refusal = Refusal("huy", code, REFUSAL_PARAMS[code])
    sentence = words.refusal_sentence(refusal, point_name="Point 3D Huy", _=english)
    assert "Point 3D Huy" in sentence
    assert "Choose another point" in sentence or "choose another point" in sentence
    assert "{" not in sentence


def test_a_refusal_for_length_gives_hours_and_minutes() -> None:
    code = RefusalCode.TOO_LONG_FOR_HOURS
    refusal = Refusal("huy", code, REFUSAL_PARAMS[code])
    assert "10 h 05 min" in words.refusal_sentence(refusal, point_name="Huy", _=english)


@pytest.mark.parametrize("code", ReasonCode)
def test_every_reason_is_a_sentence(code: ReasonCode) -> None:
    sentence = words.reason_sentence(Reason(code, REASON_VALUES[code]), now=NOW, _=english)
    assert sentence.endswith(".")
    assert "{" not in sentence


def test_the_quantile_is_said_as_times_in_a_hundred() -> None:
    reason = Reason(ReasonCode.PRINT_TIME, REASON_VALUES[ReasonCode.PRINT_TIME])
    assert words.reason_sentence(reason, now=NOW, _=english) == (
        "One print takes about 1 h 00 min; planned with 1 h 15 min, which 95 of 100 such "
        "prints do not exceed."
    )


def test_the_room_that_a_crowded_point_leaves_is_said_in_hours() -> None:
    reason = Reason(ReasonCode.SLACK, {"minutes": 1470})
    assert words.reason_sentence(reason, now=NOW, _=english).endswith("that day: 24 h 30 min.")


def test_all_message_ids_have_named_places_only_so_that_translators_can_move_them() -> None:
    for text in (*words._REFUSALS.values(), *words._REASONS.values()):
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
        assert all(name.isidentifier() for name in names)
