"""Slicing on demand beside the workers, and how slicing stands in figures."""

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from parts3d.cli.slices import slices_app
from parts3d.db import Database
from parts3d.errors import NotFound
from parts3d.migrate import upgrade
from parts3d.slicing.engines.base import SliceResult
from parts3d.slicing.making import take_next
from parts3d.slicing.profiles import printer_models, profile
from parts3d.slicing.rebuild import (
    Made,
    Plan,
    Scope,
    begin_rebuild,
    give_all_back,
    make_waiting,
    plan_rebuild,
)
from parts3d.slicing.status import slicing_status
from parts3d.slicing.tables import Slice, SliceStatus
from parts3d.store import FolderStore
from tests.slicing.engines_on_paper import PaperEngine
from tests.support.network import Network

MODELS = sorted(model for model in printer_models() if "PETG" in profile(model).temperatures)
EVERYTHING = Scope()


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "files")


def add_parts(database: Database, store: FolderStore, now: datetime, *slugs: str) -> None:
    with database.unit_of_work() as work:
        for slug in slugs:
            revision = Network(now).add_part(work.session, slug=slug, print_seconds=None)
            revision.model_sha256 = store.put(slug.encode())


def run(
    database: Database,
    store: FolderStore,
    engine: PaperEngine,
    now: datetime,
    scope: Scope = EVERYTHING,
    *,
    stop: threading.Event | None = None,
) -> Made:
    made = Made()
    make_waiting(
        database,
        store,
        engine,
        scope,
        made=made,
        stop=stop or threading.Event(),
        clock=lambda: now,
    )
    return made


def states(database: Database) -> dict[SliceStatus, int]:
    with database.reading() as session:
        rows = session.exec(select(Slice)).all()
    return {status: sum(row.status is status for row in rows) for status in SliceStatus}


