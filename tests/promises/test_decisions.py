"""Promises as decisions: what each was computed from is kept, replayed, and judged."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from parts3d.db import Database
from parts3d.errors import Unreadable
from parts3d.points.hours import Hours, HoursException
from parts3d.promises.decision_tables import Outcome, PromiseDecision
from parts3d.promises.decisions import forget, replay
from parts3d.promises.evidence import Evidence, pack, unpack
from parts3d.promises.outcomes import Ended, open_decisions, settle
from parts3d.promises.plan import plan
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queued import Queued
from parts3d.promises.snapshot import Need, Offer, PointSnapshot, PrinterSnapshot, Unattended
from parts3d.settings import Settings
from tests.support.network import opened, placed, settings_for, small_network


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def decided(now: datetime, minutes: int, waiting: int, closed: date | None) -> Evidence:
    exceptions = (HoursException(closed, closed, "off", "Snow."),) if closed else ()
    hours = Hours.parse("Mo-Sa 09:00-18:30; PH off", exceptions)
    ahead = tuple(
        Queued(PrintTime(1800.5, 0.1), job_id=f"job{number}", due_at=now)
        for number in range(waiting)
    )
    point = PointSnapshot(
        "huy",
        hours,
        hours,
        Unattended.FINISH,
        (PrinterSnapshot("one", "mk3s", "PETG", waiting=ahead),),
    )
    needs = (Need({"mk3s": PrintTime(minutes * 60.0)}, "PETG"),)
    [offer] = plan(now, needs, [point], quantile=0.95)
    assert isinstance(offer, Offer)
    return Evidence(now, needs, point, 0.95, offer)


@given(
    minutes=st.integers(1, 300),
    waiting=st.integers(0, 8),
    days=st.none() | st.integers(0, 3),
)
def test_a_decision_is_read_as_it_was_written_and_gives_the_same_answer(
    minutes: int, waiting: int, days: int | None
) -> None:
    now = datetime.fromisoformat("2026-11-24T09:00:00+00:00")
    evidence = decided(
        now, minutes, waiting, None if days is None else (now + timedelta(days=days)).date()
    )
    read = unpack(pack(evidence))
    assert read == evidence
    assert pack(read) == pack(evidence)
    assert plan(read.now, read.needs, [read.point], quantile=read.quantile) == [evidence.offer]


def test_damaged_evidence_is_refused_in_words(now: datetime) -> None:
    packed = pack(decided(now, 30, 2, None))
    for damaged in (b"", packed[:50], packed[:-10] + b"0123456789", b"nothing"):
        with pytest.raises(Unreadable, match="can no longer be read"):
            unpack(damaged)


def test_a_placed_order_keeps_its_decision_and_replays_it(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = placed(database, settings, network)
    with database.reading() as session:
        [row] = session.exec(select(PromiseDecision)).all()
        again = replay(row)
    assert row.order_id == order.id
    assert (row.level, row.hour, row.printer_model) == (settings.promise_quantile, 10, "mk3s")
    assert row.same_day
    assert again.same
    assert again.fault is None


def test_a_replay_says_when_the_answer_is_another_today(now: datetime) -> None:
    evidence = decided(now, 30, 2, None)
    stored = replace(evidence, offer=replace(evidence.offer, ready_at=now + timedelta(minutes=5)))
    row = PromiseDecision(
        promise_id="p",
        made_at=now,
        level=0.95,
        point_id="huy",
        printer_model="mk3s",
        hour=10,
        same_day=True,
        ready_at=stored.offer.ready_at,
        evidence=pack(stored),
    )
    found = replay(row)
    assert not found.same
    assert isinstance(found.again, Offer)
    row.evidence = None
    assert replay(row).fault == "What it was computed from is no longer kept."


def test_decisions_without_an_order_go_after_a_day_and_evidence_after_its_time(
    sqlite_database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(sqlite_database, now)
    placed(sqlite_database, settings, network)
    opened(sqlite_database, settings, network)
    keep = timedelta(days=90)
    with sqlite_database.unit_of_work() as work:
        assert forget(work.session, now + timedelta(hours=23), keep=keep) == 0
        assert forget(work.session, now + timedelta(days=2), keep=keep) == 1
        assert forget(work.session, now + timedelta(days=91), keep=keep) == 1
    with sqlite_database.reading() as session:
        [row] = session.exec(select(PromiseDecision)).all()
        assert row.evidence is None


def test_an_outcome_counts_by_the_promised_minute_and_silence_counts_as_missed(
    sqlite_database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(sqlite_database, now)
    orders = [
        placed(sqlite_database, settings, network, email=f"{name}@example.be")
        for name in ("kept", "late", "waiting", "cancelled")
    ]
    kept, late, waiting, cancelled = orders
    after = max(order.ready_promised_at for order in orders) + timedelta(hours=1)
    with sqlite_database.unit_of_work() as work:
        rows = open_decisions(work.session)
        known = [
            Ended(kept.id, kept.ready_promised_at, kept.point_id),
            Ended(late.id, late.ready_promised_at + timedelta(minutes=7), "elsewhere", moved=True),
            Ended(waiting.id, None, waiting.point_id),
            Ended(cancelled.id, None, cancelled.point_id, ended=True),
        ]
        settle(work.session, rows, known[3:], now)
        settle(work.session, rows, known[:3], after)
        found = {row.order_id: row for row in rows}
    assert found[kept.id].outcome is Outcome.KEPT
    assert found[late.id].outcome is Outcome.MISSED
    assert found[late.id].late_minutes == 7
    assert (found[late.id].ready_point_id, found[late.id].moved) == ("elsewhere", True)
    assert found[waiting.id].outcome is Outcome.MISSED
    assert found[cancelled.id].outcome is Outcome.ENDED
    with sqlite_database.unit_of_work() as work:
        left = open_decisions(work.session)
        assert [row.order_id for row in left] == [waiting.id]
        settle(work.session, left, [Ended(waiting.id, after, waiting.point_id)], after)
        assert left[0].late_minutes is not None
        assert open_decisions(work.session) == []
