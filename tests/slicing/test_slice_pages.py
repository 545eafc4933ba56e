"""A revision's slices as its maintainer sees them: layers, failures, and trying again."""

import gzip
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from parts3d.accounts.tables import Role
from parts3d.catalogue.tables import Revision
from parts3d.db import Database
from parts3d.slicing.tables import Slice, SliceStatus
from parts3d.slicing.tasks import draw_layers
from tests.slicing.small_gcode import box_gcode
from tests.support.network import Network, settings_for
from tests.support.site import Site


@pytest.fixture
def site(sqlite_database: Database, tmp_path: Path, now: datetime) -> Site:
    return Site.open(
        sqlite_database,
        settings_for(tmp_path),
        tmp_path,
        now,
        "parts3d.catalogue.maintainer_pages",
        "parts3d.slicing.pages",
    )


@pytest.fixture
def mia(site: Site) -> TestClient:
    return site.signed_in(Role.MAINTAINER, name="Mia")


def add_revision(site: Site, *statuses: SliceStatus, failure: str = "It hung.") -> str:
    """A revision with one slice for each status: mk3s, then neptune4. Returns its address."""
    with site.context.database.unit_of_work() as work:
        network = Network(site.now)
        revision: Revision = network.add_part(work.session, print_seconds=None)
        revision.manifest = {"name": {"en": "Basket wheel", "fr": "Roulette"}}
        for model, status in zip(("mk3s", "neptune4"), statuses, strict=False):
            row = network.add_slice(work.session, revision, model, status=status)
            if status is SliceStatus.READY:
                row.gcode_sha256 = site.context.store.put(box_gcode())
            if status is SliceStatus.FAILED:
                row.failure = failure
        return f"/maintainer/revisions/{revision.id}"


def slices(site: Site) -> list[Slice]:
    with site.context.database.reading() as session:
        return list(session.exec(select(Slice).order_by(Slice.printer_model)))


