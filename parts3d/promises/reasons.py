"""The reasons of an offer, as data: what an operator's page shows and a test can read. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import inf

from parts3d.points.calendar import minutes_of, moment_of
from parts3d.promises.futures.quote import Quoted
from parts3d.promises.print_time import PrintTime
from parts3d.promises.refusals import usable_printers
from parts3d.promises.snapshot import (
    Need,
    Placement,
    PointSnapshot,
    PrinterSnapshot,
    Reason,
    ReasonCode,
    Value,
)


def reasons_for(
    now: datetime,
    needs: Sequence[Need],
    point: PointSnapshot,
    quoted: Quoted,
    placements: Sequence[Placement],
    bagged_at: datetime,
    ready_at: datetime,
) -> tuple[Reason, ...]:
    """Return why an offer's ready time is what it is, in the order things happen.

    The printer explained is that of the first print; print times, those of each need's first.
    """
    printers = {printer.id: printer for printer in point.printers}
    first = min(placements, key=lambda placement: placement.starts_at)
    printer = printers[first.printer_id]
    reasons = _before(now, point, printer, first.starts_at)
    if first.starts_at > now and not reasons:
        reasons.append(
            Reason(
                ReasonCode.WAITS_FOR_ATTENDANCE,
                {"starts_at": first.starts_at.isoformat(), "rule": point.unattended.value},
            )
        )
    for index, need in enumerate(needs):
        placed = next(placement for placement in placements if placement.need == index)
        time = need.time_on(printers[placed.printer_id])
        values: dict[str, Value] = {
            "median_seconds": round(time.median_seconds),
            "planned_seconds": round(time.quantile_seconds(quoted.level)),
            "sigma": round(time.sigma, 4),
            "quantity": need.quantity,
            "quantile": quoted.level,
        }
        if need.copies > 1:
            values["copies"] = need.copies
        if len(needs) > 1:
            values["line"] = need.line
        reasons.append(Reason(ReasonCode.PRINT_TIME, values))
        if all(printers[one.printer_id].material != need.material for one in placements):
            reasons.append(
                Reason(
                    ReasonCode.MATERIAL_CHANGE,
                    {"material": need.material, "minutes": point.material_change_minutes},
                )
            )
    spare_prints = quoted.spare_prints(len(placements))
    if spare_prints:
        chance = max(
            need.time_on(printer).failure_probability
            for need in needs
            for printer in usable_printers(need, point)
        )
        reasons.append(
            Reason(
                ReasonCode.SPARE_PRINTS,
                {"spare_prints": spare_prints, "failure_probability": round(chance, 4)},
            )
        )
    reasons += _among_others(quoted)
    half = quoted.futures.quantile(0.5)
    reasons.append(
        Reason(
            ReasonCode.CHANCE,
            {
                "kept": round(quoted.chance_by(minutes_of(ready_at)), 5),
                "half_ready_at": moment_of(half).isoformat() if half < inf else "",
                "futures": len(quoted.futures.weights),
            },
        )
    )
    if point.staff_backlog_minutes:
        reasons.append(Reason(ReasonCode.STAFF_BACKLOG, {"minutes": point.staff_backlog_minutes}))
    last_end = max(placement.ends_at for placement in placements)
    reasons.append(
        Reason(
            ReasonCode.STAFF_TIME,
            {
                "bed_clear_minutes": point.bed_clear_minutes,
                "check_minutes": point.check_minutes,
                "printed_at": last_end.isoformat(),
                "bagged_at": bagged_at.isoformat(),
            },
        )
    )
    if not point.opening_hours.is_open(bagged_at) or ready_at - bagged_at > timedelta(minutes=5):
        reasons.append(
            Reason(
                ReasonCode.WAITS_FOR_OPENING,
                {"bagged_at": bagged_at.isoformat(), "opens_at": ready_at.isoformat()},
            )
        )
    return tuple(reasons)


def _among_others(quoted: Quoted) -> list[Reason]:
    """Explain the order's turn among what is promised there, and will be."""
    reasons = []
    if quoted.urgency < inf:
        reasons.append(Reason(ReasonCode.OVERTAKES, {"harm": round(quoted.harm, 5)}))
    if quoted.slack:
        reasons.append(Reason(ReasonCode.SLACK, {"minutes": round(quoted.slack)}))
    return reasons


def _before(
    now: datetime, point: PointSnapshot, printer: PrinterSnapshot, starts_at: datetime
) -> list[Reason]:
    """Explain what stands before the first print on its printer."""
    reasons: list[Reason] = []
    running = () if printer.running is None else (printer.running,)
    if ahead := [queued.time for queued in (*running, *printer.waiting)]:
        reasons.append(Reason(ReasonCode.QUEUE, _sum(ahead)))
    if held := [
        time
        for hold in point.holds
        if hold.printer_id == printer.id and hold.expires_at > now
        for time in hold.prints
    ]:
        reasons.append(Reason(ReasonCode.HOLDS, _sum(held)))
    if printer.running is None and not printer.bed_clear:
        reasons.append(
            Reason(ReasonCode.BED_NOT_CLEAR, {"bed_clear_minutes": point.bed_clear_minutes})
        )
    if back := [ends for _, ends in printer.away if now < ends <= starts_at]:
        reasons.append(Reason(ReasonCode.MAINTENANCE, {"ends_at": max(back).isoformat()}))
    return reasons


def _sum(prints: Sequence[PrintTime]) -> dict[str, str | int | float]:
    return {
        "prints": len(prints),
        "median_seconds": round(sum(time.median_seconds for time in prints)),
    }
