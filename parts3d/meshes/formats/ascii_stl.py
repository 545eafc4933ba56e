"""ASCII STL: keywords in any case, names in any script, several solids in a row.

The text is read in slices of a few megabytes: 21 words a facet, compared column by column, so a
large file costs neither its size in Python objects nor a loop over its lines.
"""

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Unreadable
from parts3d.meshes.formats.limits import Limits, no_triangles

_WORDS_PER_FACET = 21
_SLICE_BYTES = 4_000_000
_SOLID_LINES = 200_000
_LINE_SEARCH_BYTES = 16_000_000
_BOM = b"\xef\xbb\xbf"
# Column of a facet's words -> the keyword that must stand there.
_KEYWORDS = {
    0: b"facet",
    1: b"normal",
    5: b"outer",
    6: b"loop",
    7: b"vertex",
    11: b"vertex",
    15: b"vertex",
    19: b"endloop",
    20: b"endfacet",
}
_CORNERS = (8, 9, 10, 12, 13, 14, 16, 17, 18)
# A line of its own: breaks may be LF, CR or CRLF.
_SOLID_LINE = re.compile(rb"(?i)[ \t]*(end[ \t]*)?solid(?:[ \t][^\r\n]*)?(?=[\r\n]|\Z)")
_WORD = re.compile(rb"\S+")
_FACET_END = re.compile(rb"(?i)endfacet(?=\s)")


def looks_like_text(data: memoryview) -> bool:
    """Whether the bytes begin as an ASCII STL does: ``solid`` and no zero byte near the start."""
    start = bytes(data[:1024])
    head = start.removeprefix(_BOM).lstrip()
    return head[:5].lower() == b"solid" and b"\0" not in start


def read_ascii(data: bytes, limits: Limits) -> NDArray[np.float64]:
    """Read the corners of every facet of every solid, shape (n, 3, 3), in the file's unit.

    Raises:
        Unreadable: a line too long, a word that does not belong, a number that is none, too many
            triangles, or no ``endsolid``; the place is the line.
    """
    text = data.removeprefix(_BOM)
    refuse_long_lines(text, limits.max_line_bytes)
    # Blanked with spaces of the same length: offsets, and so line numbers, stay right.
    end = None
    body = bytearray(text)
    for match in _solid_lines(text, limits.max_line_bytes):
        end = match.end() if match.group(1) else None
        body[match.start() : match.end()] = b" " * len(match.group())
    parts: list[NDArray[np.float64]] = []
    total = 0
    for start, stop in _slices(body):
        words = bytes(memoryview(body)[start:stop]).split()
        if not words:
            continue
        if not _well_formed(words):
            raise _misfit(body, start, stop)
        total += len(words) // _WORDS_PER_FACET
        if total > limits.max_triangles:
            raise Unreadable(
                f"The file has more than {limits.max_triangles} triangles. "
                "Export it with a coarser resolution.",
                code="too_many_triangles",
                place=f"line {line_of(body, start)}",
            )
        parts.append(_numbers(words, body, start, stop))
    if end is None:
        raise Unreadable(
            "The file ends without 'endsolid': it was cut off. Upload the whole file or export "
            "it again.",
            code="truncated",
            place=f"line {line_of(text, len(text))}",
        )
    if left_over := text[end:].lstrip():
        line = line_of(text, len(text) - len(left_over))
        raise Unreadable(
            f"Line {line} comes after the last 'endsolid'. The file is damaged; export it again.",
            code="bad_word",
            place=f"line {line}",
        )
    if not parts:
        raise no_triangles()
    return np.concatenate(parts)


def _solid_lines(text: bytes, max_line_bytes: int) -> Iterator[re.Match[bytes]]:
    """Find the lines ``solid`` and ``endsolid``; a plain search is 50 times faster than a regex."""
    done, seen = 0, 0
    for start in range(0, len(text), _SLICE_BYTES):
        # The last letters of a slice are looked at again with the next.
        piece = text[max(0, start - 4) : start + _SLICE_BYTES].lower()
        at = piece.find(b"solid")
        while at >= 0:
            seen += 1
            if seen > _SOLID_LINES:
                line = line_of(text, max(0, start - 4) + at)
                raise Unreadable(
                    f"The file has more than {_SOLID_LINES // 2} solids. Export the model as one.",
                    code="too_many_solids",
                    place=f"line {line}",
                )
            found = max(0, start - 4) + at
            # No line is longer than its cap, so its begin is near.
            near = max(done, found - max_line_bytes)
            line = max(text.rfind(b"\n", near, found), text.rfind(b"\r", near, found), near - 1) + 1
            # A line is done once; the word may stand in its name again.
            if found >= done and (match := _SOLID_LINE.match(text, line)):
                done = match.end()
                yield match
            at = piece.find(b"solid", at + 5)


