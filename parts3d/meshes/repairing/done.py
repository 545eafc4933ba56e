"""What the steps of a repair did, and the words for it."""

from collections.abc import Mapping
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


ENGLISH: Mapping[Done, str] = {
    Done.DROPPED_COLLAPSED: "{count} facets that were only a line or a point were taken out.",
    Done.DROPPED_COPIES: "{count} facets that were there more than once were taken out.",
    Done.DROPPED_SHEETS: "{count} facets that lay back to back, with no thickness between them, "
    "were taken out.",
    Done.JOINED_POINTS: "{count} points at fine gaps were joined to their neighbours.",
    Done.TURNED_FACETS: "{count} facets were turned round.",
    Done.TURNED_SHELLS: "{count} shells that were inside out were turned round.",
    Done.DROPPED_SLIVERS: "{count} facets without width were taken out at open edges.",
    Done.SPLIT_AT_JUNCTIONS: "{count} points were put into edges that passed a neighbour's corner.",
    Done.DROPPED_FINS: "{count} facets that hung on the surface and enclosed nothing were taken "
    "out.",
    Done.CUT_OUT: "{count} tangled facets were cut out, and the places filled anew.",
    Done.FILLED_HOLES: "{count} holes were filled.",
    Done.MERGED: "The facets were joined to a solid by manifold3d.",
    Done.UNITED: "{count} bodies were united to one surface.",
    Done.BY_PROGRAM: "A separate repair program made a new surface.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """What was done, and how often."""

    done: Done
    count: int

    def words(self, table: Mapping[Done, str] = ENGLISH) -> str:
        """Return the step as a sentence (another language: another table)."""
        return table[self.done].format(count=self.count)


class RepairRefused(Invalid):
    """No repair is offered; the message says why and what to do instead."""

    kind = "repair_refused"