def test_layers_are_drawn_when_they_are_first_asked_for(site: Site, mia: TestClient) -> None:
    url = add_revision(site, SliceStatus.READY)
    row = slices(site)[0]
    assert f'value="/maintainer/slices/{row.id}"' in mia.get(url).text
    asked = mia.get(f"/maintainer/slices/{row.id}/layers")
    assert asked.status_code == 202
    assert site.tasks.rung == [("slicing.draw", row.id)]
    assert mia.get(f"/maintainer/slices/{row.id}/first-layer.svg").status_code == 202
    draw_layers(site.context, row.id)
    drawn = mia.get(f"/maintainer/slices/{row.id}/layers")
    assert drawn.status_code == 200
    assert drawn.headers["content-encoding"] == "gzip"
    # The client unpacks what a browser would.
    assert drawn.content[:4] == b"P3DL"
    picture = mia.get(f"/maintainer/slices/{row.id}/first-layer.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert b"38.0" in picture.content  # the skirt's box
    stored = slices(site)[0].layers_sha256
    assert stored is not None
    assert gzip.decompress(site.context.store.read(stored)) == drawn.content


def test_layers_lost_from_the_store_are_drawn_again(site: Site, mia: TestClient) -> None:
    add_revision(site, SliceStatus.READY)
    row = slices(site)[0]
    draw_layers(site.context, row.id)
    for stored in (slices(site)[0].layers_sha256, slices(site)[0].first_layer_sha256):
        assert stored is not None
        site.context.store.path(stored).unlink()
    assert mia.get(f"/maintainer/slices/{row.id}/layers").status_code == 202
    draw_layers(site.context, row.id)
    assert mia.get(f"/maintainer/slices/{row.id}/layers").status_code == 200
    assert mia.get(f"/maintainer/slices/{row.id}/first-layer.svg").status_code == 200


def test_only_maintainers_see_layers_and_try_again(site: Site) -> None:
    url = add_revision(site, SliceStatus.READY, SliceStatus.FAILED)
    row = slices(site)[0]
    operator = site.signed_in(Role.OPERATOR)
    for address in (f"/maintainer/slices/{row.id}/layers", f"{url}/layers"):
        assert site.visitor().get(address).status_code == 401
        assert operator.get(address).status_code == 403
    refused = operator.post(f"{url}/slices/again", data={"slice_id": slices(site)[1].id})
    assert refused.status_code == 403
    assert slices(site)[1].status is SliceStatus.FAILED


def test_while_slices_wait_the_page_says_so_and_asks_again(site: Site, mia: TestClient) -> None:
    url = add_revision(site, SliceStatus.WAITING, SliceStatus.SLICING)
    words = mia.get(f"{url}/layers").text
    assert "as soon as the first slice is ready" in words
    assert 'hx-trigger="every 3s"' in words
    assert "<layer-viewer" not in words
    waiting = slices(site)[0]
    assert mia.get(f"/maintainer/slices/{waiting.id}/layers").status_code == 404


def test_when_every_slice_failed_no_layers_are_promised(site: Site, mia: TestClient) -> None:
    url = add_revision(site, SliceStatus.FAILED, SliceStatus.FAILED)
    words = mia.get(f"{url}/layers").text
    assert "No slice could be made" in words
    assert "hx-trigger" not in words


def test_a_failed_slice_is_a_finding_with_its_words_and_is_tried_again(
    site: Site, mia: TestClient
) -> None:
    url = add_revision(
        site, SliceStatus.FAILED, SliceStatus.FAILED, failure="The slicer was stopped after 180 s."
    )
    page = mia.get(url).text
    assert page.count("Not sliced for Elegoo Neptune 4, Prusa MK3S+") == 1
    assert "The slicer was stopped after 180 s." in page
    assert "Try again" in page
    both = [row.id for row in slices(site)]
    answer = mia.post(f"{url}/slices/again", data={"slice_id": both})
    assert answer.status_code == 303
    assert answer.headers["location"] == url
    rows = slices(site)
    assert {(row.status, row.priority, row.failure) for row in rows} == {
        (SliceStatus.WAITING, 0, None)
    }
    assert ("slicing.slice",) in site.tasks.rung
    assert "Not sliced for" not in mia.get(url).text


def test_trying_again_what_did_not_fail_is_refused_in_words(site: Site, mia: TestClient) -> None:
    url = add_revision(site, SliceStatus.READY)
    answer = mia.post(f"{url}/slices/again", data={"slice_id": slices(site)[0].id})
    assert answer.status_code == 409
    assert "has not failed" in answer.text
    gone = mia.post(f"{url}/slices/again", data={"slice_id": "gone"})
    assert gone.status_code == 404


def test_a_failure_while_an_earlier_slice_serves_says_so(site: Site, mia: TestClient) -> None:
    url = add_revision(site, SliceStatus.READY)
    with site.context.database.unit_of_work() as work:
        revision = work.session.exec(select(Revision)).one()
        newer = Network(site.now).add_slice(
            work.session, revision, "mk3s", status=SliceStatus.FAILED, engine_version="6"
        )
        newer.created_at = site.now + timedelta(hours=1)
    assert "The slice made before serves on." in mia.get(url).text
    assert "<layer-viewer" in mia.get(url).text


def test_what_an_earlier_engine_failed_at_is_history_once_a_newer_one_tries(
    site: Site, mia: TestClient
) -> None:
    url = add_revision(site, SliceStatus.FAILED)
    assert "Not sliced for" in mia.get(url).text
    with site.context.database.unit_of_work() as work:
        revision = work.session.exec(select(Revision)).one()
        newer = Network(site.now).add_slice(
            work.session, revision, "mk3s", status=SliceStatus.WAITING, engine_version="6"
        )
        newer.created_at = site.now + timedelta(hours=1)
    page = mia.get(url).text
    assert "Not sliced for" not in page
    assert page.count("<strong>Prusa MK3S+</strong>") == 1


def test_a_part_too_large_for_a_printer_model_is_no_fault_to_try_again(
    site: Site, mia: TestClient
) -> None:
    url = add_revision(
        site, SliceStatus.READY, SliceStatus.FAILED, failure="The part measures 240 mm."
    )
    with site.context.database.unit_of_work() as work:
        ready = work.session.exec(select(Slice).where(Slice.printer_model == "mk3s")).one()
        # The MK3S+ is 250 mm wide, the Neptune 4 225 mm.
        ready.part_x_mm, ready.part_y_mm, ready.part_z_mm = 240.0, 20.0, 5.0
    page = mia.get(url).text
    assert "Too large for Elegoo Neptune 4" in page
    assert "The part measures 240 mm." in page
    assert "/slices/again" not in page


def test_a_plate_stands_beside_the_single_part_in_the_choice(site: Site, mia: TestClient) -> None:
    url = add_revision(site, SliceStatus.READY)
    with site.context.database.unit_of_work() as work:
        revision = work.session.exec(select(Revision)).one()
        plate = Network(site.now).add_slice(
            work.session, revision, "mk3s", engine_version="5.0 plate"
        )
        plate.copies = 4
    words = mia.get(f"{url}/layers").text
    assert words.count("<option") == 2
    assert "Prusa MK3S+ · 4 copies" in words
