"""Quotes of one part, orders and units of before keep everything when they get lines."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from parts3d.db import Database
from parts3d.migrate import alembic_config, upgrade
from tests.support.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgres"])
def old_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A network of before, with one order that is being made."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
        if request.param == "postgres":
            server: PostgresServer = request.getfixturevalue("postgres")
            url = stack.enter_context(server.fresh(empty=True))
        database = Database(url)
        stack.callback(database.close)
        command.upgrade(alembic_config(database), "0003")
        with database.engine.execution_options(parts3d_writes=True).begin() as connection:
            _add_old_rows(connection)
        yield database


def _add_old_rows(connection: sa.Connection) -> None:
    metadata = sa.MetaData()
    metadata.reflect(connection)

    def add(table: str, **values: object) -> None:
        columns = metadata.tables[table].columns
        for column in columns:
            if column.name not in values and not column.nullable and column.server_default is None:
                values[column.name] = _something(column)
        connection.execute(metadata.tables[table].insert().values(**values))

    add("part", id="part", slug="wheel")
    add(
        "revision", id="rev", part_id="part", number=3, status="approved", safety_class="S1",
        recipe={"material": "PETG"}, manifest={}, check_result={},
    )  # fmt: skip
    add("slice", id="slice", gcode_sha256="ab" * 32, filament_mg=12_000, print_seconds=1800)
    add("point", id="huy", slug="huy")
    add("printer", id="p1", point_id="huy")
    add("agent", id="a1", point_id="huy")
    add(
        "quote", id="q1", revision_id="rev", slice_id="slice", quantity=3, material_cents=198,
        machine_cents=270, handling_cents=300, share_cents=192, net_cents=960, vat_percent=21,
        vat_cents=202, total_cents=1162,
    )  # fmt: skip
    add(
        "promise", id="pr1", quote_id="q1", point_id="huy", printer_id="p1", slice_id="slice",
        status="taken", placements=[{"printer_id": "p1", "print_seconds": 1800}], reasons=[],
    )  # fmt: skip
    add("orders", id="o1", number="P3D-1111-2222", quote_id="q1", promise_id="pr1", point_id="huy")
    add("order_line", id="l1", order_id="o1", revision_id="rev", safety_class="S1", quantity=3)
    add("job", id="j2", order_id="o1", line_id="l1", copy_number=2, point_id="huy",
        revision_id="rev", status="passed")  # fmt: skip
    add("attempt", id="t1", job_id="j2", printer_id="p1", agent_id="a1", slice_id="slice")
    add("unit", id="u1", serial="U-1", job_id="j2", order_id="o1", revision_id="rev",
        attempt_id="t1", trace={"point": "huy"})  # fmt: skip


def _something(column: sa.Column[object]) -> object:
    kind: Callable[..., object] = column.type.python_type
    if kind.__name__ == "datetime":
        return sa.func.current_timestamp()
    return {"int": 1, "float": 1.0, "bool": True, "dict": {}}.get(
        kind.__name__, f"{column.table.name} {column.name}"
    )


def test_a_quote_of_one_part_gets_the_line_that_it_was(old_database: Database) -> None:
    upgrade(old_database)
    with old_database.engine.connect() as connection:
        [quote] = connection.execute(sa.text("SELECT * FROM quote")).mappings()
        line = connection.execute(sa.text("SELECT * FROM quote_line")).mappings().one()
        plates = connection.execute(
            sa.select(sa.column("plates", sa.JSON())).select_from(sa.table("quote_line"))
        ).scalar_one()
    assert quote["total_cents"] == 1162
    assert (quote["voucher_cents"], quote["royalty_cents"], quote["seal"]) == (0, 0, None)
    assert line["quote_id"] == "q1"
    assert (line["position"], line["quantity"], line["total_cents"]) == (1, 3, 1162)
    assert (line["revision_id"], line["slice_id"]) == ("rev", "slice")
    assert (line["filament_mg"], line["print_seconds"]) == (36_000, 5400)
    assert plates == [
        {
            "copies": 1,
            "prints": 3,
            "slice_id": "slice",
            "gcode_sha256": "ab" * 32,
            "filament_mg": 12_000,
            "print_seconds": 1800,
        }
    ]


def test_orders_jobs_and_units_of_before_are_one_line_and_one_copy_each(
    old_database: Database,
) -> None:
    upgrade(old_database)
    with old_database.engine.connect() as connection:
        position = connection.execute(sa.text("SELECT position FROM order_line")).scalar_one()
        job = connection.execute(sa.text("SELECT * FROM job")).mappings().one()
        unit = connection.execute(sa.text("SELECT * FROM unit")).mappings().one()
    assert position == 1
    assert (job["copies"], job["rejected_copies"], job["remade_from"]) == (1, 0, None)
    assert (unit["serial"], unit["attempt_id"], unit["copy_number"]) == ("U-1", "t1", 2)


def test_the_sums_of_a_quote_are_still_held_by_the_database(old_database: Database) -> None:
    upgrade(old_database)
    wrong = sa.text("UPDATE quote SET royalty_cents = 5")
    writer = old_database.engine.execution_options(parts3d_writes=True)
    with pytest.raises(sa.exc.IntegrityError), writer.begin() as connection:
        connection.execute(wrong)
    with pytest.raises(sa.exc.IntegrityError), writer.begin() as connection:
        connection.execute(sa.text("UPDATE quote SET total_cents = 1"))


def test_going_back_restores_the_quote_as_it_was(old_database: Database) -> None:
    upgrade(old_database)
    command.downgrade(alembic_config(old_database), "0003")
    with old_database.engine.connect() as connection:
        quote = connection.execute(sa.text("SELECT * FROM quote")).mappings().one()
    assert (quote["revision_id"], quote["slice_id"], quote["quantity"]) == ("rev", "slice", 3)
    assert quote["total_cents"] == 1162
