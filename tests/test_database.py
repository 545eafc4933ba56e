"""What a unit of work promises when something fails."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from parts3d.db import Database
from parts3d.errors import Invalid


def test_a_ring_that_fails_takes_neither_the_commit_nor_the_other_rings(
    database: Database,
) -> None:
    heard: list[str] = []

    def broken() -> None:
        raise ConnectionError("nobody answers")

    with database.unit_of_work() as work:
        work.session.execute(sa.text("CREATE TABLE kept (n INTEGER)"))
        work.after_commit(broken)
        work.after_commit(lambda: heard.append("rung"))
    assert heard == ["rung"]
    assert "kept" in sa.inspect(database.engine).get_table_names()


def test_an_error_of_the_database_says_nothing_of_what_rows_hold(database: Database) -> None:
    add, camille = sa.text("INSERT INTO known VALUES (:email)"), {"email": "camille@home.be"}
    with database.unit_of_work() as work:
        work.session.execute(sa.text("CREATE TABLE known (email TEXT UNIQUE)"))
        work.session.execute(add, camille)
    with pytest.raises(sa.exc.IntegrityError) as caught, database.unit_of_work() as work:
        work.session.execute(add, camille)
    # PostgreSQL's own DETAIL line is its own; ours is the statement.
    assert "camille" not in str(caught.value).partition("DETAIL")[0]


def test_what_postgres_cannot_store_is_refused_in_words(postgres_database: Database) -> None:
    asked = sa.text("SELECT :name")
    with pytest.raises(Invalid, match="cannot be stored"), postgres_database.reading() as session:
        session.execute(asked, {"name": "a\x00b"})
    with pytest.raises(Invalid, match="cannot be stored"), postgres_database.unit_of_work() as work:
        work.session.execute(asked, {"name": "a\x00b"})


def test_the_writers_of_a_process_take_turns_and_a_failed_one_gives_its_turn_back(
    sqlite_database: Database,
) -> None:
    with sqlite_database.unit_of_work() as work:
        work.session.execute(sa.text("CREATE TABLE kept (n INTEGER)"))

    def write(number: int) -> None:
        with sqlite_database.unit_of_work() as work:
            work.session.execute(sa.text("INSERT INTO kept VALUES (1)"))
            if number % 3 == 0:
                raise ValueError("after all, no")

    with ThreadPoolExecutor(12) as pool:
        ended = [pool.submit(write, number) for number in range(30)]
    assert sum(future.exception() is None for future in ended) == 20
    with sqlite_database.reading() as session:
        assert session.execute(sa.text("SELECT count(*) FROM kept")).scalar() == 20
