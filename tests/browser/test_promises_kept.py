"""A printer fails at 15:00, the job moves in time, and the customer has her choice."""

import base64
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import uvicorn
from nacl.signing import SigningKey
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from parts3d.accounts.agents import register_agent
from parts3d.accounts.service import add_account, sign_in
from parts3d.accounts.tables import Role
from parts3d.app import create_app
from parts3d.db import Database
from parts3d.jobs.keeping.tasks import keep_promises, note_outcomes
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.tables import Job
from parts3d.orders.tables import Order
from parts3d.orders.tasks import compensate_missed
from parts3d.orders.tokens import order_token
from parts3d.points.absences import plan_absence
from parts3d.points.closing import close_points
from parts3d.points.spools import SpoolDetails, add_spool
from parts3d.points.tables import Point, Printer
from parts3d.promises.learned import LearnedKind, keep_learned
from parts3d.promises.learning.calibration import PromiseOutcome
from parts3d.promises.learning.misses import Settled, learn_misses
from parts3d.units.service import pass_check
from parts3d.web import SIGN_IN_COOKIE
from tests.browser.checks import axe, no_sideways_scroll, shoot
from tests.browser.conftest import OpenPage
from tests.jobs.test_hedges import give_attempt
from tests.support.network import drive_jobs, placed, settings_for
from tests.support.shop import Shop, open_shop

HALF_PAST_TWO = datetime(2026, 11, 24, 14, 30, tzinfo=ZoneInfo("Europe/Brussels"))


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path) -> Shop:
    shop = open_shop(sqlite_database, settings_for(tmp_path, demo=True), HALF_PAST_TWO)
    with sqlite_database.unit_of_work() as work:
        huy = work.session.get_one(Point, shop.network.points["huy"])
        huy.opening_hours = huy.staffed_hours = "Mo-Sa 09:30-18:30; PH off"
        key = base64.b64encode(bytes(SigningKey.generate().verify_key)).decode()
        register_agent(work.session, point_id=huy.id, name="agent", public_key=key, now=shop.now)
    return shop


@pytest.fixture
def url(shop: Shop) -> Iterator[str]:
    app = create_app(shop.context, lambda: shop.now)
    config = uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def signed_in(shop: Shop, page: Page, url: str, role: Role) -> None:
    with shop.context.database.unit_of_work() as work:
        account = add_account(
            work.session,
            email=f"{role.value}@example.be",
            name=role.value.title(),
            role=role,
            now=shop.now,
            point_id=shop.network.points["huy"] if role is Role.STAFF else None,
        )
        token = sign_in(work.session, account, shop.now)
    page.context.add_cookies([{"name": SIGN_IN_COOKIE, "value": token, "url": url}])


def ordered(shop: Shop, part: str, email: str) -> Order:
    shop.network.part_slug, shop.network.now = part, shop.now
    return placed(shop.context.database, shop.context.settings, shop.network, email=email)


def job_of(shop: Shop, order: Order) -> Job:
    with shop.context.database.reading() as session:
        return session.exec(
            select(Job).where(Job.order_id == order.id, Job.status != JobStatus.MOVED)
        ).one()


def fails(shop: Shop, printer_id: str | None) -> None:
    with shop.context.database.unit_of_work() as work:
        printer = work.session.get_one(Printer, printer_id)
        printer.condition, printer.detail = "error", "Nozzle is clogged."


def keep(page: Page, name: str) -> None:
    no_sideways_scroll(page)
    axe(page)
    shoot(page, f"promises-{name}")


