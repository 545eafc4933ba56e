from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlmodel import Session, col, func, select

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.tables import Part, Revision
from parts3d.db import Database
from parts3d.errors import Conflict, Expired, NotFound
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.placing import confirm_by_staff, confirm_contact
from parts3d.jobs.queues import read_queues
from parts3d.jobs.tables import Job
from parts3d.orders.agreement import PromiseChanged
from parts3d.orders.cancellation import cancel_unconfirmed
from parts3d.orders.checkout import submit
from parts3d.orders.lifecycle import OrderStatus, PaymentStatus
from parts3d.orders.opening import open_checkout
from parts3d.orders.queries import order_by_token, payment_of
from parts3d.orders.tables import Order, OrderEvent
from parts3d.orders.tokens import confirmation_token
from parts3d.promises.tables import Promise, PromiseStatus
from parts3d.settings import Settings
from tests.support.network import (
    confirmation_of,
    details_for,
    opened,
    placed,
    settings_for,
    small_network,
    submitted,
)

LATER = timedelta(minutes=16)  # a hold lasts 15


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def path_of(session: Session, order_id: str) -> list[str]:
    events = session.exec(
        select(OrderEvent.to_status)
        .where(OrderEvent.order_id == order_id)
        .order_by(col(OrderEvent.id))
    )
    return list(events)


