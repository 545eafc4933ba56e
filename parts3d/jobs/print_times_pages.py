"""The operator's pages of print times: predicted against real, and what promises use of it."""

from math import expm1
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from parts3d.accounts.guards import OperatorDep
from parts3d.accounts.shell import page
from parts3d.accounts.tables import Role
from parts3d.jobs.print_times_view import (
    ModelView,
    PrintTimesView,
    model_view,
    overview_of_models,
)
from parts3d.slicing.correction_tables import PrintTimeCorrection
from parts3d.web import LanguageDep, NowDep, ReadDep, get_language, gettext_of

_HOUR = 3600

router = APIRouter(prefix="/operator/print-times", include_in_schema=False)


@router.get("")
def show_print_times(
    request: Request, operator: OperatorDep, session: ReadDep, language: LanguageDep, now: NowDep
) -> Response:
    """Show all models, and the most measured one in detail."""
    del operator
    view = overview_of_models(session)
    first = view.models[0].detail if view.models else None
    detail = model_view(session, first, language, now) if first else None
    return _page(request, view, detail)


@router.get("/{model}")
def show_model(
    request: Request,
    model: str,
    operator: OperatorDep,
    session: ReadDep,
    language: LanguageDep,
    now: NowDep,
) -> Response:
    """Show one model in detail."""
    del operator
    detail = model_view(session, model, language, now)
    return _page(request, overview_of_models(session), detail)


def _page(request: Request, view: PrintTimesView, detail: ModelView | None) -> Response:
    _ = gettext_of(get_language(request))

    def axis(seconds: int) -> str:
        if seconds < _HOUR:
            return _("{minutes} min").format(minutes=seconds // 60)
        return _("{hours} h").format(hours=seconds // _HOUR)

    values: dict[str, Any] = {
        "view": view,
        "detail": detail,
        "axis": axis,
        "percent_more": _percent_more,
    }
    return page(request, Role.OPERATOR, "jobs/print_times.html", values)


def _percent_more(row: PrintTimeCorrection) -> float:
    return 100 * expm1(row.log_factor)
