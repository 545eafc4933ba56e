"""How much the search for crossings may do: steps of work, counted, never timed.

A step takes about a nanosecond on the machine that was measured (docs/performance.md), so that a
budget bounds the time and the same mesh has the same result everywhere.
"""

from dataclasses import dataclass

# At least, and for each facet: a search of 200,000 facets ends within a second, of a million
# within four. Sound meshes need a fifth of it.
_LEAST_STEPS = 500_000_000
_STEPS_A_FACET = 2_500


@dataclass(frozen=True, slots=True)
class CrossingBudget:
    """Where the search stops: soups in which everything overlaps have n x n pairs.

    Args:
        steps: steps of work; None: as many as the number of facets allows.
        segments: segments handed out for the picture.
    """

    steps: int | None = None
    segments: int = 5_000

    def work(self, facet_count: int) -> "Work":
        """Return the work that a search among so many facets may do."""
        steps = self.steps
        return Work(_LEAST_STEPS + _STEPS_A_FACET * facet_count if steps is None else steps)


DEFAULT_BUDGET = CrossingBudget()


@dataclass(slots=True)
class Work:
    """What is left to be done, in steps."""

    left: int

    def take(self, steps: int) -> bool:
        """Count steps before they are done; say whether they may be."""
        self.left -= steps
        return self.left >= 0