def count(session: Session, table: type[Order] | type[Job]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def test_a_submitted_order_is_priced_and_opens_by_its_link_only(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    result = submitted(database, settings, network, email="  Anne@Example.BE ")
    with database.reading() as session:
        order = order_by_token(session, result.token)
        assert order.status is OrderStatus.PRICED
        assert order.contact_email == "anne@example.be"
        assert path_of(session, order.id) == ["draft", "priced"]
        assert result.token not in str(order.model_dump())
        with pytest.raises(NotFound, match="number alone is not enough"):
            order_by_token(session, order.number)


def test_twenty_submissions_with_one_key_make_one_order(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    promise_id, _ = opened(database, settings, network)

    def click(_: int) -> str:
        with database.unit_of_work() as work:
            result = submit(
                work.session, settings, details_for(promise_id), now, read_queues=read_queues
            )
            return result.token

    with ThreadPoolExecutor(20) as pool:
        tokens = set(pool.map(click, range(20)))
    assert len(tokens) == 1
    with database.reading() as session:
        assert count(session, Order) == 1


def test_one_checkout_under_many_keys_is_still_one_order(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    promise_id, _ = opened(database, settings, network)

    def click(number: int) -> str:
        try:
            with database.unit_of_work() as work:
                details = details_for(promise_id, idempotency_key=f"another-{number}")
                return submit(
                    work.session, settings, details, now, read_queues=read_queues
                ).order.id
        except Conflict as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(click, range(8)))
    assert answers.count("already_ordered") == 7


def test_two_checkouts_racing_for_one_key_make_one_order(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    checkouts = [opened(database, settings, network)[0] for _ in range(6)]

    def click(promise_id: str) -> str:
        try:
            with database.unit_of_work() as work:
                details = details_for(promise_id, idempotency_key="the-same-key")
                return submit(
                    work.session, settings, details, now, read_queues=read_queues
                ).order.id
        except Conflict as refusal:
            return refusal.code

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(click, checkouts))
    assert answers.count("key_reused") == 5


def test_a_key_used_for_other_words_is_refused(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    promise_id, _ = opened(database, settings, network)
    with database.unit_of_work() as work:
        submit(work.session, settings, details_for(promise_id), now, read_queues=read_queues)
    with (
        pytest.raises(Conflict, match="fresh key for each order"),
        database.unit_of_work() as work,
    ):
        submit(
            work.session,
            settings,
            details_for(promise_id, email="mallory@example.be"),
            now,
            read_queues=read_queues,
        )


def test_a_contact_may_have_only_so_many_unpaid_orders(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    for _ in range(settings.max_unpaid_orders):
        submitted(database, settings, network)
    with pytest.raises(Conflict, match="3 orders of this address are open already"):
        submitted(database, settings, network, email="ANNE@example.be")
    submitted(database, settings, network, email="bob@example.be")


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "   "},
        {"name": "Anne\r\nBcc: all@example.be"},
        {"name": "A\x00"},
        {"email": "anne@exa\x00mple.be"},
        {"accept_terms": False},
        {"idempotency_key": "short"},
        {"discount": 100},
    ],
)
def test_details_that_make_no_sense_are_refused(fault: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        details_for("0" * 32, **fault)
    with pytest.raises(ValidationError):
        details_for("x' OR 1=1")


def test_unknown_parts_points_and_checkouts_are_named_as_such(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work:
        for part, point, code in (
            ("no-such-part", "huy", "unknown_part"),
            (network.part_slug, "no-such-point", "unknown_point"),
        ):
            with pytest.raises(NotFound) as refusal:
                open_checkout(
                    work.session,
                    settings,
                    parts={part: 1},
                    point_slug=point,
                    now=now,
                    read_queues=read_queues,
                )
            assert refusal.value.code == code
        with pytest.raises(NotFound, match="no such checkout"):
            submit(work.session, settings, details_for("0" * 32), now, read_queues=read_queues)


def test_an_order_after_the_price_has_expired_is_refused(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    promise_id, _ = opened(database, settings, network)
    with pytest.raises(Expired, match="frozen until"), database.unit_of_work() as work:
        submit(
            work.session,
            settings,
            details_for(promise_id),
            now + timedelta(minutes=31),
            read_queues=read_queues,
        )


def test_after_the_hold_a_later_time_is_asked_about_and_then_kept(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    promise_id, _ = opened(database, settings, network)
    details = details_for(promise_id)
    with pytest.raises(PromiseChanged) as change, database.unit_of_work() as work:
        submit(work.session, settings, details, now + LATER, read_queues=read_queues)
    with database.reading() as session:
        assert session.get_one(Promise, promise_id).status is PromiseStatus.HELD  # rolled back
    agreed = details_for(promise_id, accepted_ready_at=change.value.new_ready_at)
    with database.unit_of_work() as work:
        order = submit(work.session, settings, agreed, now + LATER, read_queues=read_queues).order
    assert order.ready_promised_at == change.value.new_ready_at
    assert order.promise_id != promise_id


def test_confirming_places_the_order_with_a_job_for_each_copy(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = placed(database, settings, network, quantity=3)
    assert order.status is OrderStatus.PLACED
    assert order.contact_confirmed_at == now
    with database.reading() as session:
        jobs = session.exec(select(Job).order_by(col(Job.copy_number))).all()
        assert [job.copy_number for job in jobs] == [1, 2, 3]
        assert {job.status for job in jobs} == {JobStatus.WAITING}
        assert {job.due_at for job in jobs} == {order.ready_promised_at}
        assert all("Anne" not in job.label for job in jobs)
        payment = payment_of(session, order.id)
        assert payment is not None
        assert payment.status is PaymentStatus.CREATED
        assert payment.amount_cents == order.total_cents


def test_confirming_twenty_times_at_once_places_once(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = submitted(database, settings, network).order
    token = confirmation_of(settings, order)

    def click(_: int) -> OrderStatus:
        with database.unit_of_work() as work:
            return confirm_contact(work.session, settings, token, now).status

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(click, range(20))) == {OrderStatus.PLACED}
    with database.reading() as session:
        assert count(session, Job) == 1


def test_a_confirmation_link_must_be_ours_and_fresh(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = submitted(database, settings, network).order
    token = confirmation_of(settings, order)
    other = settings_for(settings.data_dir, secret_key="another secret")
    forged = confirmation_token(other.secret(), order.id, now + timedelta(days=1))
    with database.unit_of_work() as work:
        for wrong in (forged, token[:-1], token + "A", "", "..", order.id):
            with pytest.raises(NotFound, match="not one of ours"):
                confirm_contact(work.session, settings, wrong, now)
        with pytest.raises(Expired, match="expired"):
            confirm_contact(work.session, settings, token, now + timedelta(hours=24))


def test_confirming_late_asks_about_a_later_time_first(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = submitted(database, settings, network).order
    token, late = confirmation_of(settings, order), now + timedelta(hours=2)
    with pytest.raises(PromiseChanged) as change, database.unit_of_work() as work:
        confirm_contact(work.session, settings, token, late)
    assert change.value.old_ready_at == order.ready_promised_at
    with database.unit_of_work() as work:
        agreed = change.value.new_ready_at
        now_placed = confirm_contact(work.session, settings, token, late, accepted_ready_at=agreed)
        assert now_placed.status is OrderStatus.PLACED
        assert now_placed.ready_promised_at == agreed


def test_an_order_of_a_part_withdrawn_meanwhile_is_not_placed_after_its_hold(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = submitted(database, settings, network).order
    with database.unit_of_work() as work:
        revision = work.session.get_one(Revision, network.revision_id)
        revision.status = RevisionStatus.WITHDRAWN
        work.session.get_one(Part, network.part_id).current_revision_id = None
    with pytest.raises(Conflict, match="off sale"), database.unit_of_work() as work:
        confirm_contact(work.session, settings, confirmation_of(settings, order), now)


def test_staff_confirm_an_order_of_their_own_point_only(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = submitted(database, settings, network).order
    with database.unit_of_work() as work:
        other = network.add_point(work.session, slug="namur")
    with pytest.raises(NotFound), database.unit_of_work() as work:
        confirm_by_staff(
            work.session,
            settings,
            point_id=other.id,
            number=order.number,
            actor="staff:2",
            now=now,
        )
    with database.unit_of_work() as work:
        typed = order.number.lower().replace("-", " ")
        confirmed = confirm_by_staff(
            work.session,
            settings,
            point_id=network.points["huy"],
            number=typed,
            actor="staff:1",
            now=now,
        )
        assert confirmed.status is OrderStatus.PLACED


def test_an_order_nobody_confirmed_is_given_up_after_a_day(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = submitted(database, settings, network).order
    with database.unit_of_work() as work:
        assert cancel_unconfirmed(work.session, now + timedelta(hours=23)) == []
        assert cancel_unconfirmed(work.session, now + timedelta(hours=24)) == [order.id]
    with database.reading() as session:
        row = session.get_one(Order, order.id)
        assert row.status is OrderStatus.CANCELLED
        assert row.reason == "The address was not confirmed within a day."
        assert session.get_one(Promise, row.promise_id).status is PromiseStatus.RELEASED
