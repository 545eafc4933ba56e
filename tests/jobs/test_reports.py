from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parts3d.db import Database
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.sweeping import expire_leases, note_silence
from printer_agents.protocol import ReportKind
from tests.jobs.bench import Shop


def test_a_print_is_followed_from_start_to_end(shop: Shop) -> None:
    ref = shop.must_claim().ref
    shop.permit(ref)
    shop.tell(ref, ReportKind.STARTING)
    shop.tell(ref, ReportKind.PRINTING)
    assert shop.job().status is JobStatus.PRINTING
    shop.tell(ref, ReportKind.PROGRESS, progress=0.4, remaining_seconds=300)
    assert shop.job().progress == 0.4
    shop.tell(ref, ReportKind.PRINTED, printed_seconds=612)
    job = shop.job()
    assert job.status is JobStatus.PRINTED
    assert job.progress == 1.0


def test_a_report_heard_twice_changes_nothing(shop: Shop) -> None:
    ref = shop.must_claim().ref
    shop.permit(ref)
    assert shop.tell(ref, ReportKind.PRINTING, seq=1) == "accepted"
    assert shop.tell(ref, ReportKind.PRINTED, seq=2) == "accepted"
    assert shop.tell(ref, ReportKind.PRINTING, seq=1) == "repeated"
    assert shop.job().status is JobStatus.PRINTED


def test_a_late_attempt_is_told_that_it_is_stale_and_changes_nothing(shop: Shop) -> None:
    late = shop.must_claim().ref
    with shop.database.unit_of_work() as work:
        expire_leases(work.session, shop.now + timedelta(minutes=2))
    shop.must_claim()
    assert shop.tell(late, ReportKind.PRINTED) == "stale"
    assert shop.job().status is JobStatus.LEASED


def test_silence_makes_a_print_unknown_and_the_agents_word_resolves_it(shop: Shop) -> None:
    ref = shop.must_claim().ref
    shop.permit(ref)
    shop.tell(ref, ReportKind.PRINTING)
    with shop.database.unit_of_work() as work:
        note_silence(work.session, shop.now + timedelta(minutes=6), 300)
    job = shop.job()
    assert job.status is JobStatus.UNKNOWN
    assert job.reason is not None
    assert "10:00" in job.reason
    shop.tell(ref, ReportKind.PROGRESS, progress=0.9)
    assert shop.job().status is JobStatus.PRINTING


def test_a_failed_print_waits_for_a_person_and_is_not_reprinted_by_itself(shop: Shop) -> None:
    ref = shop.must_claim().ref
    shop.permit(ref)
    shop.tell(ref, ReportKind.FAILED, detail="Thermal runaway.")
    job = shop.job()
    assert job.status is JobStatus.FAILED
    assert job.reason == "The print failed. Thermal runaway."
    assert shop.claim() is None


def test_what_is_given_back_before_a_permit_waits_again(shop: Shop) -> None:
    ref = shop.must_claim().ref
    shop.tell(ref, ReportKind.RELEASED)
    assert shop.job().status is JobStatus.WAITING


def test_what_is_given_back_again_and_again_asks_for_a_person(shop: Shop) -> None:
    for _ in range(5):
        shop.tell(shop.must_claim().ref, ReportKind.RELEASED, detail="The disk is full.")
    job = shop.job()
    assert job.status is JobStatus.NEEDS_HUMAN
    assert job.reason == "Given back 5 times before it started. The disk is full."
    assert shop.claim() is None


def test_what_is_given_back_after_a_permit_needs_a_person(shop: Shop) -> None:
    ref = shop.must_claim().ref
    shop.permit(ref)
    shop.tell(ref, ReportKind.RELEASED)
    assert shop.job().status is JobStatus.NEEDS_HUMAN


KINDS = [
    ReportKind.STARTING,
    ReportKind.PRINTING,
    ReportKind.PROGRESS,
    ReportKind.PAUSED,
    ReportKind.PRINTED,
]


def test_one_report_heard_twice_at_once_is_accepted_once(shop: Shop) -> None:
    ref = shop.must_claim().ref
    shop.permit(ref)
    with ThreadPoolExecutor(4) as speakers:
        heard = list(speakers.map(lambda _: shop.tell(ref, ReportKind.PRINTING, seq=7), range(8)))
    assert sorted(heard) == ["accepted"] + ["repeated"] * 7


def test_a_printer_that_says_a_nul_holds_up_no_report(shop: Shop) -> None:
    ref = shop.must_claim().ref
    shop.permit(ref)
    assert shop.tell(ref, ReportKind.FAILED, detail="nozzle\x00clogged") == "accepted"
    job = shop.job()
    assert job.status is JobStatus.FAILED
    assert job.reason == "The print failed. nozzle\ufffdclogged"


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.lists(st.sampled_from(range(5)), min_size=5, max_size=20))
def test_reports_repeated_and_late_in_any_order_end_in_one_state(
    sqlite_database: Database, tmp_path_factory: object, order: list[int]
) -> None:
    del tmp_path_factory
    shop = _fresh_shop(sqlite_database)
    ref = shop.must_claim().ref
    shop.permit(ref)
    for index in [*order, 0, 1, 2, 3, 4]:
        shop.tell(ref, KINDS[index], seq=index + 1)
    (job,) = [job for job in shop.jobs() if job.id == ref.job_id]
    assert job.status is JobStatus.PRINTED


def _fresh_shop(database: Database) -> Shop:
    """Return a shop in emptied tables: hypothesis calls one test many times."""
    import tempfile
    from datetime import UTC, datetime
    from pathlib import Path

    from parts3d.tables import metadata

    with database.unit_of_work() as work:
        for table in reversed(metadata.sorted_tables):
            work.session.execute(table.delete())
    now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    return Shop.open(database, Path(tempfile.mkdtemp()), now)