def test_a_printer_fails_at_three_and_the_customer_chooses_in_time(
    open_page: OpenPage, url: str, shop: Shop
) -> None:
    phone = open_page(390, 844)
    order = ordered(shop, "furniture-foot", "anne@example.be")
    others = [ordered(shop, "drawer-runner-stop", f"{name}@example.be") for name in "bc"]
    address = f"{url}/orders/{order_token(shop.context.settings.secret(), order.id)}"
    first = job_of(shop, order)
    with shop.context.database.unit_of_work() as work:
        job = work.session.get_one(Job, first.id)
        job.printer_id = job.planned_printer_id
        drive_jobs(work.session, [job], JobStatus.PRINTING, shop.now)
        job.progress, job.last_heard_at = 0.3, shop.now
    phone.goto(f"{address}?lang=en")
    phone.get_by_text("How sure is that?").click()
    expect(phone.get_by_text("of 100 such promises are kept")).to_be_visible()
    keep(phone, "1-kept")

    # Three o'clock: the print comes off, and the printer with it.
    shop.pass_time(minutes=30)
    with shop.context.database.unit_of_work() as work:
        job = work.session.get_one(Job, first.id)
        move_job(
            work.session, job, JobStatus.FAILED, actor="agent:1", now=shop.now, reason="Clogged."
        )
    fails(shop, first.planned_printer_id)
    keep_promises(shop.context, shop.now)
    phone.reload()
    expect(phone.get_by_text("it is printed again").first).to_be_visible()
    keep(phone, "2-printed-again")

    # The other printer of the shop gives up as well: she is asked, and taps once.
    shop.pass_time(minutes=1)
    for printer_id in (shop.network.printers["huy 1"], shop.network.printers["huy 2"]):
        fails(shop, printer_id)
    keep_promises(shop.context, shop.now)
    phone.reload()
    expect(
        phone.get_by_role("heading", name="Would you rather collect it elsewhere?")
    ).to_be_visible()
    keep(phone, "3-asked")
    phone.get_by_role("button", name="Collect it there").click()
    expect(phone.get_by_text("Point 3D Namur").first).to_be_visible()
    expect(phone.get_by_text("As you agreed").first).to_be_visible()
    keep(phone, "4-moved")
    moved = job_of(shop, order)
    assert moved.point_id == shop.network.points["namur"]
    assert moved.due_at > shop.now
    assert others

    # The operator sees what was at risk, what was done, and replays the decision.
    desk = open_page(1280, 900)
    signed_in(shop, desk, url, Role.OPERATOR)
    desk.goto(f"{url}/operator/promises?lang=en")
    expect(desk.get_by_role("heading", name="At risk today")).to_be_visible()
    keep(desk, "5-at-risk")
    desk.get_by_role("link", name=order.number).click()
    expect(desk.get_by_text("replayed: the same answer").first).to_be_visible()
    keep(desk, "6-explained")


def test_the_timeline_shows_by_when_each_print_must_start(
    open_page: OpenPage, url: str, shop: Shop
) -> None:
    parts = ("furniture-foot", "drawer-runner-stop", "furniture-foot") * 2
    orders = [ordered(shop, part, f"buyer{number}@example.be") for number, part in enumerate(parts)]
    first = job_of(shop, orders[0])
    with shop.context.database.unit_of_work() as work:
        job = work.session.get_one(Job, first.id)
        job.printer_id = job.planned_printer_id
        drive_jobs(work.session, [job], JobStatus.PRINTING, shop.now)
        job.progress, job.last_heard_at = 0.3, shop.now
        plan_absence(
            work.session,
            point_id=job.point_id,
            printer_id=other_printer(work.session, job),
            starts_at=shop.now + timedelta(minutes=40),
            ends_at=shop.now + timedelta(minutes=100),
            reason="New nozzle",
            actor="staff:sam",
            now=shop.now,
        )
    for width, height in ((820, 1180), (390, 844), (1280, 900)):
        page = open_page(width, height)
        signed_in_once(shop, page, url, width)
        page.goto(f"{url}/counter/timeline?lang=en")
        expect(page.get_by_role("img", name="prints from 14:30 on")).to_be_visible()
        expect(page.get_by_text("is out from 15:10 to 16:10.")).to_be_visible()
        expect(page.get_by_role("table", name="Prints in their order")).to_be_visible()
        keep(page, f"timeline-{width}")


def test_staff_close_early_in_two_taps_and_take_it_back(
    open_page: OpenPage, url: str, shop: Shop
) -> None:
    order = ordered(shop, "furniture-foot", "anne@example.be")
    assert order.ready_promised_at > shop.now
    for width, height in ((820, 1180), (390, 844), (1280, 900)):
        page = open_page(width, height)
        signed_in_once(shop, page, url, width)
        page.goto(f"{url}/counter?lang=en")
        page.get_by_role("link", name="Today's hours").click()
        expect(page.get_by_text("Open until 18:30.")).to_be_visible()
        keep(page, f"hours-{width}")
        page.get_by_label("At what time").fill("15:00")
        page.get_by_role("button", name="See what it means").click()
        expect(page.get_by_text("1 order is promised for that time")).to_be_visible()
        keep(page, f"hours-asked-{width}")
        page.get_by_role("button", name="Yes, close early").click()
        expect(page.get_by_text("Closed from 15:00 to 18:30")).to_be_visible()
        keep(page, f"hours-said-{width}")
        phone = open_page(390, 844)
        phone.goto(f"{url}/orders/{order_token(shop.context.settings.secret(), order.id)}?lang=en")
        expect(phone.get_by_text("09:30–15:00")).to_be_attached()  # noqa: RUF001 - as it is written
        page.get_by_role("button", name="Take it back").click()
        expect(page.get_by_text("Taken back: open as usual.")).to_be_visible()


def other_printer(session: Session, job: Job) -> str:
    others = select(Printer.id).where(
        Printer.point_id == job.point_id, col(Printer.id) != job.printer_id
    )
    return session.exec(others.order_by(Printer.name)).first() or ""


