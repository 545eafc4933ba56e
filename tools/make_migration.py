"""Write a migration from the difference between the tables and the last migration.

Usage: ``python tools/make_migration.py "what changes"``
"""

import sys
import tempfile
from pathlib import Path

from alembic import command

from parts3d.db import Database
from parts3d.migrate import alembic_config, upgrade


def main() -> None:
    """Upgrade an empty database, compare, write."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'compare.sqlite3'}")
        upgrade(database)
        versions = Path("parts3d/migrations/versions")
        number = f"{len(list(versions.glob('[0-9]*.py'))) + 1:04d}"
        command.revision(
            alembic_config(database), message=sys.argv[1], autogenerate=True, rev_id=number
        )
        database.close()


if __name__ == "__main__":
    main()
