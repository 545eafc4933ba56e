"""Compiles the loop that promises are read from, by making one; see ``compiled``."""

import sys
from datetime import UTC, datetime

from parts3d.points.hours import Hours, Unattended
from parts3d.promises.plan import plan
from parts3d.promises.print_time import PrintTime
from parts3d.promises.snapshot import Need, PointSnapshot, PrinterSnapshot


def compile_now() -> None:
    """Make one promise."""
    hours = Hours.parse("Mo-Sa 09:30-18:30")
    point = PointSnapshot("", hours, hours, Unattended.FINISH, (PrinterSnapshot("", "", ""),))
    plan(datetime.now(UTC), Need({"": PrintTime(3600)}, ""), [point], quantile=0.99)


if __name__ == "__main__":
    compile_now()
    sys.stdout.write("The futures of points are compiled.\n")
