"""The fingerprints of a file that printer hosts compare, read in one go."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Digests:
    """A file's size and hashes, in lower-case hex."""

    size_bytes: int
    sha1: str
    sha256: str


def digests_of(path: Path) -> Digests:
    """Read a file and return its fingerprints."""
    # OctoPrint's choice; it tells damage, not malice: the SHA-256 was checked before.
    sha1, sha256, size = hashlib.sha1(usedforsecurity=False), hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            sha1.update(chunk)
            sha256.update(chunk)
            size += len(chunk)
    return Digests(size, sha1.hexdigest(), sha256.hexdigest())
