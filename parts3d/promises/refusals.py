"""Why a point promises nothing, as data; ``words`` says it to people. Pure."""

from collections.abc import Sequence
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
    """Return the printers that can make the part: it fits, the material is loaded, they work."""
    return [
        printer
        for printer in point.printers
        if printer.available
        and printer.material == need.material
        and printer.model in need.print_times
    ]


def refuse_unfit(
    now: datetime, need: Need, point: PointSnapshot, until: datetime
) -> Refusal | None:
    """Refuse a point that could not make the part or hand it over even with empty queues."""
    fitting = [printer for printer in point.printers if printer.model in need.print_times]
    if not fitting:
        models = ", ".join(sorted({printer.model for printer in point.printers}))
        return Refusal(point.id, RefusalCode.PART_DOES_NOT_FIT, {"models": models})
    loaded = [printer for printer in fitting if printer.material == need.material]
    if not loaded:
        there = ", ".join(sorted({printer.material for printer in fitting}))
        return Refusal(
            point.id, RefusalCode.NO_MATERIAL, {"material": need.material, "loaded": there}
        )
    if not any(printer.available for printer in loaded):
        reasons = "; ".join(dict.fromkeys(printer.reason for printer in loaded if printer.reason))
        return Refusal(point.id, RefusalCode.PRINTERS_UNAVAILABLE, {"reasons": reasons})
    for hours in (point.opening_hours, point.staffed_hours):
        opens_at = hours.next_open(now)
        if opens_at is None or opens_at > until:
            return Refusal(point.id, RefusalCode.NEVER_OPEN, {"days": (until - now).days})
    return None


def refuse_capacity(
    now: datetime,
    need: Need,
    point: PointSnapshot,
    printers: Sequence[PrinterSnapshot],
    until: datetime,
) -> Refusal:
    """Say why no ready time until the horizon was found at a point that could make the part."""
    if point.unattended == Unattended.NONE:
        medians = [need.print_times[printer.model].median_seconds for printer in printers]
        shortest = timedelta(seconds=min(medians))
        if starts_at(point, now, shortest, until) is None:
            return Refusal(
                point.id,
                RefusalCode.TOO_LONG_FOR_HOURS,
                {"print_minutes": round(shortest.total_seconds() / 60)},
            )
    code = RefusalCode.BEYOND_CAPACITY if need.quantity > 1 else RefusalCode.FULLY_BOOKED
    return Refusal(point.id, code, {"quantity": need.quantity, "days": (until - now).days})
