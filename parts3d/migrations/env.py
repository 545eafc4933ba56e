"""Alembic's entry: connects through our own Database, so that both databases behave alike."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from parts3d.db import Database, UtcDateTime
from parts3d.tables import metadata

_ONE_AT_A_TIME = 0x70617274  # any number of our own: "part"


def _render(kind: str, value: Any, autogen_context: object) -> str | Literal[False]:  # noqa: ANN401  # alembic's signature
    """Write our types in migrations as what they are in SQL."""
    del autogen_context
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(value, sa.Enum):
        return f"sa.String(length={value.length})"
    if kind == "type" and type(value).__name__ == "AutoString":
        return "sa.String()"
    return False


def _run(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=_render,
        compare_type=False,
    )
    context.run_migrations()


def _migrate(database: Database) -> None:
    engine = database.engine.execution_options(parts3d_writes=True)
    with engine.connect() as connection:
        # To change a constraint, SQLite copies the table and drops the old one, which rows of
        # other tables refer to. The switch works only outside a transaction; SQLite's manual
        # (lang_altertable, "making other kinds of table schema changes") asks for the check.
        if database.is_sqlite:
            _pragma(connection, "foreign_keys=OFF")
        try:
            with connection.begin():
                _run(connection)
                if database.is_sqlite and (
                    lost := connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                ):
                    message = f"A migration left a row of {lost[0]} without the {lost[2]} it names."
                    raise RuntimeError(message)
        finally:
            if database.is_sqlite:
                _pragma(connection, "foreign_keys=ON")


def _pragma(connection: sa.Connection, words: str) -> None:
    driver = connection.connection.dbapi_connection
    if driver is not None:
        driver.cursor().execute(f"PRAGMA {words}")


_migrate(context.config.attributes["database"])
