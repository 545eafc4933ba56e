"""Staff command prints, keep a book of spools, and see what cameras see."""

import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlmodel import select

from parts3d.accounts.tables import Agent, Role
from parts3d.db import Database
from parts3d.errors import Conflict, Invalid, TooLarge
from parts3d.jobs.commands import commands_for, expire_commands
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.pictures import forget_old_pictures, keep_picture, read_picture
from parts3d.jobs.printers import greet, hear_printers
from parts3d.jobs.tables import Attempt, PrinterCommand
from parts3d.jobs.versions import new_enough
from parts3d.points.spools import needed_mg
from parts3d.points.tables import Printer, Spool
from parts3d.units.service import pass_check
from printer_agents.protocol import AttemptRef, Hello, ReportKind
from tests.jobs.bench import Shop
from tests.support.site import Site

PART_MG = 12_000


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return Shop.open(sqlite_database, tmp_path, now)


@pytest.fixture
def staff(shop: Shop, tmp_path: Path) -> TestClient:
    site = Site.open(shop.database, shop.settings, tmp_path, shop.now, "parts3d.jobs.bench_pages")
    return site.signed_in(Role.STAFF, name="Sam", point_id=shop.network.points["huy"])


def printing(shop: Shop) -> AttemptRef:
    ref = shop.must_claim().ref
    shop.permit(ref)
    shop.tell(ref, ReportKind.PRINTING)
    return ref


def asked(shop: Shop, seconds: float = 0) -> list[str]:
    with shop.database.reading() as session:
        moment = shop.now + timedelta(seconds=seconds)
        return [one.verb.value for one in commands_for(session, shop.agent, moment)]


def test_a_pause_is_asked_answered_and_shown(shop: Shop, staff: TestClient) -> None:
    ref = printing(shop)
    for _ in range(2):  # pressed twice is asked once
        answer = staff.post(f"/counter/jobs/{ref.job_id}/command", data={"verb": "pause"})
        assert answer.status_code == 303
    assert asked(shop) == ["pause"]
    assert "has not answered yet" in staff.get(f"/counter/jobs/{ref.job_id}").text
    with shop.database.reading() as session:
        command_id = session.exec(select(PrinterCommand.id)).one()
    shop.tell(ref, ReportKind.OBEYED, command_id=command_id)
    assert asked(shop) == []
    assert "Pause: done." in staff.get(f"/counter/jobs/{ref.job_id}").text
    assert shop.job().status is JobStatus.PRINTING


def test_a_print_stopped_from_the_counter_says_so_and_can_be_printed_again(
    shop: Shop, staff: TestClient
) -> None:
    ref = printing(shop)
    staff.post(f"/counter/jobs/{ref.job_id}/command", data={"verb": "cancel"})
    with shop.database.reading() as session:
        command_id = session.exec(select(PrinterCommand.id)).one()
    shop.tell(ref, ReportKind.OBEYED, command_id=command_id)
    shop.tell(ref, ReportKind.CANCELLED, progress=0.5)
    job = shop.job()
    assert (job.status, job.reason) == (JobStatus.FAILED, "Stopped from the counter.")


def test_a_command_that_nobody_answers_is_over(shop: Shop, staff: TestClient) -> None:
    ref = printing(shop)
    staff.post(f"/counter/jobs/{ref.job_id}/command", data={"verb": "cancel"})
    assert asked(shop, seconds=61) == []
    with shop.database.unit_of_work() as work:
        assert len(expire_commands(work.session, shop.now + timedelta(seconds=61))) == 1
    assert "did not answer in time" in staff.get(f"/counter/jobs/{ref.job_id}").text


def test_a_job_that_is_not_printed_cannot_be_paused(shop: Shop, staff: TestClient) -> None:
    answer = staff.post(f"/counter/jobs/{shop.job().id}/command", data={"verb": "pause"})
    assert answer.status_code == 409
    assert "is not being printed" in answer.text


