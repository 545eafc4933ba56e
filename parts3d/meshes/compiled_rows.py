"""Numbering equal rows: the loops of welding, compiled. Called by ``compiled`` alone."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.compiled_jit import LABELS, ROWS, SALT, compiled_as, inlined, types

_MIX = np.uint64(0xD6E8FEB86659FD93)
_FOLD = np.uint64(29)
# The best bits of the product are its high ones; a table has at most 2**32 slots.
_HIGH = np.uint64(32)


@inlined
def _hash(a: np.uint32, b: np.uint32, c: np.uint32, salt: NDArray[np.uint64]) -> np.uint64:
    """Multilinear hash with secret factors: two rows collide by chance only, whoever made them.

    Lemire and Kaser, "Strongly Universal String Hashing is Fast", 2014. The last two lines spread
    the word, since linear probing wants no runs from rows in an arithmetic series.
    """
    word = salt[0] + salt[1] * np.uint64(a) + salt[2] * np.uint64(b) + salt[3] * np.uint64(c)
    word ^= word >> _FOLD
    word *= _MIX
    return np.uint64(word ^ (word >> _FOLD))


@compiled_as(types.void(ROWS, LABELS, types.int64, types.int32[::1], SALT))
def fill_table(
    rows: NDArray[np.uint32],
    firsts: NDArray[np.int32],
    count: int,
    table: NDArray[np.int32],
    salt: NDArray[np.uint64],
) -> None:
    """Enter the rows that are known into an empty table; see ``number_rows``."""
    last = len(table) - 1
    for number in range(count):
        at = firsts[number]
        slot = int(_hash(rows[at, 0], rows[at, 1], rows[at, 2], salt) >> _HIGH) & last
        while table[slot]:
            slot = (slot + 1) & last
        table[slot] = number + 1


@compiled_as(
    types.UniTuple(types.int64, 2)(
        ROWS,
        types.UniTuple(types.int64, 2),
        types.int32[::1],
        types.int32[::1],
        types.int32[::1],
        SALT,
    )
)
def number_rows(
    rows: NDArray[np.uint32],
    done: tuple[int, int],
    table: NDArray[np.int32],
    firsts: NDArray[np.int32],
    labels: NDArray[np.int32],
    salt: NDArray[np.uint64],
) -> tuple[int, int]:
    """Number equal rows alike, in the order in which they first appear, until ``firsts`` is full.

    Open addressing. The arrays are the caller's, because numpy asks the system for huge pages and
    numba does not: random access to the table is twice as fast for it.

    Args:
        rows: uint32 (n, 3), n < 2**31.
        done: rows numbered before, and how many numbers that took.
        table: int32, a power of two, more than ``len(firsts)``; 0 empty, n stands for number n - 1.
        firsts: the row at which each number first appears, written here.
        labels: the number of each row, int32 (n,), written here.
        salt: uint64 (4,), secret factors.

    Returns:
        What to hand in as ``done`` with larger tables; the first is n when all is done.
    """
    last = len(table) - 1
    row, count = done
    while row < len(rows):
        a, b, c = rows[row, 0], rows[row, 1], rows[row, 2]
        slot = int(_hash(a, b, c, salt) >> _HIGH) & last
        while True:
            number = int(table[slot]) - 1
            if number < 0:
                break
            at = firsts[number]
            if rows[at, 0] == a and rows[at, 1] == b and rows[at, 2] == c:
                break
            slot = (slot + 1) & last
        if number < 0:
            if count == len(firsts):
                break
            number = count
            table[slot] = count + 1
            firsts[count] = row
            count += 1
        labels[row] = number
        row += 1
    return row, count
