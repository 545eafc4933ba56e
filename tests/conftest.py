"""What every test may ask for: a database of its own on each engine, and the moment."""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import Phase

from parts3d.db import Database
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.schema import make_schema

# A busy machine is no fault of the code: no deadlines. The short run tries the same examples each
# time, so that what it says is about the change at hand, and tells of a failure without minutes of
# looking for a smaller one. ``make examples`` tries far more, others each time, and shrinks.
hypothesis.settings.register_profile(
    "short", deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate]
)
hypothesis.settings.register_profile("long", deadline=None, max_examples=5000)
hypothesis.settings.load_profile("long" if os.environ.get("PARTS3D_TEST_LONG") else "short")


@pytest.fixture
def now() -> datetime:
    """A Tuesday morning: all demo points are open, no holiday is near."""
    return datetime(2026, 11, 24, 10, 0, tzinfo=ZoneInfo("Europe/Brussels"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server per test process, started when the first test asks for it."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    template = Database(f"sqlite:///{path}")
    make_schema(template)
    template.close()
    return path


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty SQLite database of the test's own."""
    path = tmp_path / "parts3d.sqlite3"
    shutil.copyfile(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[Database]:
    """A migrated, empty PostgreSQL database of the test's own."""
    with postgres.fresh() as url:
        database = Database(url)
        yield database
        database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated, empty database, on SQLite and then on PostgreSQL."""
    made: Database = request.getfixturevalue(f"{request.param}_database")
    return made
