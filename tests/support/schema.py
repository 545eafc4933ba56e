"""The schema of a test's database: the real migrations."""

from parts3d.db import Database
from parts3d.migrate import upgrade


def make_schema(database: Database) -> None:
    """Bring an empty database to the newest schema."""
    upgrade(database)
