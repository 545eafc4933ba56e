"""Backup and restore: database and files as one archive, every byte under a hash.

The archive is a ``.tar.gz``: ``manifest.json`` first, then ``database``, ``secret.key`` where
the data folder has one, and ``files/<sha256>``. The database is copied before the files are
listed: files never change and rows name only files that are there, so nothing is missing.
It holds customers' names and addresses and the signing key: keep it as safe as the server.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, BinaryIO, Literal, cast

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parts3d.db import Database
from parts3d.embedded.broker import answers, socket_path
from parts3d.errors import Conflict, Invalid, Unavailable, Unreadable
from parts3d.settings import Settings
from parts3d.store import FolderStore

_CHUNK_BYTES = 1 << 20
_LARGEST_MANIFEST_BYTES = 500_000_000
_SECRET = "secret.key"  # noqa: S105  # the name of a file
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
# Nothing else becomes a path when an archive is unpacked.
Name = Annotated[str, Field(pattern=r"^(database|secret\.key|files/[0-9a-f]{64})$")]


class Manifest(BaseModel):
    """What an archive holds. ``members`` maps each name to its SHA-256."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    made_at: datetime
    database_kind: Literal["sqlite", "postgresql"]
    members: dict[Name, Sha256]


def save(
    settings: Settings, archive: Path, now: datetime, *, postgres_bin: Path | None = None
) -> Manifest:
    """Write an archive of database and files; safe while the network runs.

    Args:
        settings: which database and which files.
        archive: the file to write (mode 0600); it appears only when it is whole.
        now: the moment, for the manifest.
        postgres_bin: folder of pg_dump, where it is not on PATH or of another version.

    Raises:
        Conflict: the archive is there already.
        Unavailable: pg_dump is missing or failed; the disk is full.
    """
    if archive.exists():
        raise Conflict(f"{archive} is there already. Choose another name, or remove it.")
    archive.parent.mkdir(parents=True, exist_ok=True)
    store = FolderStore(settings.files_dir)
    try:
        with tempfile.TemporaryDirectory(dir=archive.parent, prefix=".backup-") as folder:
            copy = Path(folder) / "database"
            kind = _dump(settings, copy, postgres_bin)
            members = {"database": copy}
            if (settings.data_dir / _SECRET).exists():
                members[_SECRET] = settings.data_dir / _SECRET
            members |= {f"files/{sha256}": store.path(sha256) for sha256 in store.every()}
            manifest = Manifest(
                made_at=now,
                database_kind=kind,
                members={name: _hash_of(path) for name, path in members.items()},
            )
            listing = Path(folder) / "manifest.json"
            listing.write_text(manifest.model_dump_json(indent=1))
            whole = Path(folder) / "archive"
            whole.touch(mode=0o600)
            with tarfile.open(whole, "w:gz", compresslevel=3) as tar:
                for name, path in {"manifest.json": listing, **members}.items():
                    tar.add(path, arcname=name, recursive=False)
            whole.replace(archive)
    except OSError as error:
        raise Unavailable(f"The backup could not be written: {error}.") from error
    return manifest


def verify(archive: Path) -> Manifest:
    """Read the whole archive and hold every member against the manifest.

    Raises:
        Unreadable: it is no archive of ours, is cut short, or a member has changed.
    """
    with _opened(archive) as (tar, manifest):
        seen = set()
        for member in iter(tar.next, None):
            expected = manifest.members.get(member.name)
            content = tar.extractfile(member) if member.isreg() else None
            if expected is None or content is None:
                raise Unreadable(f"{archive} holds {member.name!r}, which its manifest does not.")
            if _hash_of(content) != expected:
                raise Unreadable(
                    f"{member.name} in {archive} has changed since the backup. Use another archive."
                )
            seen.add(member.name)
    missing = sorted(set(manifest.members) - seen)
    if missing:
        raise Unreadable(f"{archive} lacks {missing[0]}, which its manifest names.")
    return manifest