def load(shop: Shop, staff: TestClient, grams: int) -> Spool:
    answer = staff.post(
        f"/counter/printers/{shop.printer_id}/spools",
        data={"material": "PETG", "grams": str(grams), "name": "Prusament black", "lot": "L-77"},
    )
    assert answer.status_code == 303, answer.text
    with shop.database.reading() as session:
        return session.exec(select(Spool).order_by(Spool.created_at)).all()[-1]  # type: ignore[arg-type]


def left(shop: Shop, spool: Spool) -> int:
    with shop.database.reading() as session:
        return session.get_one(Spool, spool.id).left_mg


def test_a_print_takes_its_filament_and_its_part_remembers_the_lot(
    shop: Shop, staff: TestClient
) -> None:
    spool = load(shop, staff, 500)
    ref = printing(shop)
    assert left(shop, spool) == 500_000 - PART_MG
    shop.tell(ref, ReportKind.PRINTED, printed_seconds=600)
    assert left(shop, spool) == 500_000 - PART_MG
    with shop.database.unit_of_work() as work:
        (unit,) = pass_check(
            work.session,
            point_id=shop.network.points["huy"],
            job_id=ref.job_id,
            actor="staff:1",
            now=shop.now,
        )
    assert unit.trace["spool"]["lot"] == "L-77"
    assert "488 g of 500 g are left" in staff.get(f"/counter/printers/{shop.printer_id}").text


def test_what_a_failed_print_did_not_use_comes_back(shop: Shop, staff: TestClient) -> None:
    spool = load(shop, staff, 500)
    ref = printing(shop)
    shop.tell(ref, ReportKind.FAILED, progress=0.25)
    shop.tell(ref, ReportKind.FAILED, progress=0.25, seq=shop.seq)
    assert left(shop, spool) == 500_000 - PART_MG // 4
    with shop.database.reading() as session:
        assert session.exec(select(Attempt)).one().filament_mg == PART_MG // 4


