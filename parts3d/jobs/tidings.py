"""What every answer to an agent brings along: beds, materials, what to drop, what staff ask."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from parts3d.accounts.tables import Agent
from parts3d.jobs.commands import commands_for
from parts3d.jobs.news import News
from parts3d.jobs.printers import dropped_attempts
from parts3d.jobs.versions import new_enough, too_old
from parts3d.points.tables import Printer


def tidings(
    session: Session,
    agent: Agent,
    printers: Sequence[Printer],
    news: News,
    now: datetime,
    *,
    least_version: str,
) -> dict[str, Any]:
    """Return the fields of ``Tidings``; what ``news`` rules out is not looked for."""
    return {
        **printers_told(printers),
        "cancel": dropped_attempts(session, agent) if news.dropped else (),
        "commands": commands_for(session, agent, now) if news.commands else (),
        "notice": notice(agent.version, least_version),
    }


def printers_told(printers: Sequence[Printer]) -> dict[str, Any]:
    """Return what staff say of beds and materials, by printer id."""
    return {
        "bed_clear": {printer.id: printer.bed_clear for printer in printers},
        "loaded": {printer.id: printer.material for printer in printers},
    }


def notice(version: str | None, least_version: str) -> str | None:
    """Return what the shop should know of its agent's version, in words; mostly nothing."""
    return None if new_enough(version, least_version) else too_old(version, least_version)
