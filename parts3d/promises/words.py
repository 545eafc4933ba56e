"""Promises, reasons and refusals as sentences for people. Pure.

Message ids are English; the caller hands in its translation ``_`` and its locale, so that one
process speaks several languages at once. ``N_`` only marks a text for the extraction.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from babel.dates import format_date
from babel.numbers import format_decimal

from parts3d.points.hours import BRUSSELS
from parts3d.promises.snapshot import Offer, Reason, ReasonCode, Refusal, RefusalCode, Value

Translate = Callable[[str], str]


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "translate later"
    """Mark a text for extraction."""
    return text


_REFUSALS = {
    RefusalCode.PART_DOES_NOT_FIT: N_(
        "{point} has no printer that this part fits. Choose another point."
    ),
    RefusalCode.NO_MATERIAL: N_(
        "{point} has no {material} loaded today (it has {loaded}). Choose another point."
    ),
    RefusalCode.PRINTERS_UNAVAILABLE: N_(
        "The printers at {point} that could make this are not available at the moment. "
        "Choose another point, or try again later."
    ),
    RefusalCode.NEVER_OPEN: N_(
        "{point} does not open in the next {days} days. Choose another point."
    ),
    RefusalCode.TOO_LONG_FOR_HOURS: N_(
        "This part takes {print_time} to print, longer than {point} is ever open at a stretch, "
        "and its printers do not run unattended. Choose another point."
    ),
    RefusalCode.BEYOND_CAPACITY: N_(
        "{point} cannot make {quantity} of these in the next {days} days. "
        "Order fewer, or choose another point."
    ),
    RefusalCode.FULLY_BOOKED: N_(
        "{point} is fully booked for the next {days} days. Choose another point."
    ),
    RefusalCode.RUSH_NOT_EARLIER: N_(
        "Served before others, it would not be ready any earlier at {point} now. "
        "Choose another point."
    ),
}

_REASONS = {
    ReasonCode.PRINT_TIME: N_(
        "One print takes about {median}; planned with {planned}, which {percent} of 100 such "
        "prints do not exceed."
    ),
    ReasonCode.SPARE_PRINTS: N_(
        "Time for {spare_prints} further print(s) is included, should one fail."
    ),
    ReasonCode.QUEUE: N_("{prints} print(s) come first, about {median}."),
    ReasonCode.HOLDS: N_("{prints} print(s) are held for other customers, about {median}."),
    ReasonCode.BED_NOT_CLEAR: N_("The printer still has to be cleared."),
    ReasonCode.WAITS_FOR_ATTENDANCE: N_("The print can start {starts_at}, when somebody is there."),
    ReasonCode.STAFF_TIME: N_(
        "A person clears the printer, checks the part and bags it: {staff_minutes} min."
    ),
    ReasonCode.MAINTENANCE: N_("The printer is out for maintenance, back {ends_at}."),
    ReasonCode.STAFF_BACKLOG: N_("Other parts are checked first: {minutes} min."),
    ReasonCode.MATERIAL_CHANGE: N_("A person loads {material} first: {minutes} min."),
    ReasonCode.OVERTAKES: N_("It is printed before parts that are promised for later."),
    ReasonCode.RUSH: N_("It is paid to be served before others, who keep what they were promised."),
    ReasonCode.CHANCE: N_("In {kept_percent} % of what may happen it is ready by then."),
    ReasonCode.FROM_STOCK: N_("{parts} part(s) lie in the point's stock, checked already."),
    ReasonCode.TWINS: N_("Two printers make it at once, so that it is ready today."),
    ReasonCode.SLACK: N_(
        "The point is busy and leaves room for parts that are wanted that day: {room}."
    ),
    ReasonCode.WAITS_FOR_OPENING: N_("It can be collected once the point opens, {opens_at}."),
}


def promise_sentence(
    offer: Offer,
    *,
    now: datetime,
    point_name: str,
    _: Translate,
    locale: str = "en",
    distance_km: float | None = None,
    closes_at: datetime | None = None,
) -> str:
    """Return "Ready today at 16:40 at Point 3D Huy, 1.2 km, open until 18:30".

    Args:
        offer: the offer.
        now: aware; decides what "today" is, in Brussels.
        point_name: the point's name.
        _: translation of the message ids.
        locale: of numbers and dates ("fr", "nl_BE").
        distance_km: left out when unknown.
        closes_at: when the point closes after the ready time; left out when unknown.
    """
    sentence = _("Ready {day_and_time} at {point}").format(
        day_and_time=moment_words(offer.ready_at, now=now, _=_, locale=locale), point=point_name
    )
    if distance_km is not None:
        km = format_decimal(distance_km, format="0.0", locale=locale)
        sentence += ", " + _("{km} km").format(km=km)
    if closes_at is not None:
        sentence += ", " + _("open until {time}").format(time=_clock(closes_at))
    return sentence


def moment_words(at: datetime, *, now: datetime, _: Translate, locale: str = "en") -> str:
    """Return "today at 16:40", "tomorrow at 09:35" or "on Thursday 26 November at 09:35"."""
    days = (at.astimezone(BRUSSELS).date() - now.astimezone(BRUSSELS).date()).days
    if days == 0:
        return _("today at {time}").format(time=_clock(at))
    if days == 1:
        return _("tomorrow at {time}").format(time=_clock(at))
    date = format_date(at.astimezone(BRUSSELS).date(), "EEEE d MMMM", locale=locale)
    return _("on {date} at {time}").format(date=date, time=_clock(at))


def refusal_sentence(
    refusal: Refusal, *, point_name: str, _: Translate, titles: Sequence[str] = ()
) -> str:
    """Return why a point promises nothing, and what would help.

    Args:
        refusal: the refusal.
        point_name: the point's name.
        _: translation of the message ids.
        titles: the parts' names by line, so that the line in the way can be named.
    """
    values: dict[str, Value] = {"point": point_name, **refusal.params}
    if "print_minutes" in values:
        values["print_time"] = _duration(60 * float(values["print_minutes"]), _)
    sentence = _(_REFUSALS[refusal.code]).format(**values)
    if refusal.line is None or refusal.line > len(titles):
        return sentence
    return _("{part}: {sentence}").format(part=titles[refusal.line - 1], sentence=sentence)


def reason_sentence(reason: Reason, *, now: datetime, _: Translate, locale: str = "en") -> str:
    """Return one reason of an offer as a sentence, for staff and the operator."""
    values: dict[str, Value] = dict(reason.values)
    if "median_seconds" in values:
        values["median"] = _duration(float(values["median_seconds"]), _)
    if "planned_seconds" in values:
        values["planned"] = _duration(float(values["planned_seconds"]), _)
    if reason.code is ReasonCode.SLACK:
        values["room"] = _duration(60 * float(values["minutes"]), _)
    if "quantile" in values:
        values["percent"] = percent_words(float(values["quantile"]), locale)
    if "kept" in values:
        values["kept_percent"] = percent_words(float(values["kept"]), locale)
    if "check_minutes" in values and "bed_clear_minutes" in values:
        minutes = float(values["check_minutes"]) + float(values["bed_clear_minutes"])
        values["staff_minutes"] = format_decimal(minutes, locale=locale)
    for key in ("starts_at", "opens_at", "ends_at"):
        if key in values:
            at = datetime.fromisoformat(str(values[key]))
            values[key] = moment_words(at, now=now, _=_, locale=locale)
    return _(_REASONS[reason.code]).format(**values)


def percent_words(share: float, locale: str = "en") -> str:
    """Return how many promises of 100 are to be kept: "99", "98.5"."""
    return format_decimal(round(100 * share, 1), locale=locale)


def _clock(at: datetime) -> str:
    return at.astimezone(BRUSSELS).strftime("%H:%M")


def _duration(seconds: float, _: Translate) -> str:
    minutes = round(timedelta(seconds=seconds).total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("{minutes} min").format(minutes=rest)
    return _("{hours} h {minutes:02d} min").format(hours=hours, minutes=rest)
