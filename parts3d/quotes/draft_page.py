"""The page of one draft: its form, and what it would have made of past orders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlmodel import Session

from parts3d.accounts.actors import actor_names
from parts3d.accounts.shell import page
from parts3d.accounts.tables import Role
from parts3d.context import Context
from parts3d.orders.effect_view import effect_view
from parts3d.quotes.part_choices import part_choices
from parts3d.quotes.tariff import ANY_MODEL
from parts3d.quotes.tariff_file import read_sheet
from parts3d.quotes.tariff_form import BLANK_BREAKS, MOST_BREAKS, typed_of
from parts3d.quotes.tariff_service import (
    brussels_day,
    events_of,
    find_record,
    tariff_in_force,
    tariff_of,
)
from parts3d.slicing.profiles import materials, printer_models
from parts3d.web import get_language

PERIODS = (30, 90, 365)


@dataclass(frozen=True, slots=True)
class Refused:
    """What was typed and refused: it is shown again, with its faults in words by field."""

    faults: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] | None = None
    first_day: str | None = None
    status: int = 200


def draft_page(
    request: Request,
    session: Session,
    context: Context,
    record_id: str,
    now: datetime,
    *,
    days: int = PERIODS[0],
    refused: Refused = Refused(),
) -> Response:
    """Show a draft; ``days``: of which orders its effect is shown."""
    record = find_record(session, record_id)
    sheet = read_sheet(record.sheet)
    typed = refused.typed or {**typed_of(sheet), "title": record.title}
    events = events_of(session, record.id)
    today = brussels_day(now)
    values: dict[str, Any] = {
        "record": record,
        "typed": typed,
        "faults": refused.faults,
        "materials": sorted({*sheet.material_cents_per_gram, *materials()}),
        "models": sorted({*sheet.machine_cents_per_hour, *printer_models()} - {ANY_MODEL}),
        # Printers with a price of their own stand open.
        "special_models": [
            name
            for name, text in typed.items()
            if name.startswith("machine.") and name != f"machine.{ANY_MODEL}" and text
        ],
        "breaks": range(min(MOST_BREAKS, len(sheet.quantity_breaks) + BLANK_BREAKS)),
        "royalties": range(len(sheet.royalties) + 1),
        "parts": part_choices(session, get_language(request)),
        "events": events,
        "names": actor_names(session, [event.actor for event in events]),
        "first_day": refused.first_day or (today + timedelta(days=1)).isoformat(),
        "today": today.isoformat(),
        "days": days,
        "periods": PERIODS,
        **effect_view(
            session,
            tariff_of(record),
            tariff_in_force(session, now),
            now,
            days=days,
            vat=Decimal(context.settings.vat_percent) / 100,
            language=get_language(request),
        ),
    }
    return page(request, Role.OPERATOR, "quotes/draft.html", values, status=refused.status)
