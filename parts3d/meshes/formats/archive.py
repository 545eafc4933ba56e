"""The zip gate: the directory of an archive is looked at before anything is unpacked.

Own code over ``zlib`` alone: sizes, ratio, number of entries, names, overlaps and encryption are
settled by the directory; an entry is then unpacked as a stream that may not pass its own size.
Layout: PKWARE's APPNOTE 6.3, sections 4.3 and 4.5.3 (zip64).
"""

import struct
import zlib
from dataclasses import dataclass

from parts3d.errors import Unreadable
from parts3d.meshes.formats.limits import Limits

_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END_BYTES, _LOCATOR_BYTES, _ENTRY_BYTES, _LOCAL_BYTES = 22, 20, 46, 30
_COMMENT_BYTES = 65_535
_NAME_BYTES = 400
_RATIO_FROM_BYTES = 1_000_000
_STORED, _DEFLATED = 0, 8
_IN_ZIP64 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Entry:
    """One file in the archive, as the directory has it."""

    name: str
    method: int
    crc: int
    packed_bytes: int
    unpacked_bytes: int
    at: int


class Archive:
    """The directory of a zip, checked; ``stream`` unpacks an entry.

    Args:
        data: the whole file.
        limits: caps on entries, unpacked size and ratio.

    Raises:
        Unreadable: ``bad_zip``, ``encrypted``, ``too_many_entries``, ``unpacks_too_large`` or
            ``bad_entry_name``, with the entry's name or the byte as the place.
    """

    def __init__(self, data: memoryview, limits: Limits) -> None:
        self._data = data
        count, size, start = _directory(data)
        if count > limits.max_entries:
            raise Unreadable(
                f"The 3MF is a zip with {count} entries; at most {limits.max_entries} are read. "
                "Export the model again, without pictures and projects.",
                code="too_many_entries",
                place=f"byte {start}",
            )
        self._start = start
        self._entries: dict[str, Entry] = {}
        entries, at = [], start
        for _ in range(count):
            entry, at = _entry(data, at, start + size)
            entries.append(entry)
        _refuse_bombs(entries, limits)
        _refuse_overlaps(entries, start)
        for entry in entries:
            key = entry.name.lower()
            if key in self._entries:
                raise _bad("two entries have the same name", entry.name)
            self._entries[key] = entry

    @property
    def names(self) -> list[str]:
        """The names of the entries."""
        return [entry.name for entry in self._entries.values()]

    def find(self, name: str) -> Entry | None:
        """Return the entry of a name, whatever its case, with or without a leading slash."""
        return self._entries.get(name.removeprefix("/").lower())

    def stream(self, entry: Entry) -> "EntryStream":
        """Open an entry for reading."""
        head = bytes(self._data[entry.at : entry.at + _LOCAL_BYTES])
        if len(head) < _LOCAL_BYTES or head[:4] != b"PK\x03\x04":
            raise _bad("an entry is not where the directory says", entry.name)
        name_bytes, extra_bytes = struct.unpack_from("<HH", head, 26)
        begin = entry.at + _LOCAL_BYTES + name_bytes + extra_bytes
        if begin + entry.packed_bytes > self._start:
            raise _bad("an entry reaches into the directory", entry.name)
        return EntryStream(entry, self._data[begin : begin + entry.packed_bytes])


class EntryStream:
    """Unpacks one entry, piece by piece, and never more than the directory promised."""

    def __init__(self, entry: Entry, packed: memoryview) -> None:
        self._entry = entry
        self._left = packed
        self._inflate = zlib.decompressobj(-15) if entry.method == _DEFLATED else None
        self._given = 0
        self._crc = 0

    def read(self, size: int = 1 << 20) -> bytes:
        """Return up to ``size`` bytes, empty at the end.

        Raises:
            Unreadable: ``bad_zip`` when the bytes do not unpack to size and checksum.
        """
        piece = self._piece(size)
        self._given += len(piece)
        self._crc = zlib.crc32(piece, self._crc)
        if self._given > self._entry.unpacked_bytes:
            raise _bad("an entry unpacks to more than it says", self._entry.name)
        if not piece and (
            self._given != self._entry.unpacked_bytes or self._crc != self._entry.crc
        ):
            raise _bad("an entry is damaged: size or checksum differ", self._entry.name)
        return piece

    def _piece(self, size: int) -> bytes:
        if self._inflate is None:
            piece, self._left = bytes(self._left[:size]), self._left[size:]
            return piece
        try:
            while not self._inflate.eof:
                held = self._inflate.unconsumed_tail
                fed = held or bytes(self._left[:65_536])
                if not held:
                    self._left = self._left[65_536:]
                piece = self._inflate.decompress(fed, size)
                if piece or (not fed):
                    return piece
        except zlib.error:
            raise _bad("an entry does not unpack", self._entry.name) from None
        return b""


