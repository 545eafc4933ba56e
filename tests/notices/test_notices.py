import email
from asyncio import Server
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage, Message
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlmodel import select

from parts3d.bell import Bell
from parts3d.context import Context
from parts3d.db import Database
from parts3d.errors import Invalid
from parts3d.integrations.smtp import Delivery, deliver
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.stopping import cancel_order
from parts3d.jobs.tables import Job
from parts3d.notices.service import begin, due_kind, mailbox, owed, release_stuck, write_due
from parts3d.notices.tables import Notice, NoticeKind, NoticeStatus
from parts3d.notices.tasks import ring_notices, send_notice
from parts3d.orders.tables import Order
from parts3d.orders.tokens import collection_code, order_token
from parts3d.settings import Settings
from parts3d.store import FolderStore
from tests.support.network import (
    confirmation_of,
    drive_jobs,
    placed,
    settings_for,
    small_network,
    submitted,
)


@dataclass
class Postman:
    """What aiosmtpd hands mails to; refuses as many times as told."""

    answers: list[str] = field(default_factory=list)
    mails: list[Message] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del server, session
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith(("250", "CUT")):
            content = envelope.content
            assert isinstance(content, bytes)
            self.mails.append(email.message_from_bytes(content, policy=default))
        return "451 after all not" if answer.startswith("CUT") else answer


@dataclass
class Rings:
    rung: list[tuple[str | int, ...]] = field(default_factory=list)

    def ring_task(self, name: str, *args: str | int) -> None:
        self.rung.append((name, *args))


@pytest.fixture
def postman() -> Postman:
    return Postman()


