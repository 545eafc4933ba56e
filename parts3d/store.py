"""The file store: bytes under the name of their SHA-256, written once, never changed.

Models, G-code, pictures and labels live here; rows hold only the hash. The folder below is
the embedded store; another kind (S3) only has to satisfy ``FileStore``.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO, Protocol

from parts3d.errors import Invalid, NotFound, TooLarge, Unavailable

_CHUNK_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


class FileStore(Protocol):
    """What every store can do. Names are SHA-256 in 64 lower-case hex digits."""

    def put(self, content: bytes | BinaryIO, *, max_bytes: int | None = None) -> str:
        """Keep the content, return its SHA-256. Putting the same twice keeps one file."""
        ...

    def exists(self, sha256: str) -> bool:
        """Tell whether the content is here."""
        ...

    def size(self, sha256: str) -> int:
        """Return the length in bytes."""
        ...

    def open(self, sha256: str) -> BinaryIO:
        """Open for reading; the caller closes."""
        ...

    def read(self, sha256: str) -> bytes:
        """Return the whole content, checked against its hash."""
        ...

    def path(self, sha256: str) -> Path:
        """Return a local file to read (a program in a sandbox wants a path)."""
        ...

    def remove(self, sha256: str) -> None:
        """Forget the content; what is not here is fine. Only for what no row names any more."""
        ...


class FolderStore:
    """A store in a folder, fanned out twice: ``ab/cd/abcd…``.

    A file appears under its name only when it is whole and on the disk: written beside,
    flushed, then renamed. A crash leaves at most a file in ``incoming``, swept at the start.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / "incoming"

    def put(self, content: bytes | BinaryIO, *, max_bytes: int | None = None) -> str:
        """Keep the content, return its SHA-256.

        Args:
            content: the bytes, or a binary stream read to its end.
            max_bytes: refuse more than this; nothing is kept then.

        Raises:
            TooLarge: the content is longer than ``max_bytes``.
            Unavailable: the disk is full or cannot be written.
        """
        digest = hashlib.sha256()
        size = 0
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=self._incoming, delete=False) as fresh:
                temporary = Path(fresh.name)
                try:
                    for chunk in _chunks(content):
                        size += len(chunk)
                        if max_bytes is not None and size > max_bytes:
                            raise TooLarge(
                                f"The file is larger than the {max_bytes:,} bytes allowed here."
                            )
                        digest.update(chunk)
                        fresh.write(chunk)
                    sha256 = digest.hexdigest()
                    target = self._target(sha256)
                    # A file cut short by a dying disk is written again.
                    if not (target.exists() and target.stat().st_size == size):
                        fresh.flush()
                        os.fsync(fresh.fileno())
                        temporary.chmod(0o640)
                        target.parent.mkdir(parents=True, exist_ok=True)
                        temporary.replace(target)
                        _sync_folder(target.parent)
                finally:
                    temporary.unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable(
                f"The file store in {self.folder} cannot be written: {error.strerror}."
            ) from error
        return sha256

    def exists(self, sha256: str) -> bool:
        """Tell whether the content is here."""
        return self._target(sha256).is_file()

    def size(self, sha256: str) -> int:
        """Return the length in bytes.

        Raises:
            NotFound: it is not here.
        """
        return self.path(sha256).stat().st_size

    def open(self, sha256: str) -> BinaryIO:
        """Open for reading; the caller closes.

        Raises:
            NotFound: it is not here.
        """
        return self.path(sha256).open("rb")

    def read(self, sha256: str) -> bytes:
        """Return the whole content.

        Raises:
            NotFound: it is not here.
            Unavailable: what lies on the disk no longer has this hash.
        """
        content = self.path(sha256).read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Unavailable(
                f"The stored file {sha256[:12]} has changed on the disk; restore it from a backup."
            )
        return content

    def path(self, sha256: str) -> Path:
        """Return the file's path, for reading only.

        Raises:
            NotFound: it is not here.
        """
        target = self._target(sha256)
        if not target.is_file():
            raise NotFound(f"The file {sha256[:12]} is not in the store.")
        return target

    def remove(self, sha256: str) -> None:
        """Forget the content; what is not here is fine. Only for what no row names any more."""
        self._target(sha256).unlink(missing_ok=True)

    def every(self) -> Iterator[str]:
        """Yield the SHA-256 of each file, in order."""
        for path in sorted(self.folder.glob("??/??/*")):
            if _SHA256.fullmatch(path.name):
                yield path.name

    def clear_incoming(self) -> None:
        """Throw away what a crash left half written. Only while nobody writes."""
        shutil.rmtree(self._incoming, ignore_errors=True)

    def _target(self, sha256: str) -> Path:
        # The name comes from rows and addresses: nothing but a hash may become a path.
        if not _SHA256.fullmatch(sha256):
            raise Invalid("A stored file is named by 64 hexadecimal digits.")
        return self.folder / sha256[:2] / sha256[2:4] / sha256


def _chunks(content: bytes | BinaryIO) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    while chunk := content.read(_CHUNK_BYTES):
        yield chunk


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
