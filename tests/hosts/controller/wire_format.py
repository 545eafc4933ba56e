"""Klipper's wire format, from its document "Protocol": blocks, check sums, numbers.

A block is a length byte, a sequence byte (high nibble 0x10), the content, a CRC-16 (CCITT) and
0x7E. Content is a row of messages: each a number that says which, then its parameters. Numbers
are big-endian base 128 with a sign in the first byte.
"""

from collections.abc import Iterator

SYNC = 0x7E
LEAST_BYTES, MOST_BYTES = 5, 64
HEAD_BYTES, TAIL_BYTES = 2, 3
SEQUENCE_MASK = 0x0F
SEQUENCE_MARK = 0x10
_MORE = 0x80


def checksum(data: bytes) -> bytes:
    """Return the CRC-16 (CCITT, 0x8408 reflected, start 0xFFFF), high byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1
    return bytes([crc >> 8, crc & 0xFF])


def number(value: int) -> bytes:
    """Write a 32-bit number, signed or not, in as few bytes as it takes."""
    value &= 0xFFFFFFFF
    if value & 0x80000000:
        value -= 1 << 32
    # A byte holds 7 bits; the first one spans -32 to 95, so that small ones of both signs fit.
    groups = 1
    while groups < 5 and not -(1 << (7 * groups - 2)) <= value < 3 << (7 * groups - 2):
        groups += 1
    parts = [(value >> (7 * group)) & 0x7F for group in reversed(range(groups))]
    return bytes([part | _MORE for part in parts[:-1]] + [parts[-1]])


def read_number(data: bytes, at: int) -> tuple[int, int]:
    """Read a number; return it (signed) and where the next one begins."""
    value = data[at] & 0x7F
    if value & 0x60 == 0x60:
        value -= 0x80
    while data[at] & _MORE:
        at += 1
        value = (value << 7) | (data[at] & 0x7F)
    return value, at + 1


def block(sequence: int, content: bytes = b"") -> bytes:
    """Return a whole block; one without content is an acknowledgement."""
    size = len(content) + LEAST_BYTES
    head = bytes([size, SEQUENCE_MARK | (sequence & SEQUENCE_MASK)]) + content
    return head + checksum(head) + bytes([SYNC])


class Blocks:
    """Takes bytes as they come and gives the blocks that are whole and sound."""

    def __init__(self) -> None:
        self._left = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the sequence number and content of every block that is complete now."""
        self._left += data
        while len(self._left) >= LEAST_BYTES:
            size = self._left[0]
            if not LEAST_BYTES <= size <= MOST_BYTES:
                self._left = self._left[1:]
                continue
            if len(self._left) < size:
                return
            whole = self._left[:size]
            body, crc = whole[:-TAIL_BYTES], whole[-TAIL_BYTES:-1]
            if whole[-1] != SYNC or checksum(body) != crc:
                self._left = self._left[1:]
                continue
            self._left = self._left[size:]
            yield body[1] & SEQUENCE_MASK, body[HEAD_BYTES:]