class FreePortController(Controller):
    """Asks the system for a free port, then looks for itself there."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd's


@pytest.fixture
def smtp_url(postman: Postman) -> Iterator[str]:
    controller = FreePortController(postman, hostname="127.0.0.1", port=0)
    controller.start()
    yield f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


def context_for(database: Database, settings: Settings) -> tuple[Context, Rings]:
    rings = Rings()
    store = FolderStore(settings.files_dir)
    return Context(settings, database, store, Bell(None), rings), rings


def write(database: Database, settings: Settings, order: Order, now: datetime) -> str:
    with database.unit_of_work() as work:
        notice = write_due(work.session, settings, order.id, now)
        assert notice is not None
        return notice.id


def status_of(database: Database, notice_id: str) -> NoticeStatus:
    with database.reading() as session:
        return session.get_one(Notice, notice_id).status


def test_a_submitted_order_owes_a_confirmation_with_its_signed_link(
    database: Database, now: datetime, tmp_path: Path, smtp_url: str, postman: Postman
) -> None:
    settings = settings_for(tmp_path, smtp_url=smtp_url)
    network = small_network(database, now)
    order = submitted(database, settings, network, name="Anne O'Hara & <<code>>").order
    context, _ = context_for(database, settings)
    notice_id = write(database, settings, order, now)
    send_notice(context, notice_id, now)
    [mail] = postman.mails
    assert isinstance(mail, EmailMessage)
    assert mail["To"] == "anne@example.be"
    assert order.number in mail["Subject"]
    text = mail.get_content()
    assert f"http://127.0.0.1:8000/confirm/{confirmation_of(settings, order)}" in text
    assert "Hello Anne O'Hara & code>>," in text
    assert collection_code(settings.secret(), order.id) not in text
    assert status_of(database, notice_id) is NoticeStatus.SENT


def test_each_step_owes_one_notice_and_twice_is_once(
    database: Database, now: datetime, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path)
    network = small_network(database, now)
    order = placed(database, settings, network, language="fr")
    write(database, settings, order, now)
    with database.unit_of_work() as work:
        assert write_due(work.session, settings, order.id, now) is None
        assert list(owed(work.session, now)) == []
        drive_jobs(work.session, list(work.session.exec(select(Job))), JobStatus.READY, now)
        assert list(owed(work.session, now)) == [order.id]
    write(database, settings, order, now)
    with database.reading() as session:
        shown = mailbox(session, settings)
        assert {notice.kind for notice, _ in shown} == {NoticeKind.CONFIRMED, NoticeKind.READY}
        ready_text = next(text for notice, text in shown if notice.kind is NoticeKind.READY)
        assert collection_code(settings.secret(), order.id) in ready_text
        assert order_token(settings.secret(), order.id) in ready_text
        assert "Roulette de panier x 1" in ready_text


def test_links_and_codes_are_not_in_the_database(
    database: Database, now: datetime, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path)
    network = small_network(database, now)
    order = placed(database, settings, network)
    with database.unit_of_work() as work:
        drive_jobs(work.session, list(work.session.exec(select(Job))), JobStatus.READY, now)
    notice_id = write(database, settings, order, now)
    with database.reading() as session:
        stored = session.get_one(Notice, notice_id).body_text
    assert collection_code(settings.secret(), order.id) not in stored
    assert order_token(settings.secret(), order.id) not in stored


def test_an_address_that_nobody_confirmed_is_not_told_of_the_cancellation(
    database: Database, now: datetime, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path)
    network = small_network(database, now)
    stranger = submitted(database, settings, network).order
    customer = placed(database, settings, network, email="bob@example.be")
    with database.unit_of_work() as work:
        for order in (stranger, customer):
            ended = cancel_order(work.session, order.id, actor="customer", now=now)
            expected = NoticeKind.CANCELLED if order is customer else None
            assert due_kind(ended) is expected
        assert list(owed(work.session, now)) == [customer.id]


def test_a_mail_refused_for_now_is_sent_again_with_the_same_message_id(
    database: Database, now: datetime, tmp_path: Path, smtp_url: str, postman: Postman
) -> None:
    settings = settings_for(tmp_path, smtp_url=smtp_url)
    network = small_network(database, now)
    order = submitted(database, settings, network).order
    context, rings = context_for(database, settings)
    notice_id = write(database, settings, order, now)
    postman.answers = ["CUT"]
    send_notice(context, notice_id, now)
    assert status_of(database, notice_id) is NoticeStatus.WAITING
    send_notice(context, notice_id, now)  # too early: it rests first
    assert len(postman.mails) == 1
    later = now + timedelta(seconds=15)
    ring_notices(context, later)
    assert ("notices.send", notice_id) in rings.rung
    send_notice(context, notice_id, later)
    assert status_of(database, notice_id) is NoticeStatus.SENT
    first, second = postman.mails
    assert first["Message-ID"] == second["Message-ID"] == f"<{notice_id}@parts3d.example>"


def test_a_mail_refused_for_good_fails_with_the_servers_words(
    database: Database, now: datetime, tmp_path: Path, smtp_url: str, postman: Postman
) -> None:
    settings = settings_for(tmp_path, smtp_url=smtp_url)
    network = small_network(database, now)
    order = submitted(database, settings, network).order
    context, _ = context_for(database, settings)
    notice_id = write(database, settings, order, now)
    postman.answers = ["550 no such person"]
    send_notice(context, notice_id, now)
    with database.reading() as session:
        notice = session.get_one(Notice, notice_id)
        assert notice.status is NoticeStatus.FAILED
        assert notice.failure == "550 no such person"


def test_a_worker_that_died_while_sending_leaves_a_notice_that_waits_again(
    database: Database, now: datetime, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path)
    network = small_network(database, now)
    order = submitted(database, settings, network).order
    notice_id = write(database, settings, order, now)
    with database.unit_of_work() as work:
        assert begin(work.session, notice_id, now) is not None
    with database.unit_of_work() as work:
        assert begin(work.session, notice_id, now) is None
        assert release_stuck(work.session, now + timedelta(seconds=119)) == 0
        assert release_stuck(work.session, now + timedelta(seconds=120)) == 1
    assert status_of(database, notice_id) is NoticeStatus.WAITING


def test_the_sweep_rings_for_orders_whose_bell_was_lost(
    database: Database, now: datetime, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path)
    network = small_network(database, now)
    order = submitted(database, settings, network).order
    context, rings = context_for(database, settings)
    ring_notices(context, now)
    assert rings.rung == [("notices.tell", order.id)]


@pytest.mark.parametrize(
    ("demo", "status"), [(True, NoticeStatus.SENT), (False, NoticeStatus.WAITING)]
)
def test_without_a_mail_server_only_the_demo_counts_a_notice_as_sent(
    database: Database, now: datetime, tmp_path: Path, *, demo: bool, status: NoticeStatus
) -> None:
    settings = settings_for(tmp_path, demo=demo)
    network = small_network(database, now)
    order = submitted(database, settings, network).order
    context, _ = context_for(database, settings)
    notice_id = write(database, settings, order, now)
    send_notice(context, notice_id, now)
    assert status_of(database, notice_id) is status


def test_a_mail_server_that_is_away_is_an_answer_and_no_crash() -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "a@example.be", "b@example.be"
    away = deliver("smtp://127.0.0.1:1", mail)
    assert away == Delivery(accepted=False, permanent=False, reason=away.reason)
    assert "refused" in away.reason.lower()
    with pytest.raises(Invalid, match="cannot be read"):
        deliver("http://mail.example.be", mail)
