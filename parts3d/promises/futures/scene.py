"""A point's snapshot as the arrays that its futures run on. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from math import inf
from typing import TypeVar

import numpy as np

from parts3d.points.calendar import minutes_of
from parts3d.points.hours import BRUSSELS, Unattended
from parts3d.promises.futures.print_tables import (
    IMPOSSIBLE,
    Floats,
    Ints,
    Numbers,
    numbers_of,
    stacked,
)
from parts3d.promises.futures.printer_states import DOWN, IDLE, PRINTING, TO_CLEAR
from parts3d.promises.futures.stretches import calendar_add, stretches_after
from parts3d.promises.print_time import AS_ITS_MODEL, PrintTime
from parts3d.promises.queued import Queued
from parts3d.promises.snapshot import Need, PointSnapshot, PrinterSnapshot

_Minutes = TypeVar("_Minutes", float, Floats)

_RULES = {Unattended.OVERNIGHT: 0, Unattended.FINISH: 1, Unattended.NONE: 2}
_LOOK_BACK = timedelta(days=1)
# What is promised to nobody goes in the order it stands, before what is ordered now.
_LONG_AGO = -1e7
_MOST_DONE = 0.99
_DAY = 1440.0
_NEW_SLOTS, _SLOTS, _SLOTS_A_PRINTER = 12, 40, 7


@dataclass(frozen=True, slots=True)
class Scene:
    """The arrays of ``loop.futures`` (see there), and what they stand for.

    Args:
        today_ends: the minute of the next midnight in Brussels.
        first_fails: (jobs,) the chance that the present or first try gives no good part.
        jobs: what stands at the point, in the order of the arrays' rows; None for a hold.
        dues: minutes at which they were promised; ``inf`` for those promised to nobody.
        last_due_waiting: the last of those of prints that have not started; ``-inf`` for none.
    """

    now: float
    until: float
    today_ends: float
    staffed: Floats
    bridged: Floats
    opening: Floats
    rule: int
    people: int
    staff_free_at: float
    handling: Floats
    change_minutes: float
    printer_state: Ints
    printer_job: Ints
    printer_left: Floats
    printer_spread: Floats
    printer_done: Floats
    printer_loaded: Ints
    printer_outages: Floats
    printer_away: Floats
    printer_silent: Floats
    repair: Floats
    silence_rate: float
    silence: Floats
    minutes: Floats
    planned: Floats
    sigma: Floats
    failing: Floats
    first_fails: Floats
    reject_share: float
    urgency: Floats
    home: Ints
    group: Ints
    material: Ints
    copies: Ints
    slots: Ints
    jobs: tuple[Queued | None, ...]
    dues: Floats
    last_due_waiting: float
    materials: tuple[str, ...]
    shared_queue: bool

    @property
    def backlog_minutes(self) -> float:
        """How long each printer would print, with what waits for one shared out evenly."""
        begun = set(self.printer_job.tolist())
        waiting = (one for number, one in enumerate(self.jobs) if number not in begun)
        seconds = sum(one.time.median_seconds for one in waiting if one is not None)
        return seconds / 60 / max(len(self.printer_job), 1)

    def day_ends(self, minute: _Minutes) -> _Minutes:
        """Return the midnight after a minute, or after each.

        After a change of the clocks it is an hour off: shops are closed then.
        """
        return self.today_ends + _DAY * ((minute - self.today_ends) // _DAY + 1)


@dataclass(slots=True)
class _Rows:
    """The rows of the jobs while they are gathered."""

    times: list[list[Numbers]]
    jobs: list[Queued | None]
    urgency: list[float]
    home: list[int]
    at: list[int]
    slots: list[int]


def usable(printer: PrinterSnapshot) -> bool:
    """Tell whether a printer can be planned with: it works, or is expected back."""
    return printer.available or (printer.down_minutes, printer.silent_minutes) != (None, None)


def scene_of(now: datetime, point: PointSnapshot, until: datetime) -> Scene:
    """Return a point's arrays, with all that stands there and nothing new."""
    minute = minutes_of(now)
    window = (now - _LOOK_BACK, until + timedelta(days=14))
    staffed = stretches_after(point.staffed_hours, window, minute)
    bridged = stretches_after(point.staffed_hours, window, minute, point.break_minutes)
    opening = stretches_after(point.opening_hours, window, minute)
    printers = point.printers
    materials = tuple(dict.fromkeys(printer.material for printer in printers))
    rows = _Rows([], [], [], [], [], [])
    count = len(printers)
    state, job = np.zeros(count, np.int64), np.full(count, -1, np.int64)
    left, spread, done, outages = np.zeros((4, count))
    held_dues: dict[int, float] = {}
    for index, printer in enumerate(printers):
        outages[index] = printer.outages_per_hour / 60
        if printer.running is not None:
            state[index], job[index] = PRINTING, len(rows.jobs)
            left[index] = printer.running.time.median_seconds / 60
            spread[index] = printer.running.time.sigma
            done[index] = min(printer.running.done_share, _MOST_DONE)
            _add(rows, point, index, _whole(printer, printer.running), _LONG_AGO, 0)
        elif printer.lying is not None or not printer.bed_clear:
            state[index], left[index] = TO_CLEAR, printer.lying_minutes
            if printer.lying is not None:
                job[index] = len(rows.jobs)
                _add(rows, point, index, printer.lying, _LONG_AGO, 0)
        if printer.down_minutes is not None and state[index] != PRINTING:
            state[index], left[index] = DOWN, printer.down_minutes
            job[index] = -1
        elif not usable(printer) and state[index] == IDLE:
            state[index], left[index] = DOWN, -1.0
        ahead = _LONG_AGO
        for position, queued in enumerate(printer.waiting, start=1):
            due = _LONG_AGO if queued.due_at is None else minutes_of(queued.due_at)
            ahead = due if point.shared_queue else max(ahead + 1e-3, due)
            _add(rows, point, index, queued, ahead, position)
        held = [
            (one, hold.due_at)
            for hold in point.holds
            if hold.printer_id == printer.id and hold.expires_at > now
            for one in hold.prints
        ]
        for position, (print_time, shown_at) in enumerate(held, start=4):
            ahead += 1e-3
            held_dues[len(rows.jobs)] = inf if shown_at is None else minutes_of(shown_at)
            _add(rows, point, index, print_time, ahead, position)
    jobs = tuple(rows.jobs)
    groups: dict[str, int] = {}
    group = np.array([_group(groups, one, number) for number, one in enumerate(jobs)], np.int64)
    materials += tuple(
        dict.fromkeys(
            one.material
            for one in jobs
            if one is not None and one.material and one.material not in materials
        )
    )
    minutes, planned, sigma, failing = stacked(rows.times, count)
    clears = point.staff_minutes or (point.bed_clear_minutes, point.bed_clear_minutes)
    backlog = calendar_add(staffed[0], staffed[1], minute, point.staff_backlog_minutes)
    return Scene(
        now=minute,
        until=minutes_of(until),
        today_ends=minutes_of(midnight_after(now)),
        staffed=staffed,
        bridged=bridged,
        opening=opening,
        rule=_RULES[point.unattended],
        people=max(point.people, 1),
        staff_free_at=backlog,
        handling=np.array([clears, (point.check_minutes,) * len(clears)], np.float64),
        change_minutes=float(point.material_change_minutes),
        printer_state=state,
        printer_job=job,
        printer_left=left,
        printer_spread=spread,
        printer_done=done,
        printer_loaded=np.array([materials.index(one.material) for one in printers], np.int64),
        printer_outages=outages,
        printer_away=_away(printers, minute),
        printer_silent=np.array(
            [-1.0 if one.silent_minutes is None else one.silent_minutes for one in printers],
            np.float64,
        ),
        repair=60 * np.array(point.repair_hours, np.float64),
        silence_rate=point.silences_per_hour / 60,
        silence=60 * np.array(point.silence_hours, np.float64),
        minutes=minutes,
        planned=planned,
        sigma=sigma,
        failing=failing,
        first_fails=_first_fails(rows, state, job, done, failing, point.reject_share),
        reject_share=float(point.reject_share),
        urgency=np.array(rows.urgency, np.float64),
        home=np.array(rows.home, np.int64),
        group=group,
        material=np.array(
            [
                materials.index(one.material) if one is not None and one.material else -1
                for one in jobs
            ],
            np.int64,
        ),
        copies=np.array([1 if one is None else one.copies for one in jobs], np.int64),
        slots=np.array(rows.slots, np.int64),
        jobs=jobs,
        dues=np.array(
            [
                held_dues.get(number, inf)
                if one is None or one.due_at is None
                else minutes_of(one.due_at)
                for number, one in enumerate(jobs)
            ]
        ),
        last_due_waiting=max(
            (
                minutes_of(one.due_at)
                for printer in printers
                for one in printer.waiting
                if one.due_at is not None
            ),
            default=-inf,
        ),
        materials=materials,
        shared_queue=point.shared_queue,
    )