def test_a_spool_with_too_little_left_gets_no_work(shop: Shop, staff: TestClient) -> None:
    spool = load(shop, staff, needed_mg(PART_MG) // 1000)
    assert shop.claim() is None
    staff.post(
        f"/counter/printers/{shop.printer_id}/spools/{spool.id}/weigh",
        data={"grams": str(needed_mg(PART_MG) // 1000 + 1)},
    )
    assert shop.claim() is not None


def test_a_spool_emptied_or_changed_since_the_lease_gets_no_permit(
    shop: Shop, staff: TestClient
) -> None:
    spool = load(shop, staff, 500)
    ref = shop.must_claim().ref
    with shop.database.unit_of_work() as work:
        work.session.get_one(Spool, spool.id).left_mg = 5_000
    with pytest.raises(Conflict, match="5 g are left"):
        shop.permit(ref)
    with shop.database.unit_of_work() as work:
        work.session.get_one(Printer, shop.printer_id).material = "PLA"
    with pytest.raises(Conflict, match="PLA loaded"):
        shop.permit(ref)
    assert shop.job().status is JobStatus.LEASED


def test_a_spool_is_not_changed_under_a_running_print(shop: Shop, staff: TestClient) -> None:
    load(shop, staff, 500)
    printing(shop)
    answer = staff.post(f"/counter/printers/{shop.printer_id}/spool", data={"spool_id": ""})
    assert answer.status_code == 409
    assert "Change the spool when it has ended" in answer.text


def test_an_older_agent_than_the_network_asks_for_is_told_from_one_that_is_new_enough() -> None:
    assert new_enough("0.10.0", "0.9.9")
    assert new_enough("1.0.0rc1", "1.0")
    assert not new_enough("0.9.9", "0.10.0")
    assert not new_enough(None, "0.1")
    assert new_enough(None, "")


def greeting(shop: Shop, **changes: object) -> None:
    hello = Hello.model_validate(
        {"agent_generation": 1, "version": "0.1.0", "printers": (), **changes}
    )
    with shop.database.unit_of_work() as work:
        greet(work.session, agent=shop.agent, hello=hello, now=shop.now)


def test_of_two_copies_of_a_card_only_the_one_that_spoke_first_goes_on(shop: Shop) -> None:
    one, two, three = "1" * 16, "2" * 16, "3" * 16
    greeting(shop, baton_next=one)
    greeting(shop, baton_held=one, baton_next=two)
    greeting(shop, baton_held=one, baton_next=two)  # its answer was lost
    with pytest.raises(Conflict, match="Another copy"):
        greeting(shop, baton_held=one, baton_next=three)
    greeting(shop, agent_generation=2, baton_next=three)  # its journal was moved away


def test_a_restored_old_journal_does_not_take_the_baton(shop: Shop) -> None:
    one, two = "1" * 16, "2" * 16
    greeting(shop, baton_next=one, last_event_seq=0)
    ref = printing(shop)
    with pytest.raises(Conflict, match="older journal"):
        greeting(shop, baton_held=one, baton_next=two, last_event_seq=0)
    greeting(shop, baton_held=one, baton_next=two, last_event_seq=shop.seq)
    assert ref.epoch == 1


def hear(shop: Shop, generation: int = 1, **changes: object) -> None:
    with shop.database.unit_of_work() as work:
        hear_printers(
            work.session,
            agent=shop.agent,
            generation=generation,
            reports=[shop.report_of(**changes)],
            now=shop.now,
        )


def test_the_button_at_the_printer_clears_a_bed_once_and_never_under_a_job(shop: Shop) -> None:
    hear(shop, starts=0)
    ref = printing(shop)
    hear(shop, starts=1, bed_confirmed=1)
    assert not shop.printer().bed_clear
    shop.tell(ref, ReportKind.PRINTED)
    hear(shop, starts=1, bed_confirmed=1)  # the same press again
    assert not shop.printer().bed_clear
    hear(shop, starts=1, bed_confirmed=2)
    assert shop.printer().bed_clear
    hear(shop, starts=2, bed_confirmed=2)  # somebody printed there since
    assert not shop.printer().bed_clear


def test_a_lost_journal_takes_the_word_on_every_bed_with_it(shop: Shop) -> None:
    greeting(shop)
    assert shop.printer().bed_clear
    greeting(shop, agent_generation=2)
    assert not shop.printer().bed_clear


def jpeg(width: int = 1600, height: int = 900) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "grey").save(written, "JPEG")
    return written.getvalue()


def test_a_picture_is_made_small_shown_and_forgotten(
    shop: Shop, staff: TestClient, tmp_path: Path
) -> None:
    from parts3d.store import FolderStore

    ref = printing(shop)
    picture = read_picture(jpeg())
    assert (picture.width, picture.height) == (960, 540)
    stored = FolderStore(tmp_path / "files").put(picture.jpeg)
    with shop.database.unit_of_work() as work:
        keep_picture(
            work.session,
            agent=work.session.get_one(Agent, shop.agent.id),
            printer_id=shop.printer_id,
            picture=picture,
            picture_sha256=stored,
            now=shop.now,
        )
    shown = staff.get(f"/counter/jobs/{ref.job_id}").text
    address = shown.split('src="/counter/pictures/')[1].split('"')[0]
    assert staff.get(f"/counter/pictures/{address}").content == picture.jpeg
    with shop.database.unit_of_work() as work:
        assert forget_old_pictures(work.session, shop.now - timedelta(days=1)) == []
        assert forget_old_pictures(work.session, shop.now + timedelta(days=1)) == [stored]
    assert staff.get(f"/counter/pictures/{address}").status_code == 404


def test_what_is_no_picture_is_refused_in_words() -> None:
    with pytest.raises(Invalid, match="no JPEG"):
        read_picture(b"\xff\xd8\xff" + b"x" * 100)
    with pytest.raises(TooLarge):
        read_picture(b"\xff" * 700_000)


def test_another_points_printer_is_not_there(staff: TestClient) -> None:
    assert staff.get("/counter/printers/nobodys").status_code == 404