def _directory(data: memoryview) -> tuple[int, int, int]:
    """Return number of entries, size and start of the directory."""
    tail_at = max(0, len(data) - _END_BYTES - _COMMENT_BYTES)
    tail = bytes(data[tail_at:])
    found = tail.rfind(_END)
    if found < 0 or found + _END_BYTES > len(tail):
        raise Unreadable(
            "The zip or 3MF file has no directory at its end: it was cut off. Upload the whole "
            "file or export it again.",
            code="truncated",
            place=f"byte {len(data)}",
        )
    end = tail_at + found
    disk, first_disk, _, count, size, start, _ = struct.unpack_from("<HHHHIIH", data, end + 4)
    if disk or first_disk:
        raise _bad("it is one of several volumes", f"byte {end}")
    locator = end - _LOCATOR_BYTES
    if locator >= 0 and data[locator : locator + 4] == _LOCATOR64:
        (at,) = struct.unpack_from("<Q", data, locator + 8)
        if at + 56 > locator or data[at : at + 4] != _END64:
            raise _bad("its 64-bit directory is missing", f"byte {locator}")
        count, size, start = struct.unpack_from("<QQQ", data, at + 32)
    if start + size > end:
        raise _bad("its directory lies outside the file", f"byte {end}")
    return count, size, start


def _entry(data: memoryview, at: int, stop: int) -> tuple[Entry, int]:
    if at + _ENTRY_BYTES > stop or bytes(data[at : at + 4]) != b"PK\x01\x02":
        raise _bad("its directory is damaged", f"byte {at}")
    flags, method = struct.unpack_from("<HH", data, at + 8)
    crc, packed, unpacked, name_bytes, extra_bytes, comment_bytes = struct.unpack_from(
        "<IIIHHH", data, at + 16
    )
    (local_at,) = struct.unpack_from("<I", data, at + 42)
    following = at + _ENTRY_BYTES + name_bytes + extra_bytes + comment_bytes
    if following > stop:
        raise _bad("its directory is damaged", f"byte {at}")
    raw = bytes(data[at + _ENTRY_BYTES : at + _ENTRY_BYTES + name_bytes])
    name = raw.decode("utf-8", "replace")
    _refuse_bad_name(name, name_bytes, at)
    extra_at = at + _ENTRY_BYTES + name_bytes
    unpacked, packed, local_at = _zip64(
        bytes(data[extra_at : extra_at + extra_bytes]), [unpacked, packed, local_at], name
    )
    if flags & 0x2041:  # encrypted, strongly encrypted, or its directory is
        raise Unreadable(
            f"The entry '{name}' of the 3MF is encrypted. Export the model without a password.",
            code="encrypted",
            place=name,
        )
    if method not in {_STORED, _DEFLATED}:
        raise _bad(f"an entry is packed by method {method}, which a 3MF may not use", name)
    if method == _STORED and packed != unpacked:
        raise _bad("an unpacked entry has two sizes", name)
    return Entry(name, method, crc, packed, unpacked, local_at), following


def _zip64(extra: bytes, values: list[int], name: str) -> list[int]:
    """Put 64-bit values from the extra field in the places of those that did not fit 32 bits."""
    if _IN_ZIP64 not in values:
        return values
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            field = extra[at + 4 : at + 4 + size]
            wanted = values.count(_IN_ZIP64)
            if len(field) < 8 * wanted:
                break
            wide = iter(struct.unpack_from(f"<{wanted}Q", field))
            return [next(wide) if value == _IN_ZIP64 else value for value in values]
        at += 4 + size
    raise _bad("an entry's 64-bit size is missing", name)


def _refuse_bad_name(name: str, name_bytes: int, at: int) -> None:
    parts = name.replace("\\", "/").split("/")
    if (
        name_bytes > _NAME_BYTES
        or not name
        or name.startswith(("/", "\\"))
        or ":" in parts[0]
        or ".." in parts
        or any(ord(letter) < 32 for letter in name)  # noqa: PLR2004 - control characters
    ):
        raise Unreadable(
            f"The 3MF has an entry with a name that points elsewhere or is none: "
            f"{name[:60]!r}. Export the model again with another program.",
            code="bad_entry_name",
            place=f"byte {at}",
        )


def _refuse_bombs(entries: list[Entry], limits: Limits) -> None:
    total = 0
    for entry in entries:
        total += entry.unpacked_bytes
        ratio = entry.unpacked_bytes / max(1, entry.packed_bytes)
        if entry.unpacked_bytes > _RATIO_FROM_BYTES and ratio > limits.max_unpacking_ratio:
            raise Unreadable(
                f"The entry '{entry.name}' would unpack to {ratio:.0f} times its size; no model "
                f"does ({limits.max_unpacking_ratio} is the most). Export the model again.",
                code="unpacks_too_large",
                place=entry.name,
            )
        if total > limits.max_unpacked_bytes:
            raise Unreadable(
                f"The 3MF would unpack to more than {limits.max_unpacked_bytes} bytes. "
                "Export the model with a coarser resolution, or as binary STL.",
                code="unpacks_too_large",
                place=entry.name,
            )


def _refuse_overlaps(entries: list[Entry], directory_at: int) -> None:
    """Entries that share bytes unpack the same bytes again and again."""
    free_from = 0
    for entry in sorted(entries, key=lambda each: each.at):
        if entry.at < free_from:
            raise _bad("two entries lie over each other", entry.name)
        free_from = entry.at + _LOCAL_BYTES + entry.packed_bytes
    if free_from > directory_at:
        raise _bad("an entry reaches into the directory", entries[-1].name)


def _bad(what: str, place: str) -> Unreadable:
    return Unreadable(
        f"The zip or 3MF file is damaged: {what} ({place}). Upload it again or export it again.",
        code="bad_zip",
        place=place,
    )
