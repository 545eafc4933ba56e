"""Numbering equal rows: the loops of welding, compiled. Called by ``compiled`` alone."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.compiled_jit import LABELS, ROWS, SALT, compiled_as, inlined, types

_MIX = np.uint64(0xD6E8FEB86659FD93)
_FOLD = np.uint64(29)
# The best bits of the product are its high ones; a table has at most 2**32 slots.
_HIGH = np.uint64(32)
# Rows looked up together, so that the processor waits for their memory at once.
_BATCH = 64


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


@compiled_as(types.void(ROWS, types.int64, types.int32[::1], SALT))
def fill_table(
    known: NDArray[np.uint32], count: int, table: NDArray[np.int32], salt: NDArray[np.uint64]
) -> None:
    """Enter the rows that are known into an empty table; see ``number_rows``."""
    last = len(table) - 1
    for number in range(count):
        row = known[number]
        slot = int(_hash(row[0], row[1], row[2], salt) >> _HIGH) & last
        while table[slot]:
            slot = (slot + 1) & last
        table[slot] = number + 1


@inlined
def _search(
    row: NDArray[np.uint32], table: NDArray[np.int32], known: NDArray[np.uint32], slot: int
) -> tuple[int, int]:
    """Return the row's slot and number; or the empty slot that is to be its own, and -1."""
    a, b, c = row[0], row[1], row[2]
    while True:
        number = int(table[slot]) - 1
        if number < 0 or (
            known[number, 0] == a and known[number, 1] == b and known[number, 2] == c
        ):
            return slot, number
        slot = (slot + 1) & (len(table) - 1)


@compiled_as(
    types.UniTuple(types.int64, 2)(
        ROWS,
        types.UniTuple(types.int64, 2),
        types.int32[::1],
        types.uint32[:, ::1],
        types.int32[::1],
        SALT,
    )
)
def number_rows(
    rows: NDArray[np.uint32],
    done: tuple[int, int],
    table: NDArray[np.int32],
    known: NDArray[np.uint32],
    labels: NDArray[np.int32],
    salt: NDArray[np.uint64],
) -> tuple[int, int]:
    """Number equal rows alike, in the order in which they first appear, until ``known`` is full.

    Open addressing. Rows are looked up in batches: a round of hashes, a round at the table, and a
    round of comparisons, none of which waits for another row's; only what is new, or stands aside
    of its slot, is searched for one by one. The arrays are the caller's, because numpy asks the
    system for huge pages and numba does not: random access to the table is twice as fast for it.

    Args:
        rows: uint32 (n, 3), n < 2**31.
        done: rows numbered before, and how many numbers that took.
        table: int32, a power of two, more than ``len(known)``; 0 empty, n stands for number n - 1.
        known: the row of each number, uint32 (k, 3), k >= 1, written here.
        labels: the number of each row, int32 (n,), written here.
        salt: uint64 (4,), secret factors.

    Returns:
        What to hand in as ``done`` with larger tables; the first is n when all is done.
    """
    last = len(table) - 1
    begin, count = done
    slots = np.empty(_BATCH, np.int64)
    numbers = np.empty(_BATCH, np.int64)
    for start in range(begin, len(rows), _BATCH):
        size = min(_BATCH, len(rows) - start)
        for at in range(size):
            row = start + at
            slots[at] = np.int64(
                _hash(rows[row, 0], rows[row, 1], rows[row, 2], salt) >> _HIGH
            ) & np.int64(last)
        for at in range(size):
            numbers[at] = np.int64(table[slots[at]]) - 1
        for at in range(size):
            row = start + at
            number = max(numbers[at], 0)
            same = (
                (known[number, 0] == rows[row, 0])
                & (known[number, 1] == rows[row, 1])
                & (known[number, 2] == rows[row, 2])
                & (numbers[at] >= 0)
            )
            numbers[at] = number if same else -1
        for at in range(size):
            row = start + at
            number = numbers[at]
            if number < 0:
                slot, number = _search(rows[row], table, known, slots[at])
                if number < 0:
                    if count == len(known):
                        return row, count
                    number = count
                    table[slot] = count + 1
                    known[count, 0] = rows[row, 0]
                    known[count, 1] = rows[row, 1]
                    known[count, 2] = rows[row, 2]
                    count += 1
            labels[row] = number
    return len(rows), count


@compiled_as(types.void(LABELS, types.int32[::1]))
def first_rows(labels: NDArray[np.int32], firsts: NDArray[np.int32]) -> None:
    """Write where each number first appears; the numbers are in the order of appearance."""
    count = 0
    for row in range(len(labels)):
        if labels[row] == count:
            firsts[count] = row
            count += 1
