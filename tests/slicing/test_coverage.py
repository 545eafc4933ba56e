"""Every part on sale, for every printer model that it fits: what is there, and what is missing."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner

from parts3d.cli.slices import slices_app
from parts3d.db import Database
from parts3d.migrate import upgrade
from parts3d.slicing.coverage import Gap, coverage
from parts3d.slicing.engines.base import SliceResult
from parts3d.slicing.making import make_slice, take_next
from parts3d.slicing.placement import place_copies
from parts3d.slicing.profiles import Profile, printer_models, profile
from parts3d.slicing.tables import Slice, SliceStatus
from parts3d.slicing.wishes import wish_slices
from parts3d.store import FolderStore
from tests.slicing.engines_on_paper import PaperEngine
from tests.slicing.shapes import box_stl
from tests.support.network import Network

PETG = sorted(model for model in printer_models() if "PETG" in profile(model).temperatures)
SMALL = min(PETG, key=lambda model: profile(model).bed_x_mm * profile(model).bed_y_mm)
# Too long for the smallest bed however it lies, and not for the others.
LONG = box_stl(200, 10, 10)


class FittingEngine(PaperEngine):
    """An engine on paper that looks whether the part fits, as the real ones do."""

    def slice(  # type: ignore[override]
        self, stl: bytes, printer: Profile, *others: object, **more: object
    ) -> SliceResult:
        place_copies(stl, printer)
        return super().slice(stl, printer, *others, **more)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "files")


def slice_all(database: Database, store: FolderStore, now: datetime, most: int = 99) -> None:
    engine = FittingEngine()
    with database.unit_of_work() as work:
        wish_slices(work.session, engine, now)
    for _ in range(most):
        with database.unit_of_work() as work:
            taken = take_next(work.session, engine, now)
        if taken is None:
            return
        make_slice(database, store, engine, taken, lambda: now)


def add_long_part(session: Session, store: FolderStore, now: datetime) -> None:
    revision = Network(now).add_part(session, slug="long-part", print_seconds=None)
    revision.model_sha256 = store.put(LONG)


def test_what_is_too_large_for_a_printer_is_no_failure_and_no_gap(
    sqlite_database: Database, store: FolderStore, now: datetime
) -> None:
    with sqlite_database.unit_of_work() as work:
        add_long_part(work.session, store, now)
    with sqlite_database.reading() as session:
        assert coverage(session).gaps == tuple(Gap("long-part", model) for model in PETG)
    slice_all(sqlite_database, store, now)
    with sqlite_database.reading() as session:
        found = coverage(session)
        rows = {row.printer_model: row for row in session.exec(select(Slice))}
    assert SMALL == "mini"
    assert rows[SMALL].status is SliceStatus.UNFIT
    assert "The part measures 200.0 x 10.0 x 10.0 mm" in (rows[SMALL].failure or "")
    assert {row.status for row in rows.values()} == {SliceStatus.UNFIT, SliceStatus.READY}
    assert found.is_whole
    assert (found.parts, found.sliced, found.unfit) == (1, len(PETG) - 1, 1)
    assert found.words() == (
        f"1 part on sale: {len(PETG) - 1} of {len(PETG) - 1} slices are there; "
        "1 more would be too large for their printer."
    )


def test_the_command_exits_with_one_until_nothing_is_missing(
    tmp_path: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARTS3D_DATA_DIR", str(tmp_path))
    database, now = Database(f"sqlite:///{tmp_path / 'parts3d.sqlite3'}"), datetime.now(UTC)
    upgrade(database)
    empty = CliRunner().invoke(slices_app, ["status", "--check"])
    assert (empty.exit_code, "No part is on sale." in empty.output) == (1, True)
    with database.unit_of_work() as work:
        add_long_part(work.session, store, now)
    slice_all(database, store, now, most=2)
    some = CliRunner().invoke(slices_app, ["status", "--check"])
    assert some.exit_code == 1
    assert f"1 part on sale: {2 - len(gone(database))} of" in some.output
    assert "Missing: long-part for " in some.output
    slice_all(database, store, now)
    whole = CliRunner().invoke(slices_app, ["status", "--check", "--json"])
    assert whole.exit_code == 0
    assert json.loads(whole.output)["coverage"]["gaps"] == []
    database.close()


def gone(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.exec(select(Slice.id).where(Slice.status == SliceStatus.UNFIT)))
