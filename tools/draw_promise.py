"""Draws what one promise is read from: ``python -m tools.draw_promise > promise.svg``.

A print of an hour and a half, ordered at 11:00 at a point with two printers, one of which prints.
Above: when it is ready, over all futures. Below: how sure a promise for each minute would be.
"""

import sys
from datetime import datetime, timedelta

import numpy as np

from parts3d.points.calendar import minutes_of
from parts3d.points.hours import BRUSSELS, Hours, Unattended
from parts3d.promises.futures.quote import Levels, quote
from parts3d.promises.futures.ready import Prints, join
from parts3d.promises.futures.scene import scene_of, times_at
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queued import Queued
from parts3d.promises.snapshot import Need, PointSnapshot, PrinterSnapshot

NOW = datetime(2026, 11, 24, 11, 0, tzinfo=BRUSSELS)
LEFT, RIGHT, TOP, MIDDLE, BOTTOM = 60.0, 740.0, 30.0, 200.0, 330.0
FIRST_HOUR, LAST_HOUR = 11.0, 18.5
SLOT_MINUTES = 10


def main() -> int:
    """Write the picture."""
    shop = Hours.parse("Mo-Sa 09:30-18:30")
    time = PrintTime(90 * 60, 0.08, 0.07)
    running = Queued(PrintTime(40 * 60, 0.1, 0.07), "j", "o", due_at=NOW + timedelta(hours=3))
    point = PointSnapshot(
        "huy",
        shop,
        shop,
        Unattended.FINISH,
        (
            PrinterSnapshot("a", "m", "PETG", running=running, outages_per_hour=1 / 200),
            PrinterSnapshot("b", "m", "PETG", outages_per_hour=1 / 200),
        ),
        check_minutes=0,
        staff_minutes=tuple(range(5, 41, 5)),
        shared_queue=True,
    )
    scene = scene_of(NOW, point, NOW + timedelta(days=3))
    need = Need({"m": time}, "PETG")
    joined = join(scene, Prints([times_at(need, point)], [-1], [0], ["PETG"], [1]))
    quoted = quote(joined, Levels(0.99, 0.99))
    if quoted is None:
        return 1
    ready = quoted.futures.all_new()
    weights = quoted.futures.weights
    start = minutes_of(NOW) - 60 * (NOW.hour - FIRST_HOUR)

    def across(minute: float) -> float:
        share = (minute - start) / (60 * (LAST_HOUR - FIRST_HOUR))
        return LEFT + (RIGHT - LEFT) * min(share, 1.0)

    marks = []
    edges = np.arange(start, start + 60 * (LAST_HOUR - FIRST_HOUR) + 1, SLOT_MINUTES)
    heights = np.array(
        [weights[(ready >= low) & (ready < low + SLOT_MINUTES)].sum() for low in edges]
    )
    for low, height in zip(edges, heights, strict=True):
        if height > 0:
            # The square root, so that what happens once in a hundred times can be seen.
            tall = (MIDDLE - TOP - 20) * (height / heights.max()) ** 0.5
            marks.append(
                f'<rect x="{across(low):.1f}" y="{MIDDLE - tall:.1f}" '
                f'width="{across(low + SLOT_MINUTES) - across(low) - 1:.1f}" '
                f'height="{tall:.1f}" fill="#3b6ea8"/>'
            )
    order = np.argsort(ready)
    reached = np.cumsum(weights[order])
    line = [f"{LEFT},{BOTTOM}"]
    for minute, share in zip(ready[order], reached, strict=True):
        if minute <= edges[-1]:
            line.append(f"{across(minute):.1f},{BOTTOM - (BOTTOM - MIDDLE - 40) * share:.1f}")
    at = across(quoted.ready_at)
    said = datetime.fromtimestamp(60 * quoted.ready_at, BRUSSELS).strftime("%H:%M")
    hours = "".join(
        f'<text x="{across(start + 60 * (hour - FIRST_HOUR)):.0f}" y="{BOTTOM + 18}" '
        f'text-anchor="middle">{hour}:00</text>'
        for hour in range(int(FIRST_HOUR), int(LAST_HOUR) + 1)
    )
    sys.stdout.write(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 380" font-family="sans-serif" '
        'font-size="13"><title>When a part may be ready, and what is promised</title>'
        '<rect width="800" height="380" fill="#fff"/>'
        f'<text x="{LEFT}" y="20">When it is ready, of all that may happen (square root of the '
        "share): first the good print, then the reprints</text>"
        f"{''.join(marks)}"
        f'<text x="{LEFT}" y="{MIDDLE + 30}">How sure a promise for that minute would be</text>'
        f'<polyline points="{" ".join(line)}" fill="none" stroke="#b3541e" stroke-width="2"/>'
        f'<line x1="{LEFT}" x2="{RIGHT}" y1="{BOTTOM}" y2="{BOTTOM}" stroke="#444"/>'
        f'<line x1="{LEFT}" x2="{RIGHT}" y1="{MIDDLE}" y2="{MIDDLE}" stroke="#444"/>'
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{BOTTOM}" stroke="#1d7a3f" '
        'stroke-width="2" stroke-dasharray="5 4"/>'
        f'<text x="{at + 6:.1f}" y="{TOP + 20}" fill="#1d7a3f">promised {said} (99 %)</text>'
        f"{hours}"
        f'<text x="{RIGHT}" y="{BOTTOM + 38}" text-anchor="end">closes 18:30</text></svg>\n'
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
