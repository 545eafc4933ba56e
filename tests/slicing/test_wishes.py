"""Which slices are wished for, who takes them, and which one serves."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from parts3d.catalogue.tables import Revision
from parts3d.db import Database
from parts3d.errors import Conflict, Invalid
from parts3d.quotes.queries import ready_slices
from parts3d.slicing.making import (
    WORKER_DIED_AFTER,
    give_back,
    make_slice,
    take_back_abandoned,
    take_next,
)
from parts3d.slicing.missing import drop_superseded
from parts3d.slicing.profiles import printer_models, profile
from parts3d.slicing.serving import part_size, ready_plates, serving_slices
from parts3d.slicing.tables import Slice, SliceStatus
from parts3d.slicing.wishes import (
    PRIORITY_RENEWAL,
    PRIORITY_USUAL,
    engine_of_slice,
    hurry,
    prefer,
    try_again,
    wish_plate,
    wish_slices,
)
from parts3d.store import FolderStore
from tests.slicing.engines_on_paper import PaperEngine
from tests.support.network import Network

PETG_MODELS = {model for model in printer_models() if "PETG" in profile(model).temperatures}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "files")


def add_revision(database: Database, store: FolderStore, now: datetime, slug: str = "knob") -> str:
    """An approved revision whose model is in the store, without slices."""
    with database.unit_of_work() as work:
        revision = Network(now).add_part(work.session, slug=slug, print_seconds=None)
        revision.model_sha256 = store.put(slug.encode())
        return revision.id


def revision_of(session: Session, revision_id: str) -> Revision:
    return session.get_one(Revision, revision_id)


def wish(database: Database, engine: PaperEngine, now: datetime) -> list[Slice]:
    with database.unit_of_work() as work:
        return wish_slices(work.session, engine, now)


def make_all(
    database: Database, store: FolderStore, engine: PaperEngine, now: datetime
) -> Sequence[Slice]:
    made = []
    while True:
        with database.unit_of_work() as work:
            taken = take_next(work.session, engine, now)
        if taken is None:
            return made
        made.append(make_slice(database, store, engine, taken, lambda: now))


def test_a_recipe_that_cannot_be_read_keeps_no_other_from_the_queue(
    database: Database, now: datetime
) -> None:
    network = Network(now)
    with database.unit_of_work() as work:
        broken = network.add_part(work.session, slug="old-knob")
        broken.recipe = {"material": "PETG", "of_an_earlier_version": True}
        network.add_part(work.session, slug="wheel")
    fresh = wish(database, PaperEngine(), now)
    assert {row.printer_model for row in fresh} <= set(printer_models())
    assert len(fresh) > 0
    assert broken.model_sha256 not in {row.model_sha256 for row in fresh}


def test_every_printer_model_that_prints_the_material_gets_one_wish(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_revision(database, store, now)
    first = wish(database, PaperEngine(), now)
    assert {row.printer_model for row in first} == PETG_MODELS
    assert len(first) == len(PETG_MODELS)
    assert {row.priority for row in first} == {PRIORITY_USUAL}
    assert wish(database, PaperEngine(), now) == []


def test_models_that_are_in_use_come_first_and_others_can_be_left_out(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_revision(database, store, now)
    engine = PaperEngine()
    with database.unit_of_work() as work:
        wish_slices(work.session, engine, now, models=["mk3s", "mini"])
        prefer(work.session, ["mini"])
    made = make_all(database, store, engine, now)
    assert [row.printer_model for row in made] == ["mini", "mk3s"]
    assert {row.printer_model for row in wish(database, engine, now)} == PETG_MODELS - {
        "mk3s",
        "mini",
    }


def test_two_revisions_of_the_same_content_share_their_slices(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_revision(database, store, now, "knob")
    twin = add_revision(database, store, now, "same-knob")
    with database.unit_of_work() as work:
        revision_of(work.session, twin).model_sha256 = store.put(b"knob")
    assert len(wish(database, PaperEngine(), now)) == len(PETG_MODELS)


def test_wishes_of_many_at_once_meet_in_one_row_without_a_word(
    database: Database, store: FolderStore, now: datetime
) -> None:
    ids = [add_revision(database, store, now, f"part-{number}") for number in range(6)]
    together = threading.Barrier(4)
    faults: list[Exception] = []

    def one() -> None:
        try:
            together.wait(timeout=30)
            wish(database, PaperEngine(), now)
            with database.unit_of_work() as work:
                revision = revision_of(work.session, ids[0])
                wish_plate(work.session, revision, 3, PaperEngine(), now)
        except Exception as error:  # noqa: BLE001  # whatever it is, the test names it
            faults.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with database.reading() as session:
        rows = session.exec(select(Slice)).all()
    singles = [row for row in rows if row.copies == 1]
    assert len(singles) == 6 * len(PETG_MODELS)
    plates = [(row.printer_model, row.copies) for row in rows if row.copies > 1]
    assert len(plates) == len(set(plates)) == len(PETG_MODELS)


def test_a_new_engine_version_waits_behind_all_and_the_old_slice_serves_meanwhile(
    database: Database, store: FolderStore, now: datetime
) -> None:
    knob = add_revision(database, store, now)
    old, new = PaperEngine("1"), PaperEngine("2")
    wish(database, old, now)
    make_all(database, store, old, now)
    later = now + timedelta(days=1)
    renewed = wish(database, new, later)
    assert {row.priority for row in renewed} == {PRIORITY_RENEWAL}
    wheel = add_revision(database, store, now, "wheel")
    wish(database, new, later + timedelta(hours=1))
    # What nobody has yet comes before what is only renewed, though it was wished for later.
    with database.unit_of_work() as work:
        taken = take_next(work.session, new, later)
        assert taken is not None
        assert taken.model_sha256 == revision_of(work.session, wheel).model_sha256
    for made in range(len(PETG_MODELS) + 1):
        with database.reading() as session:
            revision = revision_of(session, knob)
            serving = serving_slices(session, revision, PETG_MODELS)
            priced = ready_slices(session, revision, PETG_MODELS)
        assert set(serving) == set(priced) == PETG_MODELS
        assert {one.slice_id for one in priced.values()} == {row.id for row in serving.values()}
        versions = [row.engine_version for row in serving.values()]
        assert versions.count("2") == made
        with database.unit_of_work() as work:
            session = work.session
            waiting = [row for row in session.exec(select(Slice)) if row.id in ids_of(renewed)]
            left = [row.id for row in waiting if row.status is SliceStatus.WAITING]
            next_one = take_next(session, new, later, within=[col(Slice.id).in_(left)])
        if next_one:
            make_slice(database, store, new, next_one, lambda: later)


def ids_of(rows: Sequence[Slice]) -> set[str]:
    return {row.id for row in rows}


def test_a_new_version_that_fails_leaves_the_old_slice_serving(
    database: Database, store: FolderStore, now: datetime
) -> None:
    knob = add_revision(database, store, now)
    wish(database, PaperEngine("1"), now)
    make_all(database, store, PaperEngine("1"), now)
    later = now + timedelta(days=1)
    broken = PaperEngine("2", fails="It fell over.")
    wish(database, broken, later)
    failed = make_all(database, store, broken, later)
    assert {row.status for row in failed} == {SliceStatus.FAILED}
    with database.reading() as session:
        serving = serving_slices(session, revision_of(session, knob), PETG_MODELS)
    assert {row.engine_version for row in serving.values()} == {"1"}
    assert set(serving) == PETG_MODELS


def test_a_worker_takes_no_wish_for_another_version_than_its_own(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_revision(database, store, now)
    wish(database, PaperEngine("1"), now)
    with database.unit_of_work() as work:
        assert take_next(work.session, PaperEngine("2"), now) is None
        assert take_next(work.session, PaperEngine("1"), now) is not None


def test_wishes_of_a_version_that_is_gone_are_forgotten_once_that_is_sure(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_revision(database, store, now)
    wish(database, PaperEngine("1"), now)
    wish(database, PaperEngine("2"), now + timedelta(minutes=1))
    with database.unit_of_work() as work:
        assert drop_superseded(work.session, PaperEngine("2"), now + timedelta(minutes=30)) == 0
        dropped = drop_superseded(work.session, PaperEngine("2"), now + timedelta(hours=2))
        assert dropped == len(PETG_MODELS)
    with database.reading() as session:
        assert {row.engine_version for row in session.exec(select(Slice))} == {"2"}


states = st.lists(
    st.tuples(
        st.sampled_from(["cura", "prusaslicer"]),
        st.sampled_from(["1", "2", "10"]),
        st.sampled_from(["present", "older"]),
        st.integers(0, 3),
        st.sampled_from([SliceStatus.READY, SliceStatus.FAILED, SliceStatus.WAITING]),
    ),
    max_size=8,
    unique_by=lambda row: row[:3],
)


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(rows=states, order=st.randoms())
def test_the_choice_among_ready_slices_is_one_whatever_the_order_of_rows(
    sqlite_database: Database, now: datetime, rows: list[tuple[str, ...]], order: object
) -> None:
    order.shuffle(rows)  # type: ignore[attr-defined]
    with sqlite_database.unit_of_work() as work:
        session = work.session
        network = Network(now)
        revision = network.add_part(
            session,
            slug=f"part-{id(rows)}-{now.timestamp()}-{len(rows)}-{new_slug()}",
            print_seconds=None,
        )
        for engine, version, profiled, hours, status in rows:
            added = network.add_slice(
                session, revision, "mk3s", status=SliceStatus(status), engine_version=version
            )
            added.engine = engine
            added.profile_sha256 = profile("mk3s").sha256 if profiled == "present" else "older"
            added.created_at = now + timedelta(hours=int(hours))
        session.flush()
        ready = [
            row
            for row in session.exec(
                select(Slice).where(Slice.model_sha256 == revision.model_sha256)
            )
            if row.status is SliceStatus.READY
        ]
        chosen = serving_slices(session, revision, ["mk3s"]).get("mk3s")
        priced = ready_slices(session, revision, ["mk3s"]).get("mk3s")
        best = max(
            ready,
            key=lambda row: (row.profile_sha256 != "older", row.created_at, row.id),
            default=None,
        )
    # Ready means: some slice serves, always the same one, for each who asks.
    assert (chosen.id if chosen else None) == (best.id if best else None)
    assert (priced.slice_id if priced else None) == (best.id if best else None)


_slugs = iter(range(10**9))


def new_slug() -> int:
    return next(_slugs)


def test_a_plate_is_wished_for_at_once_where_the_bed_takes_it(
    database: Database, store: FolderStore, now: datetime
) -> None:
    knob = add_revision(database, store, now)
    engine = PaperEngine()
    wish(database, engine, now)
    make_all(database, store, engine, now)
    with database.unit_of_work() as work:
        revision = revision_of(work.session, knob)
        assert part_size(work.session, revision) == (20.0, 10.0, 2.0)
        wished = wish_plate(work.session, revision, 8, engine, now)
        assert {row.printer_model for row in wished} == PETG_MODELS
        assert {(row.copies, row.priority) for row in wished} == {(8, 0)}
        assert ready_plates(work.session, revision, 8, PETG_MODELS) == {}
        again = wish_plate(work.session, revision, 8, engine, now)
        assert ids_of(again) == ids_of(wished)
        assert wish_plate(work.session, revision, 61, engine, now) == []
        with pytest.raises(Invalid, match="Choose 1 or more"):
            wish_plate(work.session, revision, 0, engine, now)
    made = make_all(database, store, engine, now)
    assert {row.copies for row in made} == {8}
    with database.reading() as session:
        revision = revision_of(session, knob)
        plates = ready_plates(session, revision, 8, PETG_MODELS)
        assert set(plates) == PETG_MODELS
        one = serving_slices(session, revision, PETG_MODELS)
        for model, plate in plates.items():
            assert plate.filament_mg == 8 * (one[model].filament_mg or 0)
            # Heating and levelling count once a plate.
            assert plate.print_seconds == 800 + profile(model).preparation_seconds
            assert engine_of_slice(plate).version == engine.version
        # A plate is never taken for a single part's slice.
        assert {row.copies for row in one.values()} == {1}


def test_plates_of_late_are_renewed_by_a_new_version_while_the_old_ones_serve(
    database: Database, store: FolderStore, now: datetime
) -> None:
    knob = add_revision(database, store, now)
    old, new = PaperEngine("1"), PaperEngine("2")
    wish(database, old, now)
    with database.unit_of_work() as work:
        wish_plate(work.session, revision_of(work.session, knob), 8, old, now)
    make_all(database, store, old, now)
    assert wish(database, old, now) == []
    later = now + timedelta(days=2)
    renewed = [row for row in wish(database, new, later) if row.copies == 8]
    assert {row.printer_model for row in renewed} == PETG_MODELS
    assert {row.priority for row in renewed} == {PRIORITY_RENEWAL}
    assert wish(database, new, later) == []
    with database.unit_of_work() as work:
        revision = revision_of(work.session, knob)
        # Asked for again, it is served, so it comes before nobody.
        again = wish_plate(work.session, revision, 8, new, later)
        assert {row.priority for row in again} == {PRIORITY_RENEWAL}
        plates = ready_plates(work.session, revision, 8, PETG_MODELS)
        assert {row.engine_version for row in plates.values()} == {"1"}
    make_all(database, store, new, later)
    with database.reading() as session:
        plates = ready_plates(session, revision_of(session, knob), 8, PETG_MODELS)
    assert {row.engine_version for row in plates.values()} == {"2"}
    # Nobody has asked for it for long: a third version leaves it until somebody does.
    much_later = later + timedelta(days=31)
    assert {row.copies for row in wish(database, PaperEngine("3"), much_later)} == {1}


def test_a_plate_is_not_wished_for_where_the_checked_box_is_too_large(
    database: Database, store: FolderStore, now: datetime
) -> None:
    knob = add_revision(database, store, now)
    with database.unit_of_work() as work:
        revision = revision_of(work.session, knob)
        revision.check_result = {"bounds_mm": [150.0, 150.0, 10.0]}
        assert wish_plate(work.session, revision, 20, PaperEngine(), now) == []


def test_who_hurries_comes_first(database: Database, store: FolderStore, now: datetime) -> None:
    add_revision(database, store, now, "first")
    second = add_revision(database, store, now, "second")
    wish(database, PaperEngine(), now)
    with database.unit_of_work() as work:
        hurry(work.session, revision_of(work.session, second))
    with database.unit_of_work() as work:
        taken = take_next(work.session, PaperEngine(), now)
        assert taken is not None
        assert taken.model_sha256 == revision_of(work.session, second).model_sha256


def test_a_failed_slice_is_tried_again_on_request_and_never_by_itself(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_revision(database, store, now)
    engine = PaperEngine(fails="The slicer crashed.")
    wish(database, engine, now)
    failed = make_all(database, store, engine, now)
    assert {row.failure for row in failed} == {"The slicer crashed."}
    assert wish(database, engine, now) == []
    with database.unit_of_work() as work:
        row = work.session.get_one(Slice, failed[0].id)
        try_again(work.session, row)
        try_again(work.session, row)
    engine.fails = None
    again = make_all(database, store, engine, now)
    assert [(row.id, row.status, row.failure) for row in again] == [
        (failed[0].id, SliceStatus.READY, None)
    ]
    with database.unit_of_work() as work, pytest.raises(Conflict, match="has not failed"):
        try_again(work.session, work.session.get_one(Slice, failed[0].id))


def test_a_wish_that_is_given_back_loses_no_try_and_is_taken_by_the_next(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_revision(database, store, now)
    wish(database, PaperEngine(), now)
    for _ in range(5):
        with database.unit_of_work() as work:
            taken = take_next(work.session, PaperEngine(), now)
        assert taken is not None
        assert taken.tries == 1
        with database.unit_of_work() as work:
            give_back(work.session, taken.id, taken.started_at)


def test_a_worker_that_dies_three_times_leaves_a_failure_in_words(
    database: Database, store: FolderStore, now: datetime
) -> None:
    add_revision(database, store, now)
    wished = wish(database, PaperEngine(), now)
    at = now
    for _ in range(3):
        with database.unit_of_work() as work:
            assert (
                take_next(work.session, PaperEngine(), at, within=[col(Slice.id) == wished[0].id])
                is not None
            )
        at += WORKER_DIED_AFTER + timedelta(seconds=1)
        with database.unit_of_work() as work:
            assert take_back_abandoned(work.session, at) == 1
    with database.reading() as session:
        row = session.get_one(Slice, wished[0].id)
    assert row.status is SliceStatus.FAILED
    assert row.failure == "The worker died 3 times while slicing this."
