"""Agents fall silent and are heard again: noted by the sweep, learned, planned with."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from parts3d.accounts.tables import Agent
from parts3d.jobs.learning import keep_found, learn
from parts3d.jobs.queues import read_queues
from parts3d.jobs.silences import note_silences, read_silences
from parts3d.points.spell_tables import AgentSilence
from parts3d.points.tables import Point, Printer
from parts3d.promises.learned import LearnedKind, history_of
from parts3d.promises.queries import point_snapshots
from tests.jobs.bench import Shop


def heard(shop: Shop, at: datetime) -> None:
    with shop.database.unit_of_work() as work:
        work.session.exec(select(Agent)).one().last_heard_at = at


def swept(shop: Shop, since: datetime, until: datetime) -> None:
    """Let the sweep come every minute."""
    at = since
    while at <= until:
        with shop.database.unit_of_work() as work:
            note_silences(work.session, at)
        at += timedelta(minutes=1)


def silences(shop: Shop) -> list[AgentSilence]:
    with shop.database.reading() as session:
        return list(session.exec(select(AgentSilence).order_by(AgentSilence.began_at)).all())  # type: ignore[arg-type]


def test_a_silence_lasts_from_the_last_word_to_the_next(shop: Shop, now: datetime) -> None:
    heard(shop, now)
    swept(shop, now, now + timedelta(minutes=3))
    assert silences(shop) == []
    swept(shop, now + timedelta(minutes=4), now + timedelta(minutes=30))
    [row] = silences(shop)
    assert (row.began_at, row.ended_at) == (now, None)
    again = now + timedelta(minutes=31)
    heard(shop, again)
    swept(shop, again, again + timedelta(minutes=1))
    [row] = silences(shop)
    assert row.ended_at == again


def test_while_the_server_was_away_nobody_was_silent(shop: Shop, now: datetime) -> None:
    heard(shop, now)
    swept(shop, now, now + timedelta(minutes=2))
    back = now + timedelta(hours=3)
    swept(shop, back, back + timedelta(minutes=3))
    assert silences(shop) == []
    # Who is not heard long after it came back is silent since then.
    swept(shop, back + timedelta(minutes=4), back + timedelta(minutes=6))
    assert [row.began_at for row in silences(shop)] == [back]


def test_only_silence_in_staffed_hours_counts(shop: Shop, now: datetime) -> None:
    with shop.database.unit_of_work() as work:
        agent = work.session.exec(select(Agent)).one()
        agent.created_at = now - timedelta(days=28)
        point = work.session.get_one(Point, agent.point_id)
        point.staffed_hours = "Mo-Sa 09:00-18:00"
        evening = (now - timedelta(days=4)).replace(hour=17, minute=30)
        morning = evening + timedelta(hours=16)  # half past nine
        for begins, ends in (
            (evening, morning),
            (evening.replace(hour=22), evening.replace(hour=23)),
        ):
            row = AgentSilence(agent_id=agent.id, point_id=point.id, began_at=begins, ended_at=ends)
            work.session.add(row)
            work.session.flush()
    with shop.database.reading() as session:
        spells, working = read_silences(session, now)
    assert [(one.hours, one.over) for one in spells] == [(1.0, True)]
    assert working == {point.id: pytest.approx(24 * 9 - 1, abs=10)}


def test_what_was_learned_is_kept_with_its_history_and_planned_with(
    shop: Shop, now: datetime
) -> None:
    with shop.database.unit_of_work() as work:
        agent = work.session.exec(select(Agent)).one()
        agent.created_at = now - timedelta(days=100)
        for day in range(1, 31):
            begins = now - timedelta(days=day)
            row = AgentSilence(
                agent_id=agent.id,
                point_id=agent.point_id,
                began_at=begins,
                ended_at=begins + timedelta(minutes=45),
            )
            work.session.add(row)
        keep_found(work.session, learn(work.session, now), now)
    with shop.database.unit_of_work() as work:
        work.session.get_one(Printer, shop.printer_id).last_heard_at = now - timedelta(minutes=20)
    with shop.database.reading() as session:
        assert len(history_of(session, LearnedKind.SILENCES)) == 1
        point = session.exec(select(Point)).one()
        [snapshot] = point_snapshots(session, [point], now, read_queues=read_queues)
    # One in eighty hours, drawn towards what is believed of all.
    assert 1 / 160 < snapshot.silences_per_hour < 1 / 70
    shortest, longest = snapshot.silence_hours
    assert shortest < 0.75 < longest
    [printer] = snapshot.printers
    assert (printer.available, printer.down_minutes) == (False, None)
    assert printer.silent_minutes == pytest.approx(20)


def test_an_agent_silent_for_a_week_is_waited_for_by_nobody(shop: Shop, now: datetime) -> None:
    with shop.database.unit_of_work() as work:
        work.session.get_one(Printer, shop.printer_id).last_heard_at = now - timedelta(days=8)
    with shop.database.reading() as session:
        point = session.exec(select(Point)).one()
        [snapshot] = point_snapshots(session, [point], now, read_queues=read_queues)
    assert snapshot.printers[0].silent_minutes is None