def _away(printers: Sequence[PrinterSnapshot], now: float) -> Floats:
    """Return (printers, n, 2) when each is out for maintenance and back again, by beginning."""
    planned = [
        sorted((minutes_of(begins), minutes_of(ends)) for begins, ends in printer.away)
        for printer in printers
    ]
    found = np.full((len(printers), max(map(len, planned), default=0), 2), inf)
    for index, some in enumerate(planned):
        for number, stretch in enumerate(one for one in some if one[1] > now):
            found[index, number] = stretch
    return found


def midnight_after(now: datetime) -> datetime:
    """Return when the day ends, in Brussels."""
    tomorrow = now.astimezone(BRUSSELS).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), BRUSSELS)


def times_at(need: Need, point: PointSnapshot) -> list[PrintTime | None]:
    """Return what a print takes on each printer; None where it cannot be made."""
    return [
        need.time_on(printer)
        if usable(printer)
        and printer.model in need.print_times
        and (printer.material == need.material or need.material in point.stock)
        else None
        for printer in point.printers
    ]


def _add(
    rows: _Rows,
    point: PointSnapshot,
    index: int,
    what: Queued | PrintTime,
    urgency: float,
    position: int,
) -> None:
    queued = what if isinstance(what, Queued) else None
    here = what.time if isinstance(what, Queued) else what
    times: list[Numbers] = []
    for number, printer in enumerate(point.printers):
        if number == index:
            times.append(numbers_of(here, AS_ITS_MODEL))
        elif queued is None or printer.model not in queued.print_times or not usable(printer):
            times.append(IMPOSSIBLE)
        elif queued.material in ("", printer.material) or queued.material in point.stock:
            times.append(numbers_of(queued.print_times[printer.model], printer.pace))
        else:
            times.append(IMPOSSIBLE)
    rows.times.append(times)
    rows.jobs.append(queued)
    rows.urgency.append(urgency)
    free = point.shared_queue and queued is not None and queued.may_move
    rows.home.append(-1 if free else index)
    rows.at.append(index)
    own = (_SLOTS_A_PRINTER * index + min(position, _SLOTS_A_PRINTER - 1)) % (_SLOTS - _NEW_SLOTS)
    rows.slots.append(_NEW_SLOTS + own)


