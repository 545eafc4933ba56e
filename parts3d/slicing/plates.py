"""How several copies of a part lie on one bed. Pure: sizes in, places out.

Copies are printed layer by layer, all together, so between them only the nozzle must pass:
room for two brims, and enough that strings and warped edges do not touch. The part's box (as
it is turned) is packed in rows and columns, as it lies or turned by 90 degrees; what a grid of
the one leaves free beside it is filled with the other. Best of both is not optimal packing, but
never puts a copy where it cannot be.
"""

import math
from dataclasses import dataclass

from parts3d.slicing.profiles import Profile

# Kept free on each side of the bed: the skirt (3 mm) goes there.
EDGE_MM = 3.0
# Between two copies; a brim on each side needs its width, and a line between them.
_GAP_MM = 6.0
_BETWEEN_BRIMS_MM = 2.0
# Files and floats round: what fits to a thousandth fits.
_SLACK_MM = 1e-3
# More than this on one bed is one accident that costs a day; it also bounds the G-code.
MOST_COPIES = 60

Size = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the middle of one copy lies (mm from the bed's middle), and how it is turned."""

    x_mm: float
    y_mm: float
    turned: bool


def gap_mm(brim_mm: float) -> float:
    """Return the room between two copies, in mm, for parts with a brim of this width."""
    return max(_GAP_MM, 2 * brim_mm + _BETWEEN_BRIMS_MM)


def copies_per_plate(size_mm: Size, profile: Profile, brim_mm: float = 0.0) -> int:
    """Return how many copies of a part fit on one bed of a printer model; 0: not even one.

    Args:
        size_mm: the part's box as it is printed: x, y and height.
        profile: the printer model's.
        brim_mm: width of the brim around each copy.
    """
    return len(_all_spots(size_mm, profile, brim_mm)[:MOST_COPIES])


def plate_spots(size_mm: Size, profile: Profile, copies: int, brim_mm: float = 0.0) -> list[Spot]:
    """Return where so many copies lie, as a block around the bed's middle; empty: no room.

    The same question has the same answer: a plate's G-code is kept by its content.

    Args:
        size_mm: the part's box as it is printed: x, y and height.
        profile: the printer model's.
        copies: how many; 1 or more.
        brim_mm: width of the brim around each copy.
    """
    if copies > copies_per_plate(size_mm, profile, brim_mm):
        return []
    block = _smallest_block(size_mm, profile, copies, brim_mm)
    return _centred(size_mm, block or _all_spots(size_mm, profile, brim_mm)[:copies])


def _room(profile: Profile, brim_mm: float) -> tuple[float, float]:
    margin = max(EDGE_MM, brim_mm)
    side = max(margin, profile.keep_clear_x_mm)
    return profile.bed_x_mm - 2 * side, profile.bed_y_mm - 2 * margin


def _fitting(room_mm: float, side_mm: float, gap: float) -> int:
    """Return how many sides with gaps between them fit in a row."""
    return max(0, math.floor((room_mm + gap + _SLACK_MM) / (side_mm + gap)))


def _grid(
    columns: int, rows: int, sides: tuple[float, float], gap: float, *, turned: bool
) -> list[Spot]:
    """Return the middles of a grid whose lowest corner lies at 0, 0; row by row."""
    x, y = sides
    return [
        Spot(column * (x + gap) + x / 2, row * (y + gap) + y / 2, turned)
        for row in range(rows)
        for column in range(columns)
    ]


def _all_spots(size_mm: Size, profile: Profile, brim_mm: float) -> list[Spot]:
    """Return as many spots as are found, lowest corner of the block at 0, 0."""
    x, y, height = size_mm
    if height > profile.height_mm + _SLACK_MM:
        return []
    width, depth = _room(profile, brim_mm)
    gap = gap_mm(brim_mm)
    found: list[list[Spot]] = []
    for turned, sides in ((False, (x, y)), (True, (y, x))):
        columns, rows = _fitting(width, sides[0], gap), _fitting(depth, sides[1], gap)
        if not columns or not rows:
            continue
        grid = _grid(columns, rows, sides, gap, turned=turned)
        used_x, used_y = columns * (sides[0] + gap), rows * (sides[1] + gap)
        other = (sides[1], sides[0])
        for room_x, room_y, at_x, at_y in (
            (width - used_x, depth, used_x, 0.0),
            (width, depth - used_y, 0.0, used_y),
        ):
            beside = _grid(
                _fitting(room_x, other[0], gap),
                _fitting(room_y, other[1], gap),
                other,
                gap,
                turned=not turned,
            )
            moved = [Spot(one.x_mm + at_x, one.y_mm + at_y, one.turned) for one in beside]
            found.append([*grid, *moved])
    return max(found, key=len, default=[])


def _smallest_block(
    size_mm: Size, profile: Profile, copies: int, brim_mm: float
) -> list[Spot] | None:
    """Return a grid of one turn that is as compact as can be: short ways for the nozzle."""
    x, y, _ = size_mm
    width, depth = _room(profile, brim_mm)
    gap = gap_mm(brim_mm)
    best: tuple[float, bool, int] | None = None
    for turned, sides in ((False, (x, y)), (True, (y, x))):
        for columns in range(1, copies + 1):
            rows = math.ceil(copies / columns)
            if columns > _fitting(width, sides[0], gap) or rows > _fitting(depth, sides[1], gap):
                continue
            long_side = max(columns * (sides[0] + gap), rows * (sides[1] + gap))
            # A turn only where it helps: as the maintainer laid it is how it was looked at.
            tried = (round(long_side, 3), turned, columns)
            best = min(best, tried) if best else tried
    if best is None:
        return None
    _, turned, columns = best
    sides = (y, x) if turned else (x, y)
    return _grid(columns, math.ceil(copies / columns), sides, gap, turned=turned)[:copies]


def _centred(size_mm: Size, spots: list[Spot]) -> list[Spot]:
    """Move a block so that the middle of its box lies at 0, 0."""
    x, y, _ = size_mm
    boxes = [(one.x_mm, one.y_mm, (y, x) if one.turned else (x, y)) for one in spots]
    low_x = min(at_x - sides[0] / 2 for at_x, _, sides in boxes)
    high_x = max(at_x + sides[0] / 2 for at_x, _, sides in boxes)
    low_y = min(at_y - sides[1] / 2 for _, at_y, sides in boxes)
    high_y = max(at_y + sides[1] / 2 for _, at_y, sides in boxes)
    off_x, off_y = (low_x + high_x) / 2, (low_y + high_y) / 2
    return [Spot(one.x_mm - off_x, one.y_mm - off_y, one.turned) for one in spots]
