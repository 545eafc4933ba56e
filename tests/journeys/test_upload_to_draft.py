"""A maintainer's way from a file to a draft in a real browser; the checks are real ones."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

import pytest
import uvicorn
from playwright.sync_api import FilePayload, Page, expect

from parts3d.accounts.service import add_account
from parts3d.accounts.tables import Role
from parts3d.app import create_app
from parts3d.bell import Bell
from parts3d.catalogue.examining import examine_check, examine_in_child
from parts3d.context import Context
from parts3d.db import Database
from parts3d.meshes.examination import Examination, ExaminationOrders
from parts3d.meshes.isolation.sandbox import ChildResult
from parts3d.meshes.orient import write_stl
from parts3d.store import FolderStore
from tests.browser.checks import axe, no_sideways_scroll, shoot
from tests.browser.conftest import PHONE, OpenPage
from tests.meshes.solids import Triangles, box, mesh, without
from tests.support.network import settings_for

PATIENCE_MS = 20_000
BEDS = ((250.0, 210.0, 210.0),)
# A box with a facet missing: it is not closed, and a repair closes it.
BROKEN = without(box((40, 30, 20)), 2)
# One inch, half an inch, a fifth of an inch.
IN_INCHES = box((1, 0.5, 0.2))
LANGUAGES = ("fr", "nl", "de", "en")


@dataclass
class Worker:
    """Makes the checks that are rung for, one after the other, in real children.

    With ``gate`` cleared, a check stands still after its first stage, so that a page can be
    watched that would else be gone in a second.
    """

    gate: threading.Event = field(default_factory=threading.Event)
    rung: SimpleQueue[str | None] = field(default_factory=SimpleQueue)

    def ring_task(self, name: str, *args: str | int) -> None:
        if name == "catalogue.examine":
            self.rung.put(str(args[0]))

    def work(self, context: Context) -> None:
        """Work until it is told to stop by a None."""
        while (check_id := self.rung.get()) is not None:
            examine_check(
                context,
                check_id,
                clock=lambda: datetime.now(UTC),
                beds_mm=BEDS,
                examine=self._examine,
            )

    def _examine(
        self, data: bytes, orders: ExaminationOrders, *, on_stage: Callable[[str], None]
    ) -> ChildResult[Examination]:
        on_stage("reading")
        assert self.gate.wait(timeout=60), "nobody opened the gate"
        return examine_in_child(data, orders, on_stage=on_stage)


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def url(sqlite_database: Database, tmp_path: Path, worker: Worker) -> Iterator[str]:
    """Serve the pages, with a maintainer to sign in as and a worker beside."""
    context = Context(
        settings=settings_for(tmp_path, demo=True),
        database=sqlite_database,
        store=FolderStore(tmp_path / "files"),
        bell=Bell(None),
        tasks=worker,
    )
    with sqlite_database.unit_of_work() as work:
        add_account(
            work.session,
            email="mia@example.be",
            name="Mia",
            role=Role.MAINTAINER,
            now=datetime.now(UTC),
        )
    app = create_app(context, lambda: datetime.now(UTC))
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1)
    )
    serving = threading.Thread(target=server.run)
    working = threading.Thread(target=worker.work, args=(context,))
    serving.start()
    working.start()
    ready = threading.Event()
    while not server.started:
        ready.wait(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    worker.gate.set()
    worker.rung.put(None)
    server.should_exit = True
    working.join()
    serving.join()


def keep(page: Page, name: str) -> None:
    """Keep a picture of the page, and hold it to what every page is held to."""
    no_sideways_scroll(page)
    axe(page)
    shoot(page, f"upload-{name}")


def stl(name: str, triangles: Triangles) -> FilePayload:
    return {"name": name, "mimeType": "model/stl", "buffer": write_stl(mesh(triangles))}


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/demo/login/maintainer")
    page.goto(f"{url}/maintainer/upload?lang=en")


def upload(page: Page, payload: FilePayload) -> None:
    page.get_by_label("Model file").set_input_files(payload)
    page.get_by_role("button", name="Upload and check").press("Enter")
    page.wait_for_url(re.compile("/maintainer/checks/"))


def all_pictures_are_there(page: Page) -> None:
    """Assert that every picture came, also those further down that are only fetched in sight."""
    for picture in page.locator("main img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", value=True)
        assert picture.evaluate("(img) => img.naturalWidth") > 0
    page.evaluate("scrollTo(0, 0)")


@pytest.mark.timeout(120)
def test_a_broken_file_is_repaired_laid_down_by_keyboard_and_becomes_a_draft(
    open_page: OpenPage, url: str, worker: Worker
) -> None:
    page = open_page(*PHONE)
    sign_in(page, url)
    keep(page, "1-choose")
    upload(page, stl("halter für schlauch (rev 3) endgültig.stl", BROKEN))
    stage = page.locator("[aria-current=step]")
    expect(stage).to_contain_text("Reading the file")
    keep(page, "2-stages")
    worker.gate.set()

    # Nobody reloads: the page follows by itself.
    expect(page.get_by_text("It does not print as it is")).to_be_visible(timeout=PATIENCE_MS)
    hole = page.locator(".finding", has_text="edges").first
    expect(hole).to_be_visible()
    all_pictures_are_there(page)
    keep(page, "3-findings")
    enlarge(page)

    page.get_by_role("button", name="Use the repaired file").press("Enter")
    expect(page.get_by_text("It prints")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("link", name="The original and its check are kept")).to_be_visible()
    all_pictures_are_there(page)
    keep(page, "4-repaired")
    choose_the_second_orientation(page)
    describe(page)
    expect(page.get_by_text("The part is a draft now")).to_be_visible()
    keep(page, "6-draft")


def enlarge(page: Page) -> None:
    """Make a finding's picture large and small again, by keyboard."""
    picture = page.locator(".finding .enlarge").first
    small = picture.bounding_box()
    picture.locator("summary").press("Enter")
    large = picture.bounding_box()
    assert small
    assert large
    assert large["width"] > 1.25 * small["width"]
    no_sideways_scroll(page)
    shoot(page, "upload-3b-enlarged")
    picture.locator("summary").press("Enter")


