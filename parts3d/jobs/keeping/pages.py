"""The operator's pages of promises: calibration, today's at risk, each decision replayed."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session, select

from parts3d.accounts.guards import OperatorDep
from parts3d.accounts.shell import page
from parts3d.accounts.tables import Role
from parts3d.errors import NotFound
from parts3d.jobs.keeping.calibration_drawing import calibration_chart
from parts3d.jobs.keeping.explaining import explain_order
from parts3d.jobs.keeping.figures import WINDOW, at_risk_today, figures
from parts3d.jobs.keeping.risk import endangered_now
from parts3d.languages import locale_of
from parts3d.orders.tables import Order
from parts3d.points.hours import BRUSSELS
from parts3d.points.tables import Point
from parts3d.promises.learned import (
    LEAST_CLEARINGS,
    LearnedKind,
    current_learned,
    history_of,
    value_of,
)
from parts3d.promises.learning.calibration import By
from parts3d.promises.learning.misses import planned_level
from parts3d.web import ContextDep, LanguageDep, NowDep, ReadDep, gettext_of

router = APIRouter(prefix="/operator/promises", include_in_schema=False)


@router.get("")
def show_promises(
    request: Request,
    operator: OperatorDep,
    session: ReadDep,
    context: ContextDep,
    language: LanguageDep,
    now: NowDep,
) -> Response:
    """Show how well promises are kept, and which of today's are at risk."""
    del operator
    found = figures(session, now)
    names = dict(session.exec(select(Point.id, Point.name)).all())
    chances = endangered_now(session, context.settings, now)
    values = {
        "figures": found,
        "chart": calibration_chart([cell for _, cell in found.calibration.bins]),
        "at_risk": at_risk_today(session, now, gettext_of(language), chances=chances),
        "point_names": names,
        "by": By,
        "days": WINDOW.days,
        "learned": learned_view(session, names, now),
        "target": context.settings.promise_quantile,
        "corrected": corrected_view(session, names, now, context.settings.promise_quantile),
    }
    return page(request, Role.OPERATOR, "jobs/promises.html", values)


def learned_view(session: Session, names: dict[str, str], now: datetime) -> dict[str, Any]:
    """Return what was learned of staff, failures and outages, to be shown."""
    found = current_learned(session)
    hour = now.astimezone(BRUSSELS).hour
    rate = found.rates.network
    return {
        "staff": [
            {
                "point": names.get(point_id, point_id),
                "count": count,
                "used": count >= LEAST_CLEARINGS,
                "median": found.staff.quantile_minutes(point_id, hour, 0.5),
                "most": found.staff.quantile_minutes(point_id, hour, 0.95),
            }
            for point_id, count in sorted(
                found.staff.counts.items(), key=lambda one: names.get(one[0], "")
            )
            if count
        ],
        "failing": rate.per_print if found.counts.get(LearnedKind.FAILURES) else None,
        "rejected": rate.reject if found.counts.get(LearnedKind.FAILURES) else None,
        "between_outages_days": 1 / found.outages.per_hour / 24
        if found.outages is not None and found.outages.spells
        else None,
        "load": found.loads.network if found.counts.get(LearnedKind.LOADS) else None,
        "between_silences_hours": 1 / found.silences.per_hour
        if found.silences is not None and found.silences.spells
        else None,
        "least": LEAST_CLEARINGS,
    }


def corrected_view(
    session: Session, names: dict[str, str], now: datetime, target: float
) -> dict[str, Any] | None:
    """Return what promises are planned with, since they were missed as often as they were."""
    misses = current_learned(session).misses
    if not misses.counted:
        return None
    hour = now.astimezone(BRUSSELS).hour
    history = [
        (row.made_at, value_of(row).whole) for row in history_of(session, LearnedKind.MISSES)
    ]
    return {
        "whole": misses.whole,
        "counted": misses.counted,
        "points": [
            {
                "point": names.get(point_id, point_id),
                "promises": ratio.promises,
                "missed": ratio.missed,
                "expected": ratio.expected,
                "level": planned_level(target, misses.factor(point_id, hour, ())),
            }
            for point_id, ratio in sorted(
                misses.groups[By.POINT].items(), key=lambda one: names.get(one[0], "")
            )
        ],
        "history": [
            (made_at, whole, planned_level(target, whole.ratio)) for made_at, whole in history
        ],
    }


@router.get("/orders/{order_id}")
def show_decision(
    request: Request, order_id: str, operator: OperatorDep, session: ReadDep, language: LanguageDep
) -> Response:
    """Show why an order was promised what it was, computed again from what was stored."""
    del operator
    order = session.get(Order, order_id)
    if order is None:
        raise NotFound("There is no such order.")
    explained = explain_order(session, order, gettext_of(language), locale_of(language))
    values = {"order": order, "explained": explained}
    return page(request, Role.OPERATOR, "jobs/promise.html", values)