def _whole(printer: PrinterSnapshot, running: Queued) -> Queued:
    """Return a running print as it is made again should it fail: not what is left of it."""
    left, done = running.time, min(running.done_share, _MOST_DONE)
    known = running.print_times.get(printer.model)
    if known is None:
        return replace(running, time=replace(left, median_seconds=left.median_seconds / (1 - done)))
    whole = replace(known.at(printer.pace), failure_probability=left.failure_probability)
    return replace(running, time=whole)


def _group(groups: dict[str, int], queued: Queued | None, number: int) -> int:
    """Number the parts: a hedge makes the same one as the job it covers."""
    key = f"#{number}"
    if queued is not None and queued.job_id:
        key = queued.hedge_of or queued.job_id
    return groups.setdefault(key, len(groups))


def _first_fails(
    rows: _Rows, state: Ints, on: Ints, done: Floats, failing: Floats, reject_share: float
) -> Floats:
    """Return the chance that the try a print is at, or its first, gives no good part.

    A failure falls evenly on a print, so what has gone well so far makes it less likely; what lies
    on the bed can only be rejected.
    """
    found = np.zeros(len(rows.jobs))
    for job, home in enumerate(rows.at):
        found[job] = failing[job, home]
        at_fault, at_check = found[job] * (1 - reject_share), found[job] * reject_share
        if on[home] == job and state[home] == PRINTING:
            left = at_fault * (1 - done[home]) + at_check
            found[job] = left / (1 - at_fault * done[home])
        elif on[home] == job and state[home] == TO_CLEAR:
            found[job] = at_check
    return found