def choose_the_second_orientation(page: Page) -> None:
    """Go to the orientations with the tabulator, and on with an arrow."""
    orientations = page.get_by_role("radiogroup", name="How it lies on the bed").get_by_role(
        "radio"
    )
    expect(orientations.first).to_be_checked()
    page.locator("h1").click()
    for _ in range(60):
        page.keyboard.press("Tab")
        if orientations.first.evaluate("(radio) => radio === document.activeElement"):
            break
    expect(orientations.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(orientations.nth(1)).to_be_checked()
    shoot(page, "upload-4b-second-orientation")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Continue: describe the part")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("pose=1"))


def describe(page: Page) -> None:
    """Fill in the form; the recipe has the chosen orientation already."""
    turns = [page.get_by_label(name) for name in ("Turn about x", "about y", "about z")]
    assert {turn.last.input_value() for turn in turns} != {"0"}
    keep(page, "5-form")
    page.locator("[name=category]").fill("fridge")
    page.locator("[name=slug]").fill("hose-holder")
    for language in LANGUAGES:
        page.locator(f"[name=name_{language}]").fill(f"Hose holder ({language})")
        page.locator(f"[name=description_{language}]").fill(f"Holds a hose ({language}).")
        page.locator(f"[name=load_{language}]").fill(f"Up to 5 kg ({language}).")
    page.locator("[name=fits]").fill("fridge; Bosch; KGN3*; 00611475")
    page.locator("[name=safety_class]").select_option("S1")
    page.locator("[name=safety_reason]").fill("Nothing happens when it breaks.")
    page.locator("[name=manufacturer_name]").fill("Parts 3D")
    page.locator("[name=manufacturer_address]").fill("Rue de l'Exemple 1, 4500 Huy, Belgium")
    page.locator("[name=manufacturer_email]").fill("safety@example.be")
    page.get_by_role("button", name="Store the draft").press("Enter")


@pytest.mark.timeout(120)
def test_a_file_in_inches_is_asked_about_and_checked_again_in_inches(
    open_page: OpenPage, url: str, worker: Worker
) -> None:
    worker.gate.set()
    page = open_page(*PHONE)
    sign_in(page, url)
    upload(page, stl("knob.stl", IN_INCHES))
    expect(page.get_by_role("heading", name="Is it in inches?")).to_be_visible(timeout=PATIENCE_MS)
    keep(page, "inches-1-asked")
    page.get_by_role("button", name="Yes, in inches").press("Enter")
    size = page.get_by_text(re.compile(r"25[.,]4 . 12[.,]7 . 5[.,]1 mm")).first
    expect(size).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", name="Is it in inches?")).to_have_count(0)
    keep(page, "inches-2-converted")


@pytest.mark.timeout(120)
def test_a_text_that_calls_itself_a_model_is_refused_in_words_with_a_way_on(
    open_page: OpenPage, url: str, worker: Worker
) -> None:
    worker.gate.set()
    page = open_page(*PHONE)
    sign_in(page, url)
    letter = b"Dear maintainer,\nplease print me the knob of our oven.\n" * 4
    upload(page, {"name": "knob.stl", "mimeType": "model/stl", "buffer": letter})
    expect(page.get_by_text("This file cannot be read")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("This is a text and no model. Export the model as STL")).to_be_visible()
    keep(page, "refused")
    page.get_by_role("link", name="Upload another file").press("Enter")
    expect(page.get_by_label("Model file")).to_be_visible()
    expect(page.get_by_role("link", name="knob.stl")).to_be_visible()
    keep(page, "refused-2-listed")
