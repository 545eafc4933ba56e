"""The futures of one point, one after another, compiled by numba; ``compiled`` loads it.

One future is a little simulation of the point, with moments in minutes and every chance read from
a table of draws (see ``draws``), so that the same question has the same answer and two questions
meet the same luck. What happens in it:

- a free printer takes, of the waiting prints it can make, the one whose turn it is (``sequence``)
  by the rule for unattended printing, and with a person there for a change of material;
- a print lasts a log-normal time, and may fail at a uniform point of it, or be rejected at the
  check; an outage may fall on the printer, and kills what prints;
- whatever ended, one of the point's people comes, in staffed hours, in the order things ended:
  clears the bed, then checks and bags the copies;
- what failed waits again at once, for any printer of the point, as urgent as before;
- of prints that serve the same part (twins, hedges) the first good one does; those that have not
  started then are dropped.
"""

from math import exp, inf, log

import numpy as np

from parts3d.promises.futures.clockwork import (
    add_open,
    as_stratum,
    chances_left,
    faster_idle,
    fate_of,
    first_free,
    is_open,
    lasts_yet,
    next_away,
    next_silence,
    night_after,
    quantile_of,
    share_below,
    start_by_rule,
    turn_of,
    waits_longest,
    wake,
)
from parts3d.promises.futures.draws import COLUMNS, HUSH_WINDOW, OUTAGE_WINDOW
from parts3d.promises.futures.jit import njit
from parts3d.promises.futures.printer_states import DOWN, IDLE, PRINTING, TO_CLEAR

SLOTS, PER_SLOT, PER_TRY, TRIES, PRINTER_SLOTS, PER_PRINTER = 40, 22, 5, 4, 16, 2  # of COLUMNS
# Of the deviation of a print's time, what all tries at one part share; both squared are 1.
_SHARED, _OWN = 0.6, 0.8


