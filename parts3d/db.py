"""The database: one engine a process, one commit a unit of work, at the edge.

Services receive a ``Session`` and ``flush()``; nobody but this file commits (a house test
looks). Bells ring only after the commit, so nobody hears of a row that is not there.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel import Session, SQLModel

from parts3d.errors import Conflict, Invalid, Parts3dError, Unavailable

TableT = TypeVar("TableT", bound=SQLModel)

_log = logging.getLogger(__name__)

_SQLITE_WAIT_MS = 15_000

# Named constraints, so that migrations can find them again on either database.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def new_id() -> str:
    """Return a fresh identifier: 32 hex digits, random."""
    return uuid4().hex


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware moment, stored in UTC; SQLite forgets time zones, so it is put back."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments: they mean a different instant on every machine."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "A moment without a time zone cannot be stored."
            raise ValueError(message)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give every moment its zone back."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def words(kind: type[StrEnum]) -> sa.Enum:
    """Column type of a StrEnum: its words as text, no native enum (those resist migrations)."""
    return sa.Enum(
        kind,
        native_enum=False,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


def versioned(table: type[TableT]) -> type[TableT]:
    """Make every update of a row compare-and-set on its ``version`` column.

    Two that change the same row at once: the second is refused (``Conflict``), never lost.
    """
    sa.inspect(table).version_id_col = table.__table__.c.version  # type: ignore[attr-defined]
    return table


class Work:
    """One unit of work: a session, and what to do once it is committed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._afterwards: list[Callable[[], None]] = []

    def after_commit(self, ring: Callable[[], None]) -> None:
        """Run ``ring`` once the commit has succeeded. What it raises is only logged."""
        self._afterwards.append(ring)

    def ring(self) -> None:
        """Run what was asked for, in order; the sweep makes up for what fails."""
        for afterwards in self._afterwards:
            try:
                afterwards()
            except Exception:  # noqa: BLE001  # committed: a lost ring is no fault of the answer
                _log.exception("A ring after a commit failed.")


class Database:
    """An engine with the two ways to use it: ``unit_of_work()`` and ``reading()``."""

    def __init__(self, url: str) -> None:
        self.url = url
        parsed = sa.make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        options: dict[str, Any] = {
            "pool_pre_ping": not self.is_sqlite,
            # As many as the web server has threads: nobody waits for one that waits for him.
            "pool_size": 10,
            "max_overflow": 30,
            # The one used last knows the statements and tables already; the others rest.
            "pool_use_lifo": True,
            # What rows hold (names, addresses) has no place in an error's words, hence in a log.
            "hide_parameters": True,
        }
        if self.is_sqlite:
            options["connect_args"] = {"check_same_thread": False, "timeout": 15}
        self.engine = sa.create_engine(url, **options)
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            turn = _Turn()
            sa.event.listen(self.engine, "begin", turn.begin)
            sa.event.listen(self.engine, "checkin", turn.over)
        self._writer = self.engine.execution_options(parts3d_writes=True)

    @contextmanager
    def unit_of_work(self) -> Iterator[Work]:
        """Commit at the end, or roll everything back; then ring.

        Raises:
            Conflict: somebody else changed the same row first.
            Invalid: a text or a number that the database cannot store.
            Unavailable: the database did not answer in time.
        """
        with Session(self._writer, expire_on_commit=False) as session:
            work = Work(session)
            try:
                yield work
                session.commit()
            except StaleDataError as error:
                session.rollback()
                raise Conflict(
                    "Somebody else changed this a moment ago. Look again, then retry."
                ) from error
            except (OperationalError, NoConnectionFree, DataError) as error:
                session.rollback()
                raise _in_words(error) from error
            except BaseException:
                session.rollback()
                raise
        work.ring()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session for reading only; whatever it changed is thrown away.

        Raises:
            Invalid: asked for a text or a number that the database cannot hold.
            Unavailable: the database did not answer in time.
        """
        # Closing rolls back; an explicit rollback would also forget what the rows held.
        with Session(self.engine, expire_on_commit=False) as session:
            try:
                yield session
            except (OperationalError, NoConnectionFree, DataError) as error:
                raise _in_words(error) from error

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _in_words(error: Exception) -> Parts3dError:
    if isinstance(error, DataError):
        return Invalid("Something that was sent holds signs that cannot be stored. Remove them.")
    return Unavailable("The database is busy. Try again in a moment.")


def _prepare_sqlite(connection: DBAPIConnection, record: object) -> None:
    del record
    # SQLAlchemy, not the driver, decides when a transaction begins.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_SQLITE_WAIT_MS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class _Turn:
    """The writers of this process wait in line, instead of at SQLite's door.

    There they would ask again every few milliseconds, in no order: of forty, some wait for ever.
    Other processes still meet at that door; whoever waits here too long goes there as well.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def begin(self, connection: sa.Connection) -> None:
        """Begin; a reader that becomes a writer fails at once under WAL, so writers say so."""
        if not connection.get_execution_options().get("parts3d_writes", False):
            connection.exec_driver_sql("BEGIN")
            return
        connection.info[_TURN] = self._lock.acquire(timeout=_SQLITE_WAIT_MS / 1000)
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def over(self, connection: object, record: ConnectionPoolEntry) -> None:
        """Let the next one write once the connection is given back, however it ended."""
        del connection
        if record.info.pop(_TURN, False):
            self._lock.release()


_TURN = "parts3d_turn"
