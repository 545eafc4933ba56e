"""What the steps of a repair did; ``words`` has their sentences."""

from dataclasses import dataclass
from enum import StrEnum

from parts3d.errors import Invalid


class Done(StrEnum):
    """What a step of a repair did."""

    DROPPED_COLLAPSED = "dropped_collapsed"
    DROPPED_COPIES = "dropped_copies"
    DROPPED_SHEETS = "dropped_sheets"
    JOINED_POINTS = "joined_points"
    TURNED_FACETS = "turned_facets"
    TURNED_SHELLS = "turned_shells"
    DROPPED_SLIVERS = "dropped_slivers"
    SPLIT_AT_JUNCTIONS = "split_at_junctions"
    DROPPED_FINS = "dropped_fins"
    CUT_OUT = "cut_out"
    FILLED_HOLES = "filled_holes"
    MERGED = "merged"
    UNITED = "united"
    BY_PROGRAM = "by_program"


@dataclass(frozen=True, slots=True)
class Step:
    """What was done, and how often."""

    done: Done
    count: int


class RepairRefused(Invalid):
    """No repair is offered; the message says why and what to do instead."""

    kind = "repair_refused"
