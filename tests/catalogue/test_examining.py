"""Checks of uploads at a worker: claimed once, told in stages, safe to run twice."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from parts3d.bell import Bell
from parts3d.catalogue.checks import Wish, ask_for_check, read_load, unanswered, wish_for_repaired
from parts3d.catalogue.examining import LEASE, MAX_TRIES, claim, examine_check, examine_in_child
from parts3d.catalogue.lifecycle import CheckStatus
from parts3d.catalogue.tables import ModelCheck
from parts3d.catalogue.tasks import ring_for_checks
from parts3d.context import Context
from parts3d.db import Database
from parts3d.errors import Conflict, Invalid, Unreadable
from parts3d.meshes.examination import MODEL, REPAIRED, Examination, ExaminationOrders
from parts3d.meshes.findings import Verdict
from parts3d.meshes.isolation.sandbox import ChildResult
from parts3d.meshes.reader import read
from parts3d.meshes.report import FileReport
from parts3d.store import FolderStore
from tests.support.network import settings_for
from tests.support.site import RungTasks

BEDS = [(250.0, 210.0, 210.0)]
MODEL_STL = (
    Path(__file__).parents[2] / "catalogue" / "fridge" / "fridge-shelf-clip" / "model.stl"
).read_bytes()


class FakeExamine:
    """Comes back with what it is told to; remembers the orders and tells the stages."""

    def __init__(
        self,
        *,
        refusal: Unreadable | None = None,
        files: dict[str, bytes] | None = None,
        model_kept: bool = False,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self.orders: list[ExaminationOrders] = []
        self._refusal = refusal
        self._files = files or {}
        self._model_kept = model_kept
        self._meanwhile = meanwhile

    def __call__(
        self, data: bytes, orders: ExaminationOrders, *, on_stage: Callable[[str], None]
    ) -> ChildResult[Examination]:
        assert data
        self.orders.append(orders)
        on_stage("reading")
        self._meanwhile()
        on_stage("walls")
        if self._refusal:
            raise self._refusal
        report = FileReport(
            file=orders.name,
            verdict=Verdict.PRINTABLE,
            elapsed_ms=1.0,
            peak_memory_mb=1.0,
        )
        answer = Examination(report=report, model_kept=self._model_kept)
        return ChildResult(answer, self._files)


@pytest.fixture
def context(database: Database, tmp_path: Path) -> Context:
    return Context(
        settings=settings_for(tmp_path),
        database=database,
        store=FolderStore(tmp_path / "files"),
        bell=Bell(None),
        tasks=RungTasks(),
    )


def ask(context: Context, now: datetime, data: bytes = MODEL_STL, **changes: object) -> str:
    wish = Wish(
        **{  # type: ignore[arg-type]
            "file_name": "C:\\parts\\clip.stl",
            "model_sha256": context.store.put(data),
            "unit": None,
            "material": "PETG",
            **changes,
        }
    )
    with context.database.unit_of_work() as work:
        return ask_for_check(work.session, wish, created_by="maintainer:mia", now=now).id


def row(context: Context, check_id: str) -> ModelCheck:
    with context.database.reading() as session:
        return session.get_one(ModelCheck, check_id)


def test_a_check_is_made_by_a_real_child_and_leaves_pictures(
    context: Context, now: datetime
) -> None:
    check_id = ask(context, now, load_direction=(0.0, 0.0, 1.0))
    examine_check(context, check_id, clock=lambda: now, beds_mm=BEDS, examine=examine_in_child)
    done = row(context, check_id)
    assert (done.status, done.stage, done.finished_at) == (CheckStatus.DONE, None, now)
    found = Examination.model_validate(done.examination)
    assert found.report.file == "clip.stl"
    assert found.poses[0].layer_angle_deg is not None
    for pose in found.poses:
        assert context.store.read(done.files[pose.picture]).startswith(b"\x89PNG")
    assert done.stl_sha256 == done.model_sha256


def test_the_stages_stand_in_the_row_as_they_begin(context: Context, now: datetime) -> None:
    check_id = ask(context, now)
    seen: list[tuple[CheckStatus, str | None]] = []

    def look() -> None:
        at = row(context, check_id)
        seen.append((at.status, at.stage))

    examine_check(
        context, check_id, clock=lambda: now, beds_mm=BEDS, examine=FakeExamine(meanwhile=look)
    )
    assert seen == [(CheckStatus.CHECKING, "reading")]


def test_a_check_rung_twice_is_made_once(context: Context, now: datetime) -> None:
    check_id = ask(context, now)
    examine = FakeExamine()
    for _ in range(2):
        examine_check(context, check_id, clock=lambda: now, beds_mm=BEDS, examine=examine)
    assert len(examine.orders) == 1
    assert examine.orders[0].beds_mm == tuple(BEDS)


def test_a_refused_file_keeps_the_reason_and_the_place(context: Context, now: datetime) -> None:
    check_id = ask(context, now, b"no model")
    refusal = Unreadable("It is cut off.", code="truncated", place="byte 7")
    examine_check(
        context, check_id, clock=lambda: now, beds_mm=BEDS, examine=FakeExamine(refusal=refusal)
    )
    refused = row(context, check_id)
    assert refused.status is CheckStatus.REFUSED
    assert (refused.refusal_code, refused.refusal_place) == ("truncated", "byte 7")
    assert refused.examination is None


def test_a_worker_that_comes_back_too_late_changes_nothing(context: Context, now: datetime) -> None:
    check_id = ask(context, now)
    later = now + LEASE + timedelta(seconds=1)

    def another_takes_it() -> None:
        with context.database.unit_of_work() as work:
            assert claim(work.session, check_id, later) is not None

    slow = FakeExamine(meanwhile=another_takes_it)
    with pytest.raises(Conflict, match="Another worker"):
        examine_check(context, check_id, clock=lambda: now, beds_mm=BEDS, examine=slow)
    taken = row(context, check_id)
    assert (taken.status, taken.tries, taken.examination) == (CheckStatus.CHECKING, 2, None)


def test_the_sweep_rings_for_what_no_living_worker_has_and_gives_up_after_three(
    context: Context, now: datetime
) -> None:
    check_id = ask(context, now)
    tasks = context.tasks
    assert isinstance(tasks, RungTasks)
    for _ in range(MAX_TRIES):
        ring_for_checks(context, now)
        assert tasks.rung == [("catalogue.examine", check_id)]
        tasks.rung.clear()
        with context.database.unit_of_work() as work:
            assert claim(work.session, check_id, now) is not None
        ring_for_checks(context, now)
        assert tasks.rung == []
        now += LEASE + timedelta(seconds=1)
    with context.database.unit_of_work() as work:
        assert claim(work.session, check_id, now) is None
    failed = row(context, check_id)
    assert failed.status is CheckStatus.FAILED
    assert "cut off several times" in (failed.refusal_message or "")
    with context.database.reading() as session:
        assert unanswered(session, now) == []


def test_what_a_revision_takes_is_always_an_stl_in_mm(context: Context, now: datetime) -> None:
    in_mm = read(MODEL_STL, unit="mm")
    check_id = ask(context, now, unit="inch")
    examine_check(context, check_id, clock=lambda: now, beds_mm=BEDS, examine=FakeExamine())
    taken = row(context, check_id)
    assert taken.stl_sha256 not in {None, taken.model_sha256}
    stored = read(context.store.read(str(taken.stl_sha256)))
    ratio = stored.triangles[stored.triangles != 0] / in_mm.triangles[in_mm.triangles != 0]
    assert ratio.min() == pytest.approx(25.4, rel=1e-4)
    assert ratio.max() == pytest.approx(25.4, rel=1e-4)

    kept = FakeExamine(files={MODEL: b"ours"}, model_kept=True)
    other = ask(context, now, b"an OBJ", file_name="clip.obj")
    examine_check(context, other, clock=lambda: now, beds_mm=BEDS, examine=kept)
    assert context.store.read(str(row(context, other).stl_sha256)) == b"ours"
    assert context.store.read(row(context, other).model_sha256) == b"an OBJ"


def test_a_repaired_file_is_a_new_file_and_is_checked_itself(
    context: Context, now: datetime
) -> None:
    check_id = ask(context, now, load_direction=(1.0, 0.0, 0.0))
    with pytest.raises(Conflict, match="No repair"):
        wish_for_repaired(row(context, check_id))
    examine = FakeExamine(files={REPAIRED: b"mended"})
    examine_check(context, check_id, clock=lambda: now, beds_mm=BEDS, examine=examine)
    wish = wish_for_repaired(row(context, check_id))
    assert wish.file_name == "clip-repaired.stl"
    assert wish.repaired_from_id == check_id
    assert wish.load_direction == (1.0, 0.0, 0.0)
    assert context.store.read(wish.model_sha256) == b"mended"


@pytest.mark.parametrize("typed", ["0, 0, 0", "up", "1, 2", "1 2 3 4", "nan, 0, 1", "1e9 0 0"])
def test_a_load_direction_is_three_numbers_not_all_zero(typed: str) -> None:
    with pytest.raises(Invalid, match="three numbers"):
        read_load(typed)


def test_a_load_direction_may_be_typed_with_commas_or_blanks() -> None:
    assert read_load(" [0, -1.5, 2] ") == (0.0, -1.5, 2.0)
    assert read_load("0 0 1") == (0.0, 0.0, 1.0)
    assert read_load("  ") is None
