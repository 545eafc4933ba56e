"""Another point, with the customer's consent: asked once, held meanwhile, stays by default."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from parts3d.db import Database
from parts3d.errors import Conflict, NotFound
from parts3d.jobs.keeping.acts import Why
from parts3d.jobs.keeping.elsewhere import accept, ask, decline, lapse
from parts3d.jobs.keeping.tables import Rescue, RescueStatus
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.queues import read_queues
from parts3d.jobs.stopping import cancel_order
from parts3d.jobs.tables import Job
from parts3d.jobs.tracking import track
from parts3d.notices.occasions import owed_occasions, write_occasions
from parts3d.notices.service import mailbox
from parts3d.notices.tables import NoticeKind
from parts3d.orders.tables import Order
from parts3d.points.tables import Point
from parts3d.promises.queries import point_snapshots
from parts3d.promises.tables import Promise, PromiseStatus
from parts3d.settings import Settings
from tests.support.network import Network, drive_jobs, placed, settings_for


@dataclass
class Two:
    """Two points, and an order at the first whose print takes a while."""

    database: Database
    settings: Settings
    network: Network
    order_id: str
    now: datetime

    def ask(self, *, now: datetime | None = None, to: str = "namur") -> str | None:
        now = now or self.now
        why = Why({"code": "printer_down"}, ready_before=self.now + timedelta(days=2))
        with self.database.unit_of_work() as work:
            row = ask(work.session, self.settings, self.order_id, self.network.points[to], why, now)
            return row.id if row else None

    def question(self, rescue_id: str) -> Rescue:
        with self.database.reading() as session:
            return session.get_one(Rescue, rescue_id)

    def order(self) -> Order:
        with self.database.reading() as session:
            return session.get_one(Order, self.order_id)

    def jobs(self) -> list[Job]:
        with self.database.reading() as session:
            return list(session.exec(select(Job)).all())

    def mails(self) -> list[str]:
        with self.database.unit_of_work() as work:
            write_occasions(work.session, self.settings, self.order_id, self.now)
        with self.database.reading() as session:
            return [text for _, text in mailbox(session, self.settings)]


@pytest.fixture
def two(sqlite_database: Database, tmp_path: Path, now: datetime) -> Two:
    network = Network(now)
    settings = settings_for(tmp_path)
    with sqlite_database.unit_of_work() as work:
        network.add_point(work.session)
        network.add_point(work.session, slug="namur", latitude=50.47, longitude=4.87)
        network.add_part(work.session)
    order = placed(sqlite_database, settings, network)
    return Two(sqlite_database, settings, network, order.id, now)


def held_at(session: Session, two: Two, slug: str) -> int:
    point = session.get_one(Point, two.network.points[slug])
    [snapshot] = point_snapshots(session, [point], two.now, read_queues=read_queues)
    return len(snapshot.holds)


def test_while_she_is_asked_the_other_place_is_held_for_her(two: Two) -> None:
    rescue_id = two.ask()
    assert rescue_id is not None
    row = two.question(rescue_id)
    assert row.answer_by is not None
    assert row.answer_by > two.now
    with two.database.reading() as session:
        assert held_at(session, two, "namur") == 1
    assert two.order().point_id == two.network.points["huy"]


def test_she_is_asked_one_thing_at_a_time_and_never_the_same_again(two: Two) -> None:
    rescue_id = two.ask()
    assert rescue_id is not None
    assert two.ask() is None
    with two.database.unit_of_work() as work:
        decline(work.session, two.order_id, rescue_id, two.now)
    assert two.ask() is None


def test_with_her_consent_the_order_moves_and_keeps_its_trace(two: Two) -> None:
    rescue_id = two.ask()
    assert rescue_id is not None
    with two.database.unit_of_work() as work:
        accept(work.session, two.order_id, rescue_id, two.now)
    order = two.order()
    assert order.point_id == two.network.points["namur"]
    old, new = sorted(two.jobs(), key=lambda job: job.status is not JobStatus.MOVED)
    assert (old.status, new.status) == (JobStatus.MOVED, JobStatus.WAITING)
    assert old.point_id == two.network.points["huy"]
    assert new.point_id == two.network.points["namur"]
    assert new.due_at == order.ready_promised_at
    with two.database.reading() as session:
        states = {
            promise.point_id: promise.status for promise in session.exec(select(Promise)).all()
        }
    assert states == {
        two.network.points["huy"]: PromiseStatus.RELEASED,
        two.network.points["namur"]: PromiseStatus.TAKEN,
    }


def test_two_taps_move_it_once(two: Two) -> None:
    rescue_id = two.ask()
    assert rescue_id is not None
    for _ in range(2):
        with two.database.unit_of_work() as work:
            accept(work.session, two.order_id, rescue_id, two.now)
    assert len(two.jobs()) == 2


def test_what_is_being_printed_when_she_goes_becomes_stock(two: Two) -> None:
    with two.database.unit_of_work() as work:
        jobs = list(work.session.exec(select(Job)).all())
        drive_jobs(work.session, jobs, JobStatus.PRINTING, two.now)
    rescue_id = two.ask()
    assert rescue_id is not None
    with two.database.unit_of_work() as work:
        accept(work.session, two.order_id, rescue_id, two.now)
    old = next(job for job in two.jobs() if job.point_id == two.network.points["huy"])
    assert (old.status, old.surplus_since) == (JobStatus.PRINTING, two.now)
    with two.database.reading() as session:
        seen = track(session, two.settings, two.order_id, two.now)
    assert [one.status for one in seen.copies] == [JobStatus.WAITING]


def test_without_an_answer_it_stays_and_the_place_is_given_back(two: Two) -> None:
    rescue_id = two.ask()
    assert rescue_id is not None
    row = two.question(rescue_id)
    assert row.answer_by is not None
    with two.database.unit_of_work() as work:
        assert len(lapse(work.session, row.answer_by)) == 1
    with two.database.unit_of_work() as work:
        assert lapse(work.session, row.answer_by) == []
    assert two.question(rescue_id).status is RescueStatus.LAPSED
    with two.database.reading() as session:
        assert held_at(session, two, "namur") == 0
    with (
        pytest.raises(Conflict, match="time to answer is over"),
        two.database.unit_of_work() as work,
    ):
        accept(work.session, two.order_id, rescue_id, row.answer_by)


def test_a_cancelled_order_takes_its_question_with_it(two: Two) -> None:
    rescue_id = two.ask()
    assert rescue_id is not None
    with two.database.unit_of_work() as work:
        cancel_order(work.session, two.order_id, actor="customer", now=two.now)
    with two.database.unit_of_work() as work:
        lapse(work.session, two.now)
    assert two.question(rescue_id).status is RescueStatus.OVERTAKEN


def test_nobody_answers_for_another_order(two: Two) -> None:
    rescue_id = two.ask()
    assert rescue_id is not None
    two.network.now += timedelta(minutes=1)
    other = placed(two.database, two.settings, two.network, email="bea@example.be")
    with pytest.raises(NotFound), two.database.unit_of_work() as work:
        accept(work.session, other.id, rescue_id, two.now)


def test_shortly_before_the_promise_nobody_is_asked(two: Two) -> None:
    late = two.order().ready_promised_at - timedelta(minutes=10)
    assert two.ask(now=late) is None


def test_the_question_is_mailed_once_and_says_what_happens_without_an_answer(two: Two) -> None:
    rescue_id = two.ask()
    assert rescue_id is not None
    with two.database.reading() as session:
        assert owed_occasions(session) == [two.order_id]
    [mail] = [text for text in two.mails() if "one tap" in text]
    assert "Point 3D Namur" in mail
    assert "Without an answer your order stays at Point 3D Huy" in mail
    with two.database.reading() as session:
        assert owed_occasions(session) == []
    with two.database.unit_of_work() as work:
        accept(work.session, two.order_id, rescue_id, two.now)
    assert any("as you agreed" in text for text in two.mails())
    assert len(two.mails()) == 2


def test_mails_of_a_question_speak_french_too(two: Two) -> None:
    with two.database.unit_of_work() as work:
        work.session.get_one(Order, two.order_id).language = "fr"
    two.ask()
    [mail] = two.mails()
    assert "Bonjour" in mail
    assert "promised" not in mail
    assert NoticeKind.MOVE == "move"
