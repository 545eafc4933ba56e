"""Why a point promises nothing, as data; ``words`` says it to people. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from parts3d.points.hours import Unattended
from parts3d.promises.attendance import starts_at
from parts3d.promises.snapshot import (
    Need,
    PointSnapshot,
    PrinterSnapshot,
    Refusal,
    RefusalCode,
)


def usable_printers(need: Need, point: PointSnapshot) -> list[PrinterSnapshot]:
    """Return the printers that can make the part: it fits, the material is there, they work."""
    return [
        printer
        for printer in point.printers
        if printer.available
        and (printer.material == need.material or need.material in point.stock)
        and printer.model in need.print_times
    ]


def refuse_unfit(
    now: datetime, needs: Sequence[Need], point: PointSnapshot, until: datetime
) -> Refusal | None:
    """Refuse a point that could not make the parts or hand them over even with empty queues."""
    several = _several_lines(needs)
    for need in needs:
        refusal = _refuse_need(need, point)
        if refusal is not None:
            return replace(refusal, line=need.line if several else None)
    for hours in (point.opening_hours, point.staffed_hours):
        opens_at = hours.next_open(now)
        if opens_at is None or opens_at > until:
            return Refusal(point.id, RefusalCode.NEVER_OPEN, {"days": (until - now).days})
    return None


def _refuse_need(need: Need, point: PointSnapshot) -> Refusal | None:
    fitting = [printer for printer in point.printers if printer.model in need.print_times]
    if not fitting:
        models = ", ".join(sorted({printer.model for printer in point.printers}))
        return Refusal(point.id, RefusalCode.PART_DOES_NOT_FIT, {"models": models})
    loaded = [
        printer
        for printer in fitting
        if printer.material == need.material or need.material in point.stock
    ]
    if not loaded:
        there = ", ".join(sorted({printer.material for printer in fitting}))
        return Refusal(
            point.id, RefusalCode.NO_MATERIAL, {"material": need.material, "loaded": there}
        )
    if not any(printer.available for printer in loaded):
        reasons = "; ".join(dict.fromkeys(printer.reason for printer in loaded if printer.reason))
        return Refusal(point.id, RefusalCode.PRINTERS_UNAVAILABLE, {"reasons": reasons})
    return None


def refuse_capacity(
    now: datetime, needs: Sequence[Need], point: PointSnapshot, until: datetime
) -> Refusal:
    """Say why no ready time until the horizon was found at a point that could make the parts."""
    several = _several_lines(needs)
    if point.unattended == Unattended.NONE:
        for need in needs:
            medians = [
                need.time_on(printer).median_seconds for printer in usable_printers(need, point)
            ]
            shortest = timedelta(seconds=min(medians))
            if starts_at(point, now, shortest, until) is None:
                return Refusal(
                    point.id,
                    RefusalCode.TOO_LONG_FOR_HOURS,
                    {"print_minutes": round(shortest.total_seconds() / 60)},
                    line=need.line if several else None,
                )
    parts = sum(need.parts for need in needs)
    code = RefusalCode.BEYOND_CAPACITY if parts > 1 else RefusalCode.FULLY_BOOKED
    return Refusal(point.id, code, {"quantity": parts, "days": (until - now).days})


def _several_lines(needs: Sequence[Need]) -> bool:
    return len({need.line for need in needs}) > 1