def signed_in_once(shop: Shop, page: Page, url: str, number: int) -> None:
    with shop.context.database.unit_of_work() as work:
        account = add_account(
            work.session,
            email=f"staff{number}@example.be",
            name="Sam",
            role=Role.STAFF,
            now=shop.now,
            point_id=shop.network.points["huy"],
        )
        token = sign_in(work.session, account, shop.now)
    page.context.add_cookies([{"name": SIGN_IN_COOKIE, "value": token, "url": url}])


def test_a_missed_promise_is_admitted_with_its_voucher_and_counted(
    open_page: OpenPage, url: str, shop: Shop
) -> None:
    order = ordered(shop, "furniture-foot", "anne@example.be")
    shop.now = order.ready_promised_at + timedelta(minutes=5)
    compensate_missed(shop.context, shop.now)
    note_outcomes(shop.context, shop.now)
    phone = open_page(390, 844, dark=True)
    token = order_token(shop.context.settings.secret(), order.id)
    phone.goto(f"{url}/orders/{token}?lang=fr")
    expect(phone.get_by_text("Nous n'avons pas tenu notre promesse")).to_be_visible()
    keep(phone, "missed-fr")
    desk = open_page(1280, 900)
    signed_in(shop, desk, url, Role.OPERATOR)
    desk.goto(f"{url}/operator/promises?lang=fr")
    keep(desk, "calibration-fr")


def test_closures_stock_maintenance_and_levels_fit_a_phone_and_a_desk(
    open_page: OpenPage, url: str, shop: Shop
) -> None:
    order = ordered(shop, "furniture-foot", "anne@example.be")
    huy = shop.network.points["huy"]
    with shop.context.database.unit_of_work() as work:
        session = work.session
        [job] = session.exec(select(Job).where(Job.order_id == order.id))
        give_attempt(session, job, shop.now)
        drive_jobs(session, [job], JobStatus.PRINTED, shop.now)
        # As if another print had served the order: this one becomes stock.
        job.surplus_since = shop.now
        pass_check(session, point_id=huy, job_id=job.id, actor="staff:1", now=shop.now)
        add_spool(session, huy, SpoolDetails(material="ASA", grams=700), shop.now)
        plan_absence(
            session,
            point_id=huy,
            printer_id=shop.network.printers["huy 1"],
            starts_at=shop.now + timedelta(days=1),
            ends_at=shop.now + timedelta(days=1, hours=2),
            reason="New nozzle",
            actor="staff:1",
            now=shop.now,
        )
        close_points(
            session,
            [shop.network.points["namur"]],
            shop.now,
            shop.now + timedelta(hours=20),
            reason="Snow",
            actor="operator:1",
            now=shop.now,
        )
        outcomes = [
            Settled(PromiseOutcome(0.99, number > 9, huy, 10, "mk3s"), 0.99)
            for number in range(400)
        ]
        keep_learned(session, LearnedKind.MISSES, learn_misses(outcomes), 400, shop.now)
    printer = shop.network.printers["huy 1"]
    for width, height in ((390, 844), (1280, 900)):
        page = open_page(width, height)
        page.goto(f"{url}/parts/drawer-runner-stop?lang=en&postcode=4500")
        page.get_by_text("How sure is that?").click()
        expect(page.get_by_text("of 100 such promises are kept")).to_be_visible()
        keep(page, f"part-{width}")
        page.get_by_role("button", name="Order and collect here").click()
        expect(page.get_by_text("Held for you until")).to_be_visible()
        keep(page, f"checkout-{width}")
        signed_in_once(shop, page, url, width)
        page.goto(f"{url}/counter?lang=en")
        expect(page.get_by_text("In stock").first).to_be_visible()
        keep(page, f"stock-{width}")
        page.goto(f"{url}/counter/printers/{printer}?lang=en")
        expect(page.get_by_text("New nozzle").first).to_be_visible()
        page.get_by_text("Plan maintenance").click()
        keep(page, f"maintenance-{width}")
    for width, height in ((390, 844), (1280, 900)):
        desk = open_page(width, height)
        operator = f"operator{width}"
        with shop.context.database.unit_of_work() as work:
            account = add_account(
                work.session,
                email=f"{operator}@example.be",
                name="Olga",
                role=Role.OPERATOR,
                now=shop.now,
            )
            token = sign_in(work.session, account, shop.now)
        desk.context.add_cookies([{"name": SIGN_IN_COOKIE, "value": token, "url": url}])
        desk.goto(f"{url}/operator/closures?lang=en")
        expect(desk.get_by_text("Snow").first).to_be_visible()
        keep(desk, f"closures-{width}")
        desk.goto(f"{url}/operator/promises?lang=en")
        expect(desk.get_by_text("What promises are planned with")).to_be_visible()
        desk.get_by_text("How it went, day by day").first.click()
        keep(desk, f"levels-{width}")
