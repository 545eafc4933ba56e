"""Who announces a service on the local network: one question by multicast DNS, and its answers.

RFC 6762 (5.1, one-shot queries; 6.7, answers to such come straight back to the port that asked)
and RFC 6763 (services). A library for it weighs a tenth of the whole agent, which asks once in its
life, at ``init``; tests hold this against that library as the one that answers.
"""

import contextlib
import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

GROUP, PORT = "224.0.0.251", 5353
TYPE_A, TYPE_PTR, TYPE_TXT, TYPE_SRV, CLASS_IN = 1, 12, 16, 33, 1
HEADER = struct.Struct("!6H")
RECORD = struct.Struct("!HHIH")
MOST_BYTES = 9_000
MOST_JUMPS = 64
POINTER = 0xC0
# Asked again: the first question may be lost, and printers sleep.
ASK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Service:
    """One announced service."""

    instance: str
    host: str
    address: str
    port: int
    text: dict[str, str]


@dataclass(slots=True)
class Heard:
    """All records that came, by owner's name in small letters."""

    instances: set[str] = field(default_factory=set)
    places: dict[str, tuple[str, int]] = field(default_factory=dict)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)

    def services(self) -> list[Service]:
        """Return what is known well enough to be asked."""
        found = []
        for instance in sorted(self.instances):
            host, port = self.places.get(instance.casefold(), ("", 0))
            address = self.addresses.get(host.casefold(), "")
            if address and port:
                text = self.texts.get(instance.casefold(), {})
                found.append(Service(instance, host, address, port, text))
        return found


def ask(
    types: Sequence[str], seconds: float, interfaces: Sequence[int] | None = None
) -> list[Service]:
    """Ask who announces these types, as ``_octoprint._tcp.local``, and gather answers.

    Args:
        types: of services.
        seconds: how long to wait for answers.
        interfaces: indexes of network interfaces; None: all.

    Raises:
        OSError: no interface can send to the multicast group.
    """
    chosen = interfaces or [index for index, _name in socket.if_nameindex()]
    doors = [door for index in chosen if (door := _door(index)) is not None]
    if not doors:
        raise OSError("no network interface takes part in multicast")
    heard = Heard()
    question = _question(types)
    end = time.monotonic() + seconds
    next_question = 0.0
    try:
        while (now := time.monotonic()) < end:
            if now >= next_question:
                for door in doors:
                    # An interface may go down meanwhile.
                    with contextlib.suppress(OSError):
                        door.sendto(question, (GROUP, PORT))
                next_question = now + ASK_AGAIN_SECONDS
            ready, _, _ = select.select(doors, [], [], min(next_question, end) - now)
            for door in ready:
                with contextlib.suppress(OSError):
                    hear(door.recv(MOST_BYTES), types, heard)
    finally:
        for door in doors:
            door.close()
    return heard.services()


def hear(packet: bytes, types: Sequence[str], heard: Heard) -> None:
    """Take the records of an answer; a malformed packet is good up to where it breaks."""
    wanted = {name.casefold() for name in types}
    # Anybody on the network may send anything.
    with contextlib.suppress(struct.error, IndexError, ValueError):
        _ident, _flags, questions, *counts = HEADER.unpack_from(packet)
        at = HEADER.size
        for _ in range(questions):
            _name, at = read_name(packet, at)
            at += 4
        for _ in range(sum(counts)):
            owner, at = read_name(packet, at)
            kind, _class, _ttl, length = RECORD.unpack_from(packet, at)
            at += RECORD.size
            _take(packet, at, length, kind, owner, wanted, heard)
            at += length


def _take(
    packet: bytes,
    at: int,
    length: int,
    kind: int,
    owner: str,
    wanted: set[str],
    heard: Heard,
) -> None:
    if kind == TYPE_PTR and owner.casefold() in wanted:
        heard.instances.add(read_name(packet, at)[0])
    elif kind == TYPE_SRV:
        _priority, _weight, port = struct.unpack_from("!3H", packet, at)
        heard.places[owner.casefold()] = (read_name(packet, at + 6)[0], port)
    elif kind == TYPE_TXT:
        heard.texts[owner.casefold()] = _pairs(packet[at : at + length])
    elif kind == TYPE_A and length == 4:  # noqa: PLR2004 - bytes of an IPv4 address
        heard.addresses[owner.casefold()] = socket.inet_ntoa(packet[at : at + 4])


def read_name(packet: bytes, at: int) -> tuple[str, int]:
    """Return a name and where the bytes after it begin (RFC 1035, 4.1.4: pointers).

    Raises:
        ValueError: its pointers lead nowhere.
        IndexError: it goes on past the end.
    """
    labels: list[str] = []
    after = -1
    for _ in range(MOST_JUMPS):
        size = packet[at]
        if size & POINTER == POINTER:
            after = at + 2 if after < 0 else after
            at = (size & ~POINTER) << 8 | packet[at + 1]
        elif size:
            label = packet[at + 1 : at + 1 + size]
            if len(label) != size:
                raise IndexError
            labels.append(label.decode("utf-8", "replace"))
            at += 1 + size
        else:
            return ".".join(labels), (at + 1 if after < 0 else after)
    raise ValueError("a name without an end")


def _pairs(raw: bytes) -> dict[str, str]:
    """Return the pairs of a TXT record (RFC 6763, 6)."""
    pairs: dict[str, str] = {}
    at = 0
    while at < len(raw):
        word = raw[at + 1 : at + 1 + raw[at]].decode("utf-8", "replace")
        key, _equals, value = word.partition("=")
        pairs.setdefault(key, value)
        at += 1 + raw[at]
    return pairs


def _question(types: Sequence[str]) -> bytes:
    body = b"".join(
        b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
        + b"\x00"
        + struct.pack("!2H", TYPE_PTR, CLASS_IN)
        for name in types
    )
    return HEADER.pack(0, 0, len(types), 0, 0, 0) + body


def _door(index: int) -> socket.socket | None:
    """Return a socket that sends to the group through one interface; None: it cannot."""
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        # struct ip_mreqn: group, address, index of the interface.
        through = struct.pack("=4s4si", socket.inet_aton(GROUP), b"\0\0\0\0", index)
        door.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, through)
        door.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        door.sendto(HEADER.pack(0, 0, 0, 0, 0, 0), (GROUP, PORT))  # is there a way at all?
    except OSError:
        door.close()
        return None
    return door