def test_what_is_missing_is_wished_for_and_made_and_then_nothing_is_left(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_parts(database, store, now, "knob", "wheel")
    engine = PaperEngine()
    plan = plan_rebuild(database, store, engine, EVERYTHING, now)
    assert plan == Plan(waiting=2 * len(MODELS), failed=0, lost=0)
    made = run(database, store, engine, now)
    assert (made.ready, made.failed) == (2 * len(MODELS), 0)
    assert plan_rebuild(database, store, engine, EVERYTHING, now).total == 0
    assert len(engine.asked) == 2 * len(MODELS)


def test_a_part_and_a_printer_model_narrow_what_is_made(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_parts(database, store, now, "knob", "wheel")
    scope = Scope(part="knob", printer_model=MODELS[0])
    assert plan_rebuild(database, store, PaperEngine(), scope, now).total == 1
    engine = PaperEngine()
    assert run(database, store, engine, now, scope).ready == 1
    assert engine.asked == [(MODELS[0], 1)]
    assert states(database)[SliceStatus.WAITING] == 2 * len(MODELS) - 1


def test_only_the_models_that_a_network_slices_for_are_wished_for(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_parts(database, store, now, "knob", "wheel")
    mine = MODELS[:2]
    plan = plan_rebuild(database, store, PaperEngine(), EVERYTHING, now, models=mine)
    assert plan.total == 4
    with database.reading() as session:
        assert sorted(session.exec(select(Slice.printer_model).distinct()).all()) == mine


@pytest.mark.parametrize(
    ("words", "wished"),
    [([], {"mini", "mk3s"}), (["--printer", "mk4"], {"mk4"})],
    ids=["as set", "as named"],
)
def test_the_command_keeps_to_the_models_of_the_settings_unless_one_is_named(
    tmp_path: Path, now: datetime, words: list[str], wished: set[str]
) -> None:
    path = tmp_path / "network.sqlite3"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    add_parts(database, FolderStore(tmp_path / "files"), now, "knob")
    # Asked whether to slice, nobody says yes: this is about what is wished for.
    result = CliRunner().invoke(
        slices_app,
        ["rebuild", *words],
        input="n\n",
        env={
            "PARTS3D_DATA_DIR": str(tmp_path),
            "PARTS3D_DATABASE_URL": f"sqlite:///{path}",
            "PARTS3D_SLICER": "cura",
            "PARTS3D_SLICED_MODELS": "mk3s, mini",
        },
    )
    assert f"Slice {len(wished)} now?" in result.stdout
    with database.reading() as session:
        assert set(session.exec(select(Slice.printer_model)).all()) == wished
    database.close()


def test_an_unknown_part_or_printer_model_is_refused_in_words(
    database: Database, store: FolderStore, now: datetime
) -> None:
    with pytest.raises(NotFound, match="no part 'nob'"):
        plan_rebuild(database, store, PaperEngine(), Scope(part="nob"), now)
    with pytest.raises(NotFound, match="no printer model 'mk9'"):
        plan_rebuild(database, store, PaperEngine(), Scope(printer_model="mk9"), now)


def test_failures_are_tried_again_only_when_asked(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_parts(database, store, now, "knob")
    broken, mended = PaperEngine(fails="It hung."), PaperEngine()
    plan_rebuild(database, store, broken, EVERYTHING, now)
    assert run(database, store, broken, now).failed == len(MODELS)
    assert plan_rebuild(database, store, mended, EVERYTHING, now).total == 0
    with_failures = Scope(failed=True)
    assert plan_rebuild(database, store, mended, with_failures, now).failed == len(MODELS)
    begin_rebuild(database, store, mended, with_failures)
    assert run(database, store, mended, now, with_failures).ready == len(MODELS)
    assert states(database)[SliceStatus.FAILED] == 0


def test_a_slice_whose_gcode_is_gone_from_the_store_is_made_again(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_parts(database, store, now, "knob")
    engine = PaperEngine()
    plan_rebuild(database, store, engine, EVERYTHING, now)
    run(database, store, engine, now)
    with database.reading() as session:
        row = session.exec(select(Slice)).first()
    assert row is not None
    assert row.gcode_sha256 is not None
    store.path(row.gcode_sha256).unlink()
    assert plan_rebuild(database, store, engine, EVERYTHING, now).lost == 1
    begin_rebuild(database, store, engine, EVERYTHING)
    assert run(database, store, engine, now).ready == 1
    assert store.exists(row.gcode_sha256)
    assert plan_rebuild(database, store, engine, EVERYTHING, now).total == 0


class StoppingEngine(PaperEngine):
    """Asks to stop while it makes its third slice."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self.stop = stop

    def slice(self, *given: object) -> SliceResult:  # type: ignore[override]  # hands all on
        if len(self.asked) == 2:
            self.stop.set()
        return super().slice(*given)  # type: ignore[arg-type]


def test_it_stops_after_what_is_under_way_and_goes_on_where_it_stopped(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_parts(database, store, now, "knob", "wheel", "foot", "clip")
    stop = threading.Event()
    engine = StoppingEngine(stop)
    total = plan_rebuild(database, store, engine, EVERYTHING, now).total
    assert run(database, store, engine, now, stop=stop).ready == 3
    assert states(database)[SliceStatus.SLICING] == 0
    again = PaperEngine()
    assert plan_rebuild(database, store, again, EVERYTHING, now).total == total - 3
    assert run(database, store, again, now).ready == total - 3
    assert states(database)[SliceStatus.READY] == total


def test_what_was_under_way_at_a_hard_stop_goes_back_to_the_queue(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_parts(database, store, now, "knob")
    engine = PaperEngine()
    total = plan_rebuild(database, store, engine, EVERYTHING, now).total
    made = Made()
    with database.unit_of_work() as work:
        taken = take_next(work.session, engine, now)
    assert taken is not None
    made.begins(taken)
    assert give_all_back(database, made) == 1
    assert states(database)[SliceStatus.WAITING] == total


def test_several_at_once_make_each_slice_once(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_parts(database, store, now, *(f"part-{number}" for number in range(8)))
    engines = [PaperEngine() for _ in range(3)]
    total = plan_rebuild(database, store, engines[0], EVERYTHING, now).total
    threads = [
        threading.Thread(target=run, args=(database, store, engine, now)) for engine in engines
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(engine.asked) for engine in engines) == total
    assert states(database)[SliceStatus.READY] == total


def test_the_status_counts_by_printer_model_and_engine_version(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_parts(database, store, now, "knob")
    old, new = PaperEngine("1"), PaperEngine("2", fails="It fell over.")
    plan_rebuild(database, store, old, EVERYTHING, now)
    run(database, store, old, now)
    plan_rebuild(database, store, new, EVERYTHING, now)
    run(database, store, new, now, Scope(printer_model=MODELS[0]))
    with database.reading() as session:
        found = slicing_status(session, now + timedelta(minutes=10))
    by_model = {(one.printer_model, one.engine_version): one for one in found.models}
    assert by_model[MODELS[0], "1"].ready == 1
    assert by_model[MODELS[0], "2"].failed == 1
    assert by_model[MODELS[1], "2"].waiting == 1
    assert by_model[MODELS[1], "2"].name == profile(MODELS[1]).name
    assert found.left == len(MODELS) - 1
    # One more than the models in ten minutes.
    assert found.per_minute == pytest.approx((len(MODELS) + 1) / 10)
    assert found.seconds_left == round(600 * found.left / (len(MODELS) + 1))
    assert [(one.words, one.count, one.parts) for one in found.failures] == [
        ("It fell over.", 1, ("knob",))
    ]


def test_a_failure_that_a_newer_engine_tries_anew_is_no_longer_told(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_parts(database, store, now, "knob")
    old, later = PaperEngine("1", fails="It fell over."), now + timedelta(hours=1)
    plan_rebuild(database, store, old, EVERYTHING, now)
    run(database, store, old, now)
    with database.reading() as session:
        assert [one.count for one in slicing_status(session, now).failures] == [len(MODELS)]
    plan_rebuild(database, store, PaperEngine("2"), EVERYTHING, later)
    with database.reading() as session:
        found = slicing_status(session, later)
    assert found.failures == ()
    assert sum(one.failed for one in found.models) == len(MODELS)


def test_the_status_is_told_as_json_and_as_a_table(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'parts3d.sqlite3'}")
    upgrade(database)
    store, engine, at = FolderStore(tmp_path / "files"), PaperEngine(), datetime.now(UTC)
    add_parts(database, store, at, "knob")
    plan_rebuild(database, store, engine, EVERYTHING, at)
    run(database, store, engine, at, Scope(printer_model=MODELS[0]))
    database.close()
    environment = {"PARTS3D_DATA_DIR": str(tmp_path), "COLUMNS": "120", "PARTS3D_DATABASE_URL": ""}
    told = CliRunner().invoke(slices_app, ["status", "--json"], env=environment)
    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout)
    assert sum(one["ready"] for one in figures["models"]) == 1
    assert figures["left"] == len(MODELS) - 1
    shown = CliRunner().invoke(slices_app, ["status"], env=environment)
    assert shown.exit_code == 0, shown.output
    assert profile(MODELS[0]).name in shown.stdout
    assert f"{len(MODELS) - 1} to be made" in shown.stdout
