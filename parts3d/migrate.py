"""Bring a database to the newest schema. Every start of the server does it first."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from parts3d.db import Database

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Run the migrations that are missing; running it again changes nothing.

    On PostgreSQL two servers that start at once take turns (an advisory lock in ``env.py``).
    """
    command.upgrade(alembic_config(database), "head")


def alembic_config(database: Database) -> Config:
    """Return alembic's configuration for a database, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["database"] = database
    return config
