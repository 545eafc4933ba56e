"""State machines: one table each, one function that moves.

A noun's ``lifecycle.py`` declares its statuses and moves; its service calls ``move`` and
appends the event row. A move to the same state is a no-op, since everything is heard twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from parts3d.errors import Conflict

StatusT = TypeVar("StatusT", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Lifecycle(Generic[StatusT]):
    """Which state may follow which.

    Args:
        noun: what moves, for the refusal's sentence ("order").
        moves: for every state, the states that may follow; an end state maps to none.
    """

    noun: str
    moves: Mapping[StatusT, frozenset[StatusT]]

    def allows(self, current: StatusT, target: StatusT) -> bool:
        """Tell whether the move may be made (staying is always allowed)."""
        return current == target or target in self.moves[current]

    def move(self, current: StatusT, target: StatusT) -> StatusT:
        """Return the new state.

        Raises:
            Conflict: the table does not allow it.
        """
        if not self.allows(current, target):
            raise Conflict(
                f"This {self.noun} is {_plain(current)}; it cannot become {_plain(target)}.",
                code="illegal_move",
            )
        return target

    def ends(self) -> frozenset[StatusT]:
        """Return the states after which nothing happens."""
        return frozenset(status for status, following in self.moves.items() if not following)


def _plain(status: StrEnum) -> str:
    return status.value.replace("_", " ")