@njit
def futures(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 - one compiled loop
    staffed,
    bridged,
    rule,
    people,
    staff_free_at,
    now,
    until,
    handling,
    change_minutes,
    printer_state,
    printer_job,
    printer_left,
    printer_spread,
    printer_done,
    printer_loaded,
    printer_outages,
    printer_away,
    printer_silent,
    repair,
    silence_rate,
    silence,
    minutes,
    planned,
    sigma,
    failing,
    reject_share,
    urgency,
    turns,
    home,
    group,
    material,
    copies,
    slots,
    kin,
    first_new,
    groups,
    standing_fails,
    new_fails,
    only_new,
    uniform,
    normal,
    ready,
    tries,
):
    """Fill ``ready`` (samples, groups) with the minutes at which each group has its good part.

    Args:
        staffed: (2, n) opens and closes.
        bridged: the same with breaks bridged.
        rule: as in ``clockwork``.
        people: how many clear and check.
        staff_free_at: when they have done what lies there already.
        now: minute.
        until: what is not ready then is ready at ``inf``.
        handling: (2, n) evenly spaced quantiles of the staffed minutes until the bed is clear, and
            of those that one copy is checked in.
        change_minutes: staffed, of a change of material.
        printer_state: (p,) IDLE, PRINTING, TO_CLEAR or DOWN.
        printer_job: (p,) what runs or lies there; -1 for nothing of ours.
        printer_left: (p,) PRINTING: median minutes left; TO_CLEAR: staffed minutes it has lain
            there; DOWN: minutes so far, -1: nobody expects it back.
        printer_spread: (p,) PRINTING: log-sd of the minutes left.
        printer_done: (p,) share of the running print that is done.
        printer_loaded: (p,) number of the material; -1 for one that nothing needs.
        printer_outages: (p,) outages a minute.
        printer_away: (p, n, 2) from when to when it is out for maintenance, by beginning: nothing
            is begun then, nor what would run into it.
        printer_silent: (p,) staffed minutes since its agent was heard; -1 where it is.
        repair: (2,) shortest and longest outage, minutes; log-uniform between.
        silence_rate: silences of the shop's agent a staffed minute: nothing is begun then.
        silence: (2,) shortest and longest, staffed minutes; log-uniform between.
        minutes: (j, p) median of a print; inf where it cannot be made.
        planned: (j, p) what the rule for unattended printing reckons with.
        sigma: (j, p) log-sd.
        failing: (j, p) chance that a try fails or is rejected.
        reject_share: of those, how many only show at the check.
        urgency: (j,) a minute; the lowest goes first.
        turns: (j,) the prints by urgency, so that the search for the next one may end early.
        home: (j,) the only printer that takes its first try; -1 for any.
        group: (j,) which part it makes.
        material: (j,) number; -1 for whatever is loaded.
        copies: (j,) to be checked.
        slots: (j,) which of the draws are its own.
        kin: (j,) the slot of the draw that it shares with its twins: one slow part is slow twice.
        first_new: index of the first print of the new order; they are last.
        groups: how many parts.
        standing_fails: (samples,) the print that stands here whose first try fails, while none
            before it does, or, after the prints, the printer that breaks down within
            OUTAGE_WINDOW; one past the last: none; -1: as chance has it. See ``draws.strata``.
        new_fails: the same of the new prints.
        only_new: stop once the new parts are ready.
        uniform: (samples, COLUMNS).
        normal: (samples, COLUMNS).
        ready: (samples, groups), filled.
        tries: (samples,) how many tries the new order took, filled.
    """
    jobs, printers = minutes.shape
    news = jobs - first_new
    new_group = group[first_new] if news else groups
    s_open, s_close, b_open, b_close = staffed[0], staffed[1], bridged[0], bridged[1]
    state = np.empty(printers, np.int64)
    event = np.empty(printers)
    on = np.empty(printers, np.int64)
    good = np.empty(printers, np.int64)  # 0 good, 1 to be rejected, 2 failed, 3 killed
    loaded = np.empty(printers, np.int64)
    outage = np.empty(printers)
    repaired = np.empty(printers)
    waiting = np.empty(jobs, np.int64)
    released = np.empty(jobs)
    tried = np.empty(jobs, np.int64)
    free = np.empty(people)
    mute = np.empty(printers)  # until when an agent that is silent now stays so
    able = np.empty(printers, np.int64)
    for sample in range(len(ready)):
        u, z, done = uniform[sample], normal[sample], ready[sample]
        fails_here, fails_new = standing_fails[sample], new_fails[sample]
        done[:] = inf
        tries[sample] = 0
        free[:] = staff_free_at
        for job in range(jobs):
            waiting[job], released[job], tried[job] = 1, now, 0
        soon = 1.0 - exp(-silence_rate * HUSH_WINDOW)
        chance = as_stratum(u[COLUMNS], soon, first_new + printers, fails_here)
        draw = u[COLUMNS + 1]
        hush, heard = next_silence(s_open, s_close, now, silence_rate, silence, chance, draw)
        for p in range(printers):
            mute[p] = now
            if printer_silent[p] >= 0:
                left = lasts_yet(printer_silent[p], silence, draw)
                mute[p] = add_open(s_open, s_close, now, left)
            column = SLOTS * PER_SLOT + PER_PRINTER * (p % PRINTER_SLOTS)
            state[p], loaded[p], on[p] = printer_state[p], printer_loaded[p], printer_job[p]
            good[p], event[p] = 0, now
            rate = printer_outages[p]
            outage[p] = inf
            if rate > 0:
                soon = 1.0 - exp(-rate * OUTAGE_WINDOW)
                chance = as_stratum(u[column], soon, first_new + p, fails_here)
                outage[p] = now - log(1.0 - chance) / rate
            repaired[p] = outage[p] + repair[0] * (repair[1] / repair[0]) ** u[column + 1]
            if on[p] >= 0:
                waiting[on[p]] = 0
            if state[p] == DOWN and printer_left[p] < 0:  # nobody expects it back
                event[p] = inf
            elif state[p] == DOWN:
                event[p] = now + lasts_yet(printer_left[p], repair, u[column + 1])
                outage[p] = inf
            elif state[p] == PRINTING:
                j = on[p]
                slot = PER_SLOT * slots[j]
                wide = _SHARED * z[PER_SLOT * kin[j]] + _OWN * z[slot + 2]
                left = printer_left[p] * exp(printer_spread[p] * wide)
                still, at_check = chances_left(failing[j, p], reject_share, printer_done[p])
                chance = as_stratum(u[slot + 3], still + at_check, j, fails_here)
                good[p], share = fate_of(chance, still, still + at_check)
                event[p] = now + left * share
                tried[j] = 1
                if outage[p] <= event[p]:
                    good[p], event[p] = 3, outage[p]
        for _ in range(printers):  # beds that wait already, the one that waits longest first
            p = waits_longest(state, event, printer_left, TO_CLEAR, now)
            if p < 0:
                break
            j = on[p]
            slot = PER_SLOT * (slots[j] if j >= 0 else 0)
            hand = u[slot + 4]
            if j < 0:
                hand = u[SLOTS * PER_SLOT + PER_PRINTER * (p % PRINTER_SLOTS) + 1]
            person = first_free(free)
            begin = max(now, free[person])
            share = share_below(handling[0], printer_left[p])
            clear = quantile_of(handling[0], share + hand * (1.0 - share)) - printer_left[p]
            clear = max(clear, 0.01)
            event[p] = add_open(s_open, s_close, begin, clear)
            free[person] = event[p]
            if j >= 0:
                tried[j] = 1
                check = copies[j] * quantile_of(handling[1], hand)
                passed = add_open(s_open, s_close, begin, clear + check)
                free[person] = passed
                at_check = failing[j, p] * reject_share
                if as_stratum(u[slot + 3], at_check, j, fails_here) < at_check:
                    waiting[j], released[j] = 1, passed
                elif passed < done[group[j]]:
                    done[group[j]] = passed
            on[p] = -1
        g = new_group if only_new else 0  # the first part that is not ready yet
        head = 0  # before this turn, all prints are of parts that are ready
        while True:
            p = first_free(event)
            t = event[p]
            if t >= until:
                break
            while g < groups and done[g] <= t:
                g += 1
            if g == groups:  # all are ready
                break
            if state[p] == PRINTING:
                j = on[p]
                slot = PER_SLOT * slots[j] + PER_TRY * min(tried[j] - 1, TRIES - 1)
                hand = u[slot + 4]
                clear = quantile_of(handling[0], hand)
                person = first_free(free)
                begin = max(t, free[person])
                state[p], on[p] = TO_CLEAR, -1
                event[p] = add_open(s_open, s_close, begin, clear)
                if good[p] >= 2:
                    free[person] = event[p]
                    if good[p] == 3:
                        event[p] = max(event[p], repaired[p])
                        outage[p] = inf
                    waiting[j], released[j] = 1, t
                    wake(event, state, t)
                else:
                    check = copies[j] * quantile_of(handling[1], hand)
                    passed = add_open(s_open, s_close, begin, clear + check)
                    free[person] = passed
                    if good[p] == 1:
                        waiting[j], released[j] = 1, passed
                        wake(event, state, passed)
                    elif passed < done[group[j]]:
                        done[group[j]] = passed
                continue
            state[p] = IDLE  # the bed is clear, or the printer is back
            if outage[p] <= t:
                if repaired[p] > t:
                    state[p], event[p] = DOWN, repaired[p]
                    outage[p] = inf
                    continue
                outage[p] = inf
            leaves, returns = next_away(printer_away[p], t)
            if leaves <= t or mute[p] > t or hush <= t < heard:
                event[p] = returns if leaves <= t else max(mute[p], heard if hush <= t else t)
                continue
            # An idle printer looks for its next print.
            closes, reopens = night_after(b_open, b_close, rule, t)
            best, best_key, best_other, best_start, again = -1, inf, False, t, inf
            while head < jobs and done[group[turns[head]]] <= t:
                head += 1
            for turn in range(head, jobs):
                j = turns[turn]
                if urgency[j] > best_key:
                    break
                if waiting[j] == 0 or minutes[j, p] == inf or done[group[j]] <= t:
                    continue
                if home[j] >= 0 and home[j] != p and tried[j] == 0:
                    continue
                if released[j] > t:
                    again = min(again, released[j])
                    continue
                ready_to_start = t
                other = material[j] >= 0 and material[j] != loaded[p]
                key = turn_of(urgency[j], 1.0 * other, planned[j, p], t, closes, reopens)
                if key > best_key or (key == best_key and (other or not best_other)):
                    continue
                if other:
                    ready_to_start = add_open(s_open, s_close, t, change_minutes)
                start = start_by_rule(b_open, b_close, rule, ready_to_start, planned[j, p])
                if start > ready_to_start or (other and not is_open(s_open, s_close, t)):
                    start -= change_minutes if other else 0.0
                    again = min(again, max(start, t + 1.0))
                    continue
                if start + planned[j, p] > leaves:
                    again = min(again, returns)
                    continue
                best, best_key, best_other, best_start = j, key, other, start
            if best < 0:
                event[p] = again
                continue
            j, q = best, p
            if home[j] < 0 or tried[j] > 0:  # a faster printer that is idle as well takes it
                for r in range(printers):
                    fits = material[j] < 0 or material[j] == loaded[r]
                    able[r] = state[r] == IDLE and outage[r] > t and mute[r] <= t and fits
                q = faster_idle(
                    minutes[j], planned[j], able, printer_away, b_open, b_close, rule, p, t
                )
                best_start = t if q != p else best_start
            tried[j] += 1
            tries[sample] += j >= first_new
            slot = PER_SLOT * slots[j]
            column = slot + PER_TRY * min(tried[j] - 1, TRIES - 1)
            wide = _SHARED * z[PER_SLOT * kin[j]] + _OWN * z[column + 2]
            lasts = minutes[j, q] * exp(sigma[j, q] * wide)
            fails = failing[j, q]
            chance = u[column + 3]
            if tried[j] == 1:
                chance = as_stratum(chance, fails, j, fails_new if j >= first_new else fails_here)
            good[q], share = fate_of(chance, fails * (1.0 - reject_share), fails)
            lasts *= share
            waiting[j] = 0
            if material[j] >= 0:
                loaded[q] = material[j]
            state[q], on[q] = PRINTING, j
            event[q] = best_start + lasts
            if outage[q] <= event[q]:
                good[q], event[q] = 3, max(outage[q], best_start)
            if q != p:
                event[p] = t  # looks again
