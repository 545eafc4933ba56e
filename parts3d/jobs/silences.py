"""When shops' agents fell silent, as the sweep sees it: what planning learns their chance from.

A shop prints on while it is off-line; only nothing new is begun. Only silence in staffed hours
counts: many shops switch everything off at night. While the server itself was away it heard
nobody, so a silence is noted only from when the sweep has watched without a gap.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from parts3d.accounts.tables import Agent
from parts3d.jobs.measuring import WINDOW
from parts3d.points.hours import Hours
from parts3d.points.spell_tables import AgentSilence
from parts3d.points.tables import Point
from parts3d.promises.decision_tables import Learning
from parts3d.promises.learning.hazards import Spell

# What is shorter than this hinders nobody.
QUIET_FROM = timedelta(minutes=3)
_GAP = timedelta(minutes=2)  # without a sweep: nobody watched
_NOTED_EVERY = timedelta(seconds=30)
_SAMPLE = timedelta(days=28)  # of a point's hours, for how many there are
_AN_HOUR = timedelta(hours=1)
_MOST_ROWS = 20_000


def note_silences(session: Session, now: datetime) -> int:
    """Note agents that fell silent or are heard again since the last look; the sweep's.

    Returns how many silences began or ended.
    """
    watched_since = _watched_since(session, now)
    open_rows = {
        row.agent_id: row
        for row in session.exec(
            select(AgentSilence).where(col(AgentSilence.ended_at).is_(None)).with_for_update()
        )
    }
    changed = 0
    for agent in session.exec(select(Agent).where(col(Agent.last_heard_at).is_not(None))):
        heard_at, row = agent.last_heard_at or now, open_rows.get(agent.id)
        since = max(heard_at, watched_since)
        if agent.revoked_at is not None or now - heard_at <= QUIET_FROM:
            if row is not None:
                row.ended_at = now
                changed += 1
        elif row is None and now - since > QUIET_FROM:
            session.add(AgentSilence(agent_id=agent.id, point_id=agent.point_id, began_at=since))
            changed += 1
    session.flush()
    return changed


def read_silences(session: Session, now: datetime) -> tuple[list[Spell], Mapping[str, float]]:
    """Return the silences of points' agents in staffed hours, and the hours they were heard."""
    begin = now - WINDOW
    points = {one.id: one for one in session.exec(select(Point))}
    hours = {key: Hours.parse(one.staffed_hours) for key, one in points.items()}
    away: dict[str, float] = defaultdict(float)
    spells: list[Spell] = []
    for row in session.exec(
        select(AgentSilence).where(col(AgentSilence.began_at) > begin).limit(_MOST_ROWS)
    ):
        if row.point_id not in hours:
            continue
        lasted = hours[row.point_id].open_time(row.began_at, row.ended_at or now)
        if lasted < QUIET_FROM:
            continue
        away[row.point_id] += lasted / _AN_HOUR
        spells.append(Spell(row.point_id, lasted / _AN_HOUR, over=row.ended_at is not None))
    began: dict[str, datetime] = {}
    for agent in session.exec(select(Agent).where(col(Agent.revoked_at).is_(None))):
        began[agent.point_id] = min(began.get(agent.point_id, now), agent.created_at)
    heard = {
        point_id: max(_share(hours[point_id], now) * ((now - max(at, begin)) / _AN_HOUR), 1.0)
        for point_id, at in began.items()
        if point_id in hours
    }
    working = {key: max(of_all - away[key], 1.0) for key, of_all in heard.items()}
    return [one for one in spells if one.unit in working], working


def _watched_since(session: Session, now: datetime) -> datetime:
    """Return since when the sweep has come without a gap, and note that it has come."""
    state = session.exec(select(Learning).with_for_update()).first()
    if state is None:
        state = Learning()
        session.add(state)
    if state.watched_since is None or now - (state.watched_until or state.watched_since) > _GAP:
        state.watched_since = state.watched_until = now
    elif state.watched_until is None or now - state.watched_until > _NOTED_EVERY:
        state.watched_until = now
    return state.watched_since


def _share(hours: Hours, now: datetime) -> float:
    """Return the share of all time in which somebody is there."""
    return hours.open_time(now - _SAMPLE, now) / _SAMPLE
