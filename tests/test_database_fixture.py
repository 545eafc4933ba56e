import sqlalchemy as sa
from sqlmodel import SQLModel

from parts3d import tables
from parts3d.db import Database
from parts3d.migrate import upgrade


def test_the_migrations_make_every_table(database: Database) -> None:
    made = set(sa.inspect(database.engine).get_table_names())
    assert set(SQLModel.metadata.tables) <= made
    assert tables.metadata is SQLModel.metadata


def test_migrating_again_changes_nothing(database: Database) -> None:
    before = sa.inspect(database.engine).get_table_names()
    upgrade(database)
    assert sa.inspect(database.engine).get_table_names() == before


def test_each_test_has_a_database_of_its_own(database: Database) -> None:
    with database.unit_of_work() as work:
        work.session.exec(sa.text("CREATE TABLE only_here (n INTEGER)"))  # type: ignore[call-overload]  # plain SQL
    assert "only_here" in sa.inspect(database.engine).get_table_names()


def test_and_the_next_one_does_not_see_it(database: Database) -> None:
    assert "only_here" not in sa.inspect(database.engine).get_table_names()
