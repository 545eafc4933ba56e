"""How the operator's next tariff comes into force, and what can no longer be changed."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from parts3d.db import Database
from parts3d.errors import Conflict, Invalid, NotFound
from parts3d.quotes.tariff_file import TariffSheet, read_sheet, shipped_tariffs, written
from parts3d.quotes.tariff_service import (
    discard,
    drafts,
    edit_draft,
    events_of,
    find_record,
    known_tariffs,
    new_draft,
    publish,
    tariff_in_force,
    withdraw,
)

OLGA = "operator:olga"
TODAY = date(2026, 11, 24)
SOON = date(2026, 12, 1)


def draft_in(database: Database, now: datetime, title: str = "Cheaper PETG") -> str:
    with database.unit_of_work() as work:
        return new_draft(work.session, title=title, actor=OLGA, now=now).id


def with_petg_at(database: Database, record_id: str, cents: str, now: datetime) -> None:
    with database.unit_of_work() as work:
        sheet = read_sheet(find_record(work.session, record_id).sheet)
        changed = sheet.model_copy(
            update={
                "material_cents_per_gram": {
                    **sheet.material_cents_per_gram,
                    "PETG": Decimal(cents),
                }
            }
        )
        edit_draft(work.session, record_id, changed, title="Cheaper PETG", actor=OLGA, now=now)


def publish_on(database: Database, record_id: str, first_day: date, now: datetime) -> str:
    with database.unit_of_work() as work:
        return str(publish(work.session, record_id, first_day, actor=OLGA, now=now).name)


def petg_at(database: Database, moment: datetime) -> Decimal:
    with database.reading() as session:
        return tariff_in_force(session, moment).material_cents_per_gram["PETG"]


def test_a_draft_is_a_copy_of_the_tariff_in_force_and_changes_no_price(
    database: Database, now: datetime
) -> None:
    before = petg_at(database, now)
    record_id = draft_in(database, now)
    with_petg_at(database, record_id, "4.25", now)
    assert petg_at(database, now) == before
    with database.reading() as session:
        (draft,) = drafts(session)
        sheet = read_sheet(draft.sheet)
        assert sheet.material_cents_per_gram["PETG"] == Decimal("4.25")
        assert sheet.handling_cents_per_part == shipped_tariffs()[-1].handling_cents_per_part


def test_a_published_tariff_holds_from_its_first_day_in_brussels_on(
    database: Database, now: datetime
) -> None:
    record_id = draft_in(database, now)
    with_petg_at(database, record_id, "4.25", now)
    assert publish_on(database, record_id, SOON, now) == "2026-12-01"
    midnight = datetime.fromisoformat("2026-12-01T00:00:00+01:00")
    assert petg_at(database, midnight - timedelta(seconds=1)) != Decimal("4.25")
    assert petg_at(database, midnight) == Decimal("4.25")


def test_published_today_it_holds_from_now_on(database: Database, now: datetime) -> None:
    record_id = draft_in(database, now)
    with_petg_at(database, record_id, "4.25", now)
    publish_on(database, record_id, TODAY, now)
    with database.reading() as session:
        assert tariff_in_force(session, now).id == "2026-11-24"


def test_it_is_kept_who_made_changed_and_published_it_and_when(
    database: Database, now: datetime
) -> None:
    record_id = draft_in(database, now)
    with_petg_at(database, record_id, "4.25", now + timedelta(minutes=1))
    with_petg_at(database, record_id, "4.250", now + timedelta(minutes=2))  # changes nothing
    with database.unit_of_work() as work:
        at = now + timedelta(minutes=5)
        publish(work.session, record_id, SOON, actor="operator:otto", now=at)
    with database.reading() as session:
        told = [(one.to_status, one.actor, one.at - now) for one in events_of(session, record_id)]
    assert told == [
        ("draft", OLGA, timedelta(0)),
        ("draft", OLGA, timedelta(minutes=1)),
        ("published", "operator:otto", timedelta(minutes=5)),
    ]


def test_what_is_published_never_changes(database: Database, now: datetime) -> None:
    record_id = draft_in(database, now)
    publish_on(database, record_id, SOON, now)
    with pytest.raises(Conflict, match="never changed"):
        with_petg_at(database, record_id, "1", now)
    with pytest.raises(Conflict), database.unit_of_work() as work:
        discard(work.session, record_id, actor=OLGA, now=now)
    # Published twice is published once.
    assert publish_on(database, record_id, SOON + timedelta(days=9), now) == "2026-12-01"


def test_two_tariffs_never_begin_on_the_same_day(database: Database, now: datetime) -> None:
    publish_on(database, draft_in(database, now), SOON, now)
    other = draft_in(database, now, "Another")
    with pytest.raises(Conflict, match="begins on 01/12/2026 already"):
        publish_on(database, other, SOON, now)
    with pytest.raises(Invalid, match="is over"):
        publish_on(database, other, TODAY - timedelta(days=1), now)


def test_a_tariff_that_has_not_begun_is_withdrawn_and_its_day_is_free_again(
    database: Database, now: datetime
) -> None:
    first = draft_in(database, now)
    publish_on(database, first, SOON, now)
    with database.unit_of_work() as work:
        withdraw(work.session, first, actor=OLGA, now=now)
    with database.reading() as session:
        assert [one.record for one in known_tariffs(session) if one.record] == []
    # But never its name: whoever reads of it finds one tariff.
    assert publish_on(database, draft_in(database, now), SOON, now) == "2026-12-01.2"


def test_a_tariff_that_has_begun_cannot_be_withdrawn(database: Database, now: datetime) -> None:
    record_id = draft_in(database, now)
    publish_on(database, record_id, SOON, now)
    with (
        pytest.raises(Conflict, match="in force since 01/12/2026"),
        database.unit_of_work() as work,
    ):
        withdraw(work.session, record_id, actor=OLGA, now=now + timedelta(days=7))


def test_a_draft_can_be_thrown_away_but_not_nameless(database: Database, now: datetime) -> None:
    record_id = draft_in(database, now)
    with database.unit_of_work() as work:
        discard(work.session, record_id, actor=OLGA, now=now)
    with database.reading() as session:
        assert drafts(session) == []
    with pytest.raises(Invalid, match="Give the draft a name"):
        draft_in(database, now, "  ")
    with pytest.raises(NotFound), database.unit_of_work() as work:
        publish(work.session, "0" * 32, SOON, actor=OLGA, now=now)


def test_a_sheet_is_written_and_read_back_exactly() -> None:
    sheet = TariffSheet.model_validate(
        {
            "material_cents_per_gram": {"PETG": "5.123456789"},
            "machine_cents_per_hour": {"default": "180"},
            "handling_cents_per_order": "0.1",
            "handling_cents_per_part": "0",
            "share_rate": "0.3333",
            "minimum_total_cents": 490,
            "quantity_breaks": [{"from_copies": 5, "rate": "0.05"}],
            "rush": {"rate": "0.3", "meaning": {"en": "first"}},
            "royalties": {"knob": {"author": "Ada", "rate": "0.05"}},
            "voucher_floor_cents": 100,
        }
    )
    assert read_sheet(written(sheet)) == sheet
    assert read_sheet(written(sheet)).tariff("t", TODAY) == sheet.tariff("t", TODAY)
    with pytest.raises(Invalid, match="share_rate"):
        read_sheet({**written(sheet), "share_rate": "-1"})
