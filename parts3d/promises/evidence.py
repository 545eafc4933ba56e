"""What a promise was computed from, as bytes: enough to compute it again, years later. Pure.

Compressed JSON of the values that the planner was given and of what it answered. Which fields
they have is read from the values' own types, so that a planner which asks for more stores more;
evidence that is older than a field is read with the field's default.
"""

import zlib
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from parts3d.errors import Unreadable
from parts3d.promises.rule import Rule
from parts3d.promises.snapshot import Need, Offer, PointSnapshot

FORMAT = 1
# A point of a hundred printers with full queues has some 10 kB.
MOST_BYTES = 100_000
_MOST_JSON_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """A decision of the planner, whole.

    Args:
        now: the moment of the snapshot.
        needs: what was wanted.
        point: as it was.
        quantile: probability with which the promise was to be kept.
        offer: the answer.
        rule: by which it was planned for that; None before there were rules.
    """

    now: datetime
    needs: tuple[Need, ...]
    point: PointSnapshot
    quantile: float
    offer: Offer
    rule: Rule | None = None


def pack(evidence: Evidence) -> bytes:
    """Return evidence as bytes; the same evidence gives the same bytes."""
    # Read-only mappings are no JSON by themselves.
    stored = _STORED.dump_json(_Stored(FORMAT, evidence), fallback=dict, warnings=False)
    return zlib.compress(stored, 9)


def unpack(packed: bytes) -> Evidence:
    """Return the evidence that ``pack`` made bytes of.

    Raises:
        Unreadable: damaged, or of a newer format.
    """
    try:
        # A row may be damaged: it never blows up to more than we ever packed.
        text = zlib.decompressobj().decompress(packed, _MOST_JSON_BYTES)
        stored = _STORED.validate_json(text)
    except (zlib.error, ValueError) as error:
        raise Unreadable("What this promise was computed from can no longer be read.") from error
    if stored.format != FORMAT:
        raise Unreadable("This decision was stored by another version of parts3d.")
    return stored.evidence


@dataclass(frozen=True, slots=True)
class _Stored:
    format: int
    evidence: Evidence


_STORED = TypeAdapter(_Stored)
