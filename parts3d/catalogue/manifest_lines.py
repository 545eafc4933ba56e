"""Where a key stands in a TOML text. ``tomllib`` does not say, so a small scanner looks.

It need not understand values: it is only asked about texts that ``tomllib`` has accepted.
"""

import re
from collections import defaultdict

Place = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*\[(?P<array>\[)?\s*(?P<key>[^\[\]]+?)\s*\]")
_SIMPLE_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_ASSIGNMENT = re.compile(rf"^\s*(?P<key>{_SIMPLE_KEY}(?:\s*\.\s*{_SIMPLE_KEY})*)\s*=(?P<rest>.*)$")
_KEY = re.compile(_SIMPLE_KEY)
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[\]{}]')


class KeyLines:
    """The lines of a TOML text's keys and tables, from 1."""

    def __init__(self, text: str) -> None:
        self._line_of: dict[Place, int] = {(): 1}
        self._scan(text)

    def line_of(self, place: Place) -> int:
        """Return the line of a key, else of the nearest thing around it that has one."""
        while place not in self._line_of:
            place = place[:-1]
        return self._line_of[place]

    def _scan(self, text: str) -> None:
        table: Place = ()
        arrays: defaultdict[Place, int] = defaultdict(int)
        value = _OpenValue()
        for number, line in enumerate(text.split("\n"), start=1):
            if value.is_open:
                value.feed(line)
                continue
            header, assignment = _HEADER.match(line), _ASSIGNMENT.match(line)
            if header:
                table = self._inside_arrays(_keys(header["key"]), arrays)
                if header["array"]:
                    table = (*table, arrays[table])
                    arrays[table[:-1]] += 1
                self._remember(table, number)
            elif assignment:
                self._remember((*table, *_keys(assignment["key"])), number)
                value.feed(assignment["rest"])

    @staticmethod
    def _inside_arrays(keys: Place, arrays: defaultdict[Place, int]) -> Place:
        """``[fits.more]`` after two ``[[fits]]`` belongs to the second."""
        place: Place = ()
        for index, key in enumerate(keys):
            place = (*place, key)
            if index < len(keys) - 1 and arrays.get(place):
                place = (*place, arrays[place] - 1)
        return place

    def _remember(self, place: Place, number: int) -> None:
        for length in range(1, len(place) + 1):
            self._line_of.setdefault(place[:length], number)


def _keys(dotted: str) -> Place:
    return tuple(
        key[1:-1] if key[0] in "\"'" else key
        for key in (match.group() for match in _KEY.finditer(dotted))
    )


class _OpenValue:
    """Follows a value over lines: open brackets and multi-line strings."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""

    @property
    def is_open(self) -> bool:
        return bool(self._depth or self._quote)

    def feed(self, line: str) -> None:
        at = 0
        while at < len(line):
            if self._quote:
                at = self._skip_string(line, at)
                continue
            token = _TOKEN.search(line, at)
            if token is None:
                return
            at = token.end()
            word = token.group()
            if word in {'"""', "'''"}:
                self._quote = word
            elif word in "[{":
                self._depth += 1
            elif word in "]}":
                self._depth = max(0, self._depth - 1)

    def _skip_string(self, line: str, at: int) -> int:
        if self._quote == '"""':
            while at < len(line) and not line.startswith('"""', at):
                at += 2 if line[at] == "\\" else 1
        else:
            found = line.find(self._quote, at)
            at = len(line) if found < 0 else found
        if not line.startswith(self._quote, at):
            return len(line)
        quote, self._quote = self._quote[0], ""
        at += 3
        # A string may end with up to two quotes of its own: """"a"""""
        while at < len(line) and line[at] == quote:
            at += 1
        return at