def refuse_long_lines(text: bytes, max_line_bytes: int) -> None:
    """Look for a line over the cap without copying the text, slice by slice.

    Raises:
        Unreadable: ``line_too_long``.
    """
    last_break = -1
    for start in range(0, len(text), _LINE_SEARCH_BYTES):
        view = np.frombuffer(
            text, np.uint8, min(_LINE_SEARCH_BYTES, len(text) - start), offset=start
        )
        breaks = np.flatnonzero((view == ord("\n")) | (view == ord("\r"))) + start
        ends = np.append(breaks, start + len(view))
        lengths = np.diff(np.concatenate(([last_break], ends)))
        if lengths.max() > max_line_bytes:
            at = int(ends[int(np.argmax(lengths > max_line_bytes))])
            line = line_of(text, max(0, at - 1))
            raise Unreadable(
                f"Line {line} is longer than {max_line_bytes} bytes; no model needs that. "
                "Export the model again, as binary STL if you can.",
                code="line_too_long",
                place=f"line {line}",
            )
        last_break = int(breaks[-1]) if len(breaks) else last_break


def _slices(body: bytearray) -> Iterator[tuple[int, int]]:
    """Cut after an ``endfacet``, every few megabytes."""
    start = 0
    while start < len(body):
        end = _FACET_END.search(body, min(start + _SLICE_BYTES, len(body)))
        stop = end.end() if end else len(body)
        yield start, stop
        start = stop


def _well_formed(words: list[bytes]) -> bool:
    if len(words) % _WORDS_PER_FACET:
        return False
    return all(
        {word.lower() for word in set(words[column::_WORDS_PER_FACET])} == {keyword}
        for column, keyword in _KEYWORDS.items()
    )


def _numbers(words: list[bytes], body: bytearray, start: int, stop: int) -> NDArray[np.float64]:
    numbers = np.empty((len(words) // _WORDS_PER_FACET, 9), dtype=np.float64)
    try:
        if b"_" in body[start:stop]:  # Python would read 1_000 as a number
            raise _misfit(body, start, stop)
        for index, column in enumerate(_CORNERS):
            numbers[:, index] = list(map(float, words[column::_WORDS_PER_FACET]))
    except ValueError:
        raise _misfit(body, start, stop) from None
    return numbers.reshape(-1, 3, 3)


def _misfit(body: bytearray, start: int, stop: int) -> Unreadable:
    """Find the first word of a slice that does not fit, and say where and what was expected."""
    column = 0
    for match in _WORD.finditer(body, start, stop):
        word, expected = match.group(), _KEYWORDS.get(column)
        fits = word.lower() == expected if expected else _is_number(word)
        if not fits:
            wanted = f"'{expected.decode()}'" if expected else "a number"
            shown = word[:40].decode("utf-8", "replace")
            line = line_of(body, match.start())
            if not expected and (comma := decimal_comma(word, line)):
                return comma
            return Unreadable(
                f"Line {line}: expected {wanted}, found '{shown}'. The file is damaged or is no "
                "STL; export it again, as binary STL if you can.",
                code="bad_word",
                place=f"line {line}",
            )
        column = (column + 1) % _WORDS_PER_FACET
    line = line_of(body, stop)
    return Unreadable(
        f"The file ends at line {line} inside a triangle: it was cut off. Upload the whole file "
        "or export it again.",
        code="truncated",
        place=f"line {line}",
    )


def decimal_comma(word: bytes, line: int) -> Unreadable | None:
    """Return the refusal of a number like 1,5, None for any other word."""
    if word.count(b",") != 1 or not _is_number(word.replace(b",", b".")):
        return None
    return Unreadable(
        f"Line {line}: the number '{word[:40].decode()}' has a comma; a model's numbers have a "
        "point. Set the drawing program to English numbers and export again, as binary STL if "
        "you can.",
        code="decimal_comma",
        place=f"line {line}",
    )


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return b"_" not in word


def line_of(text: bytes | bytearray, offset: int) -> int:
    """Return the line number, from 1, of a byte offset; breaks are LF, CR or CRLF."""
    breaks = text.count(b"\n", 0, offset) or text.count(b"\r", 0, offset)
    return breaks + 1