def bring_back(
    settings: Settings, archive: Path, *, force: bool = False, postgres_bin: Path | None = None
) -> Manifest:
    """Restore database, files and signing key. Everything is verified before anything changes.

    Args:
        settings: where to; the same kind of database as the archive's.
        archive: what ``save`` wrote.
        force: replace what is there. Files that the archive lacks are kept: they are
            named by their content and harm nobody.
        postgres_bin: folder of pg_restore, where it is not on PATH or of another version.

    Raises:
        Unreadable: the archive is damaged; nothing was changed.
        Invalid: the archive is of the other kind of database.
        Conflict: something is there already, or the network runs.
    """
    manifest = verify(archive)
    kind = _kind(settings)
    if manifest.database_kind != kind:
        raise Invalid(
            f"{archive} holds a {manifest.database_kind} database and the settings name a {kind} "
            "one. Set PARTS3D_DATABASE_URL to the same kind."
        )
    socket = socket_path(settings.data_dir)
    if socket.exists() and answers(f"unix://{socket}"):
        raise Conflict(f"The network in {settings.data_dir} is running. Stop it, then restore.")
    if not force and (reason := _occupied(settings)):
        raise Conflict(f"{reason} Restore elsewhere, or replace it with --force.")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = FolderStore(settings.files_dir)
    with (
        tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".restore-") as folder,
        _opened(archive) as (tar, _),
    ):
        for member in iter(tar.next, None):
            content = tar.extractfile(member)
            if content is None:
                continue
            if member.name.startswith("files/"):
                store.put(cast("BinaryIO", content))
                continue
            fresh = Path(folder) / member.name
            fresh.touch(mode=0o600)
            with fresh.open("wb") as file:
                while chunk := content.read(_CHUNK_BYTES):
                    file.write(chunk)
        # The rows come last: they never name a file that is not there yet.
        if _SECRET in manifest.members:
            (Path(folder) / _SECRET).replace(settings.data_dir / _SECRET)
        _load(settings, Path(folder) / "database", postgres_bin)
    return manifest


def _dump(
    settings: Settings, copy: Path, postgres_bin: Path | None
) -> Literal["sqlite", "postgresql"]:
    kind = _kind(settings)
    if kind == "sqlite":
        source = _sqlite_path(settings)
        if not source.exists():
            raise Conflict(f"There is no database in {settings.data_dir} to back up.")
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(copy)) as saved,
        ):
            live.backup(saved)
    else:
        _run_postgres(
            settings,
            postgres_bin,
            ("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={copy}"),
        )
    return kind


def _load(settings: Settings, copy: Path, postgres_bin: Path | None) -> None:
    if _kind(settings) == "sqlite":
        target = _sqlite_path(settings)
        target.parent.mkdir(parents=True, exist_ok=True)
        # The old journal must never be replayed into the new file.
        for suffix in ("-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        shutil.move(copy, target)
        return
    _run_postgres(
        settings,
        postgres_bin,
        (
            *("pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges"),
            *("--single-transaction", "--exit-on-error", f"--dbname={_url(settings).database}"),
            str(copy),
        ),
    )


def _run_postgres(settings: Settings, folder: Path | None, command: tuple[str, ...]) -> None:
    url = _url(settings)
    query = {name: str(value) for name, value in url.query.items()}
    # Through the environment: the list of processes shows arguments, and a password in them.
    environment = {
        "PGHOST": url.host or query.get("host"),
        "PGPORT": str(url.port) if url.port else query.get("port"),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("sslmode"),
    }
    program = str(folder / command[0]) if folder else command[0]
    try:
        done = subprocess.run(
            [program, *command[1:]],
            env={**os.environ, **{name: value for name, value in environment.items() if value}},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise Unavailable(
            f"{program} is not there. Install PostgreSQL's client, or name its folder with "
            "--postgres-bin."
        ) from error
    if done.returncode != 0:
        raise Unavailable(f"{command[0]} failed: {done.stderr.strip()}")


def _occupied(settings: Settings) -> str | None:
    if next(FolderStore(settings.files_dir).every(), None) is not None:
        return f"There are files in {settings.files_dir} already."
    if _kind(settings) == "sqlite":
        path = _sqlite_path(settings)
        return f"There is a database at {path} already." if path.exists() else None
    database = Database(settings.database)
    try:
        tables = sa.inspect(database.engine).get_table_names()
    finally:
        database.close()
    return f"The database {_url(settings).database} has tables already." if tables else None


@contextmanager
def _opened(archive: Path) -> Iterator[tuple[tarfile.TarFile, Manifest]]:
    """Open an archive, read its manifest, and give the members that follow."""
    try:
        with tarfile.open(archive, "r|gz") as tar:
            first = tar.next()
            content = tar.extractfile(first) if first and first.name == "manifest.json" else None
            if content is None:
                raise Unreadable(f"{archive} is not a backup of parts3d: it has no manifest.")
            manifest = Manifest.model_validate(json.loads(content.read(_LARGEST_MANIFEST_BYTES)))
            yield tar, manifest
    except FileNotFoundError as error:
        raise Unreadable(f"There is no archive {archive}.") from error
    except (tarfile.TarError, EOFError, OSError, ValidationError, ValueError) as error:
        raise Unreadable(f"{archive} is damaged or cut short: {error}") from error


def _kind(settings: Settings) -> Literal["sqlite", "postgresql"]:
    return "sqlite" if _url(settings).get_backend_name() == "sqlite" else "postgresql"


def _url(settings: Settings) -> sa.URL:
    return sa.make_url(settings.database)


def _sqlite_path(settings: Settings) -> Path:
    return Path(_url(settings).database or "")


def _hash_of(source: Path | IO[bytes]) -> str:
    if isinstance(source, Path):
        with source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
