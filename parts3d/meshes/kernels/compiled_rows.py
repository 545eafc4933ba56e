"""Numbering equal rows: the loops of welding, compiled. Called by ``compiled`` alone."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.kernels.compiled_jit import LABELS, ROWS, SALT, compiled_as, inlined, types

_MIX = np.uint64(0xD6E8FEB86659FD93)
_FOLD = np.uint64(29)
# The best bits of the product are its high ones; a table has at most 2**32 slots.
_HIGH = np.uint64(32)
# Rows looked up together, so that the processor waits for their memory at once.
_BATCH = 256
_ONE = np.uint64(1)


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


@inlined
def _word(row: NDArray[np.uint32], salt: NDArray[np.uint64]) -> np.uint64:
    return np.uint64(_hash(row[0], row[1], row[2], salt))


@compiled_as(types.void(ROWS, types.int64, types.uint32[::1], SALT))
def fill_table(
    known: NDArray[np.uint32], count: int, table: NDArray[np.uint32], salt: NDArray[np.uint64]
) -> None:
    """Enter the rows that are known into an empty table; see ``number_rows``."""
    last = np.uint64(len(table) - 1)
    tag_bits = ~np.uint32(last)
    for number in range(count):
        word = _word(known[number], salt)
        slot = (word >> _HIGH) & last
        while table[slot]:
            slot = (slot + _ONE) & last
        table[slot] = np.uint32(number + 1) | (np.uint32(word) & tag_bits)


@inlined
def _is(row: NDArray[np.uint32], known: NDArray[np.uint32], number: np.uint32) -> bool:
    """Whether the row with that number, counted from 1, is the row."""
    at = np.uint64(number - np.uint32(1))
    return bool((known[at, 0] == row[0]) & (known[at, 1] == row[1]) & (known[at, 2] == row[2]))


@inlined
def _search(
    row: NDArray[np.uint32],
    tag: np.uint32,
    table: NDArray[np.uint32],
    known: NDArray[np.uint32],
    slot: np.uint64,
) -> tuple[np.uint64, np.uint32]:
    """Return the row's slot and entry; or the empty slot that is to be its own, and 0."""
    last = np.uint64(len(table) - 1)
    number_bits = np.uint32(last)
    while True:
        entry = table[slot]
        if entry == 0:
            return slot, entry
        if entry & ~number_bits == tag and _is(row, known, entry & number_bits):
            return slot, entry
        slot = (slot + _ONE) & last


@compiled_as(
    types.UniTuple(types.int64, 2)(
        ROWS,
        types.UniTuple(types.int64, 2),
        types.uint32[::1],
        types.uint32[:, ::1],
        types.int32[::1],
        SALT,
    )
)
def number_rows(  # noqa: C901 - one pass; each round apart would want all arrays again
    rows: NDArray[np.uint32],
    done: tuple[int, int],
    table: NDArray[np.uint32],
    known: NDArray[np.uint32],
    labels: NDArray[np.int32],
    salt: NDArray[np.uint64],
) -> tuple[int, int]:
    """Number equal rows alike, in the order in which they first appear, until ``known`` is full.

    Open addressing. An entry is a row's number and, in the bits that numbers leave free, a tag of
    its hash, so that a row met in passing need not be fetched from memory to see that it is
    another. Rows are looked up in batches: a plain copy (which the processor fetches from memory
    far ahead, as it does not with rows of twelve bytes), a round of hashes, a round at the table,
    and a round of comparisons, none of which waits for another row's; only what is new, or stands
    aside of its slot, is searched for one by one. The arrays are the caller's, because numpy asks
    the system for huge pages and numba does not: random access is twice as fast for it.

    Args:
        rows: uint32 (n, 3), n < 2**31.
        done: rows numbered before, and how many numbers that took.
        table: uint32, 2**b slots, more than ``len(known)``; 0 is empty; else the lower b bits are
            a number, counted from 1, and the upper the tag.
        known: the row of each number, uint32 (k, 3), k >= 1, written here.
        labels: the number of each row, int32 (n,), written here.
        salt: uint64 (4,), secret factors.

    Returns:
        What to hand in as ``done`` with larger tables; the first is n when all is done.
    """
    last = np.uint64(len(table) - 1)
    number_bits = np.uint32(last)
    begin, count = done
    values = rows.reshape(-1)
    batch = np.empty((_BATCH, 3), np.uint32)
    copied = batch.reshape(-1)
    slots = np.empty(_BATCH, np.uint64)
    tags = np.empty(_BATCH, np.uint32)
    entries = np.empty(_BATCH, np.uint32)
    for start in range(begin, len(rows), _BATCH):
        size = min(_BATCH, len(rows) - start)
        for at in range(3 * size):
            copied[at] = values[3 * start + at]
        for at in range(size):
            word = _word(batch[at], salt)
            slots[at] = (word >> _HIGH) & last
            tags[at] = np.uint32(word) & ~number_bits
        for at in range(size):
            entries[at] = table[slots[at]]
        for at in range(size):
            entry = entries[at]
            alike = entry != 0 and entry & ~number_bits == tags[at]
            if not (alike and _is(batch[at], known, entry & number_bits)):
                entries[at] = 0
        for at in range(size):
            entry = entries[at]
            if entry == 0:
                slot, entry = _search(batch[at], tags[at], table, known, slots[at])
                if entry == 0:
                    if count == len(known):
                        return start + at, count
                    known[count, 0] = batch[at, 0]
                    known[count, 1] = batch[at, 1]
                    known[count, 2] = batch[at, 2]
                    count += 1
                    entry = np.uint32(count) | tags[at]
                    table[slot] = entry
            labels[start + at] = np.int32(entry & number_bits) - 1
    return len(rows), count


@compiled_as(types.void(LABELS, types.int32[::1]))
def first_rows(labels: NDArray[np.int32], firsts: NDArray[np.int32]) -> None:
    """Write where each number first appears; the numbers are in the order of appearance."""
    count = 0
    for row in range(len(labels)):
        if labels[row] == count:
            firsts[count] = row
            count += 1
