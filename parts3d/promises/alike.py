"""Lines of one part are planned as one line: the customer who splits them gains nothing. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parts3d.promises.snapshot import Need, Placement


@dataclass(frozen=True, slots=True)
class Merged:
    """An order's needs without repetitions.

    Args:
        needs: each kind of print once, as its first line asks for it, in the quantity of all.
        lines: of each, the indices of the order's needs that it stands for.
        quantities: of each of the order's needs.
    """

    needs: tuple[Need, ...]
    lines: tuple[tuple[int, ...], ...]
    quantities: tuple[int, ...]

    def apart(self, placements: Sequence[Placement]) -> list[Placement]:
        """Return the same placements, each for a need of the order; the first line's go first."""
        if len(self.needs) == len(self.quantities):
            return list(placements)
        found: dict[int, Placement] = {}
        for kind, lines in enumerate(self.lines):
            mine = [place for place, one in enumerate(placements) if one.need == kind]
            mine.sort(key=lambda place: placements[place].starts_at)
            owners = [line for line in lines for _ in range(self.quantities[line])]
            for place, line in zip(mine, owners, strict=True):
                found[place] = replace(placements[place], need=line)
        return [found[place] for place in range(len(placements))]


def merged(needs: Sequence[Need]) -> Merged:
    """Put lines of like prints together."""
    kinds: list[Need] = []
    lines: list[list[int]] = []
    for index, need in enumerate(needs):
        plain = replace(need, quantity=1, line=1)
        if plain in kinds:
            lines[kinds.index(plain)].append(index)
        else:
            kinds.append(plain)
            lines.append([index])
    return Merged(
        tuple(
            replace(needs[of[0]], quantity=sum(needs[index].quantity for index in of))
            for of in lines
        ),
        tuple(map(tuple, lines)),
        tuple(need.quantity for need in needs),
    )
