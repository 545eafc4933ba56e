"""Opening and staffed hours: OSM syntax, Belgian public holidays, Brussels time.

Pure: every moment is an argument, always aware; every answer is in UTC, so that adding a
duration to it means real time also on the two days a year when the clocks change (adding to a
Brussels time would move the wall clock instead). Pages show ``moment.astimezone(BRUSSELS)``.

The syntax is that of OpenStreetMap's ``opening_hours`` (``Mo-Sa 09:30-18:30; PH off``), read by
opening-hours-py. Its Belgian ``PH`` are the ten legal holidays and Easter Sunday; Pentecost
Sunday is not among them, so a point that opens on Sundays gives that day as an exception.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import takewhile
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from opening_hours import (  # type: ignore[attr-defined]  # ParserError is not in its stub
    OpeningHours,
    ParserError,
    State,
)
from pydantic_core import CoreSchema, core_schema

from parts3d.errors import Invalid

BRUSSELS = ZoneInfo("Europe/Brussels")
LOOK_AHEAD = timedelta(days=400)  # what does not open within a year and a month never opens
Stretch = tuple[datetime, datetime]

_CHUNK = timedelta(days=28)
_EPOCH = datetime(2020, 1, 6, tzinfo=UTC)
_NO_TIME = timedelta(0)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EXAMPLE = 'Write them as in "Mo-Fr 09:00-12:30,13:30-18:30; Sa 10:00-17:00; PH off".'
_EXCEPTION_HOURS = re.compile(r"off|\d\d:\d\d-\d\d:\d\d(,\d\d:\d\d-\d\d:\d\d)*")
# Read by the library, but with an invented sun (07:00-19:00) or an empty calendar.
_UNKNOWABLE = {
    "sunrise": r"\b(sunrise|sunset|dawn|dusk)\b",
    "SH": r"\bSH\b",
}


class Unattended(StrEnum):
    """What a point lets its printers do while nobody is there."""

    NONE = "none"  # a print must end before closing
    FINISH = "finish"  # a print started in staffed hours may end after closing
    OVERNIGHT = "overnight"  # prints may also start by themselves


@dataclass(frozen=True, slots=True)
class HoursException:
    """Days on which other hours hold: a stocktaking, a snow day, a late-night opening.

    Args:
        first: first day, in Brussels.
        last: last day, included.
        hours: ``off``, or the times of each of these days: ``10:00-12:00,13:00-16:00``.
        reason: words for people; not used here.
    """

    first: date
    last: date
    hours: str = "off"
    reason: str = ""

    def rule(self) -> str:
        """Return the exception as an OSM rule.

        Raises:
            Invalid: the days are in the wrong order or the hours cannot be read.
        """
        if self.last < self.first:
            raise Invalid(
                f"An exception to the hours ends on {self.last} before it begins on "
                f"{self.first}. Give the earlier day first.",
                place="exceptions",
            )
        if not _EXCEPTION_HOURS.fullmatch(self.hours):
            raise Invalid(
                f'The hours "{self.hours}" of the exception on {self.first} cannot be read. '
                'Write "off", or times as in "10:00-12:00,13:00-16:00".',
                place="exceptions",
            )
        return f"{_osm_day(self.first)}-{_osm_day(self.last)} {self.hours}"


_CLOSES = itemgetter(1)


@dataclass(frozen=True, slots=True)
class Hours:
    """When something is open. Made by ``Hours.parse``; equal when text and exceptions are."""

    text: str
    exceptions: tuple[HoursException, ...]
    _rules: OpeningHours = field(repr=False, compare=False)
    # Answers of the library by chunk of 28 days: a memory of a pure function, safe to share.
    _chunks: dict[int, tuple[Stretch, ...]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, text: str, exceptions: Sequence[HoursException] = ()) -> "Hours":
        """Read hours in OSM syntax; exceptions override it on their days.

        Raises:
            Invalid: in words, with the place in the text.
        """
        return _parsed(text.strip(), tuple(exceptions))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        """Let hours be written as their text and exceptions, and read from them."""
        del source, handler
        return core_schema.no_info_before_validator_function(
            lambda data: cls.parse(data[0], tuple(HoursException(**_days(one)) for one in data[1])),
            core_schema.is_instance_schema(cls),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda hours: [hours.text, [asdict(one) for one in hours.exceptions]]
            ),
        )

    def is_open(self, at: datetime) -> bool:
        """Tell whether it is open at ``at``; the closing minute itself is closed."""
        opens_at = self.next_open(at)
        return opens_at is not None and opens_at <= at

    def next_open(self, at: datetime) -> datetime | None:
        """Return ``at`` itself when open, else the next opening; None: not within 400 days."""
        at = _utc(at)
        for opens, _closes in self._pieces(at):
            return max(at, opens)
        return None

    def closes_at(self, at: datetime) -> datetime | None:
        """Return when the stretch open at ``at`` ends; None when closed, or when it never ends."""
        at = _utc(at)
        stretch = next(self.stretches(at), None)
        if stretch is None or stretch[0] > at or stretch[1] >= at + LOOK_AHEAD:
            return None
        return stretch[1]

    def open_intervals(self, start: datetime, end: datetime) -> list[Stretch]:
        """Return the open stretches between two moments, clipped to them, in order."""
        start, end = _utc(start), _utc(end)
        found = takewhile(lambda stretch: stretch[0] < end, self.stretches(start))
        return [(max(start, opens), min(end, closes)) for opens, closes in found]

    def open_time(self, start: datetime, end: datetime) -> timedelta:
        """Return how long it is open between two moments."""
        stretches = self.open_intervals(start, end)
        return sum((closes - opens for opens, closes in stretches), _NO_TIME)

    def add_open_time(self, at: datetime, duration: timedelta) -> datetime | None:
        """Advance by ``duration`` of open time: the earliest moment with that much behind it.

        With no duration the answer is ``at``, open or not. The answer may be a closing minute.
        Never decreasing in ``at`` and in ``duration``: the promise's monotony rests on it.

        Returns:
            None when there is not that much open time within 400 days.
        """
        at = _utc(at)
        if duration <= _NO_TIME:
            return at
        for opens, closes in self._pieces(at):
            begins = max(at, opens)
            if duration <= closes - begins:
                return begins + duration
            duration -= closes - begins
        return None

    def stretches(self, at: datetime, *, bridging: timedelta = _NO_TIME) -> Iterator[Stretch]:
        """Yield open stretches that end after ``at``, in order, up to 400 days ahead.

        Args:
            at: where to begin. The first stretch may have begun before; its beginning may then
                be given too late (but never after ``at``), its end never.
            bridging: gaps up to this long (a lunch break) do not end a stretch.
        """
        current: Stretch | None = None
        # Whoever bridges gaps asks for the stretch around ``at``, also when ``at`` is in a gap.
        for opens, closes in self._pieces(_utc(at) - bridging):
            if current is None:
                current = (opens, closes)
            elif opens - current[1] <= bridging:
                current = (current[0], closes)
            else:
                if current[1] > at:
                    yield current
                current = (opens, closes)
        if current is not None and current[1] > at:
            yield current

    def _pieces(self, at: datetime) -> Iterator[Stretch]:
        """Yield stretches ending after ``at``, cut where a chunk ends."""
        first = (at - _EPOCH) // _CHUNK
        for index in range(first, first + LOOK_AHEAD // _CHUNK + 2):
            pieces = self._chunk(index)
            yield from pieces[bisect_right(pieces, at, key=_CLOSES) :]

    def _chunk(self, index: int) -> tuple[Stretch, ...]:
        known = self._chunks.get(index)
        if known is None:
            start = _EPOCH + index * _CHUNK
            known = tuple(
                (opens.astimezone(UTC), closes.astimezone(UTC))
                for opens, closes, state, _ in self._rules.intervals(
                    start.astimezone(BRUSSELS), (start + _CHUNK).astimezone(BRUSSELS)
                )
                if state == State.OPEN
            )
            self._chunks[index] = known
        return known


def _days(stored: Mapping[str, str]) -> dict[str, Any]:
    days = {key: date.fromisoformat(stored[key]) for key in ("first", "last")}
    return {**stored, **days}


def holiday_name(day: date) -> str | None:
    """Return the English name of a Belgian public holiday, None on other days.

    Names Pentecost Sunday too, which ``PH`` does not cover (see above).
    """
    name = _belgian_holidays(day.year).get(day)
    return None if name is None else str(name)


@lru_cache(maxsize=64)
def _belgian_holidays(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("BE", years=[year], language="en_US", expand=False)


@lru_cache(maxsize=20_000)
def _parsed(text: str, exceptions: tuple[HoursException, ...]) -> Hours:
    if not text:
        raise Invalid(f"The opening hours are empty. {_EXAMPLE}", place="hours")
    bare = re.sub(r'"[^"]*"', "", text)
    for word, pattern in _UNKNOWABLE.items():
        if re.search(pattern, bare):
            raise Invalid(
                f'The opening hours "{text}" use "{word}", whose times are not known here. '
                "Give clock times, and single days as exceptions.",
                place="hours",
            )
    _read(text)  # alone first, so that the place of a fault is a place in what was typed
    rules = _read("; ".join([text, *(exception.rule() for exception in exceptions)]))
    return Hours(text, exceptions, rules)


def _read(text: str) -> OpeningHours:
    try:
        return OpeningHours(text, timezone=BRUSSELS, country="BE")
    except ParserError as error:
        place = re.search(r"--> \d+:(\d+)", str(error))
        column = int(place.group(1)) if place else 1
        rest = text[column - 1 :]
        where = f'at character {column} ("{rest[:20]}")' if rest else "at the end"
        raise Invalid(
            f'The opening hours "{text}" cannot be read {where}. {_EXAMPLE}', place="hours"
        ) from error


def _osm_day(day: date) -> str:
    return f"{day.year} {_MONTHS[day.month - 1]} {day.day:02d}"


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        message = f"{at} has no time zone; hours are asked with aware moments only."
        raise ValueError(message)
    return at.astimezone(UTC)
