"""The small steps of ``loop``, compiled with it: hours, rules and tables of quantiles."""

from math import exp, inf, log

from parts3d.promises import sequence
from parts3d.promises.futures.jit import njit

ALWAYS, IN_HOURS, ENDS_IN_HOURS = 0, 1, 2  # overnight, finish, none
_EDGE = 1e-6

turn_of = njit(sequence.turn_of)


@njit
def add_open(opens, closes, at, minutes):
    """Return the earliest moment with so many open minutes after ``at`` behind it."""
    if minutes <= 0.0:
        return at
    for index in range(len(opens)):
        if closes[index] > at:
            begin = max(at, opens[index])
            if begin + minutes <= closes[index]:
                return begin + minutes
            minutes -= closes[index] - begin
    return inf


@njit
def is_open(opens, closes, at):
    """Tell whether it is open; the closing minute is closed."""
    for index in range(len(opens)):
        if closes[index] > at:
            return opens[index] <= at
    return False


@njit
def start_by_rule(opens, closes, rule, at, minutes):
    """Return the first moment from ``at`` on at which a print of so many minutes may start."""
    if rule == ALWAYS:
        return at
    for index in range(len(opens)):
        if closes[index] > at:
            start = max(at, opens[index])
            if rule == IN_HOURS or start + minutes <= closes[index] + _EDGE:
                return start
    return inf


@njit
def night_after(opens, closes, rule, at):
    """Return when the last person leaves and the first comes again; see ``sequence.Evening``."""
    if rule == ENDS_IN_HOURS:
        return inf, inf
    for index in range(len(opens)):
        if closes[index] > at:
            if opens[index] > at:
                return at, opens[index]
            return closes[index], opens[index + 1] if index + 1 < len(opens) else inf
    return at, inf


@njit
def next_away(absences, at):
    """Return when a printer is out the next time, or since when it is, and when it is back.

    ``absences`` is (n, 2), by beginning; (inf, inf) where none ends after ``at``.
    """
    for index in range(len(absences)):
        if absences[index, 1] > at:
            return absences[index, 0], absences[index, 1]
    return inf, inf


@njit
def lasts_yet(so_far, bounds, draw):
    """Return how long an outage or silence lasts yet, that has lasted so far; log-uniform."""
    spread = log(bounds[1] / bounds[0])
    past = min(max(so_far / bounds[0], 1.0), 0.99 * bounds[1] / bounds[0])
    share = log(past) / spread
    return max(bounds[0] * exp((share + draw * (1 - share)) * spread) - so_far, 1.0)


@njit
def next_silence(opens, closes, now, rate, bounds, chance, draw):
    """Return when a shop is next silent, and when it is heard again, in staffed minutes.

    ``chance`` is that of a silence until then; (inf, inf) where the shop never is.
    """
    if rate <= 0.0:
        return inf, inf
    begins = add_open(opens, closes, now, -log(1.0 - chance) / rate)
    return begins, add_open(opens, closes, begins, lasts_yet(0.0, bounds, draw))


@njit
def faster_idle(minutes, planned, usable, absences, opens, closes, rule, own, at):
    """Return the idle printer that makes a print clearly sooner than its own, if it may start.

    Args:
        minutes: (p,) median of the print.
        planned: (p,) what the rule reckons with.
        usable: (p,) 0 for a printer that cannot start it at this moment.
        absences: (p, n, 2) of the printers.
        opens: of the rule.
        closes: of the rule.
        rule: see above.
        own: the printer that looks for work.
        at: minute.
    """
    found = own
    for other in range(len(minutes)):
        if (
            other != own
            and usable[other] != 0
            and minutes[other] < 0.98 * minutes[found]
            and start_by_rule(opens, closes, rule, at, planned[other]) <= at
            and at + planned[other] <= next_away(absences[other], at)[0]
        ):
            found = other
    return found


@njit
def wake(events, idle, at):
    """Let idle printers look for a print at a moment, if they would only later."""
    for index in range(len(events)):
        if idle[index] == 0 and events[index] > at:
            events[index] = at


@njit
def waits_longest(states, events, lefts, waiting, at):
    """Return the printer whose bed waits for a person at a moment, the longest; -1 for none."""
    found = -1
    for index in range(len(states)):
        if (
            states[index] == waiting
            and events[index] == at
            and (found < 0 or lefts[index] > lefts[found])
        ):
            found = index
    return found


@njit
def quantile_of(table, share):
    """Return the value at a share, 0 to 1, of a table of evenly spaced quantiles."""
    at = share * (len(table) - 1)
    low = min(int(at), len(table) - 2)
    return table[low] + (at - low) * (table[low + 1] - table[low])


@njit
def share_below(table, value):
    """Return the share of a table of evenly spaced quantiles that lies below a value."""
    steps = len(table) - 1
    for index in range(steps):
        if value < table[index + 1]:
            width = table[index + 1] - table[index]
            within = 0.0 if width <= 0 else max(value - table[index], 0.0) / width
            return (index + within) / steps
    return 1.0


@njit
def as_stratum(chance, fails, job, forced):
    """Return a draw that lies below ``fails`` or not as the future's stratum wants it."""
    if job < forced:
        return fails + chance * (1.0 - fails)
    if job == forced:
        return chance * fails
    return chance


@njit
def chances_left(fails, reject_share, done):
    """Return the chances that what is left of a print fails, and that its check rejects it.

    A failure falls evenly on a print, so what has gone well so far makes it less likely.
    """
    at_fault, at_check = fails * (1.0 - reject_share), fails * reject_share
    gone_well = 1.0 - at_fault * done
    return at_fault * (1.0 - done) / gone_well, at_check / gone_well


@njit
def fate_of(chance, at_fault, bad):
    """Return what becomes of a print, as ``loop`` numbers it, and after which share of its time."""
    if chance < at_fault:
        return 2, chance / at_fault
    if chance < bad:
        return 1, 1.0
    return 0, 1.0


@njit
def first_free(free):
    """Return who is free first, or what happens first."""
    person = 0
    for other in range(1, len(free)):
        if free[other] < free[person]:
            person = other
    return person
