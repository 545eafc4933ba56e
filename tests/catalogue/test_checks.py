"""Uploads as their maintainers meet them: pages and API, with a child that really checks."""

import io
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlmodel import col, select

from parts3d.accounts.tables import Role
from parts3d.catalogue.tables import ModelCheck, Revision
from parts3d.catalogue.tasks import examine_upload
from parts3d.db import Database
from parts3d.meshes.orient import write_stl
from tests.catalogue.test_maintainer_pages import MODEL, WORDS
from tests.meshes.solids import Triangles, box, mesh, together, without
from tests.support.network import settings_for
from tests.support.site import Site

HOLED = without(box(), 0)
# One inch, half an inch, a fifth: nobody sells a part of one millimetre.
IN_INCHES = box((1, 0.5, 0.2))


def stl(triangles: Triangles) -> bytes:
    return write_stl(mesh(triangles))


def obj(triangles: Triangles) -> bytes:
    corners = "".join(f"v {x} {y} {z}\n" for x, y, z in triangles.reshape(-1, 3))
    facets = (f"f {first} {first + 1} {first + 2}\n" for first in range(1, 3 * len(triangles), 3))
    return (corners + "".join(facets)).encode()


@pytest.fixture
def site(sqlite_database: Database, tmp_path: Path, now: datetime) -> Site:
    settings = settings_for(tmp_path, max_upload_bytes=1_000_000)
    modules = ("parts3d.catalogue.checks_api", "parts3d.catalogue.maintainer_pages")
    return Site.open(sqlite_database, settings, tmp_path, now, *modules)


@pytest.fixture
def mia(site: Site) -> TestClient:
    return site.signed_in(Role.MAINTAINER, name="Mia")


def upload(
    site: Site, browser: TestClient, data: bytes = MODEL, name: str = "clip.stl", **typed: str
) -> str:
    """Upload a model and let the worker check it; returns the check's address."""
    answer = browser.post("/maintainer/checks", files={"model": (name, data)}, data=typed)
    assert answer.status_code == 303, answer.text
    return checked(site, str(answer.headers["location"]))


def checked(site: Site, url: str) -> str:
    task, check_id = site.tasks.rung[-1]
    assert task == "catalogue.examine"
    assert url.endswith(check_id)
    examine_upload(site.context, check_id)
    return url


def sizes_on(page: str) -> list[str]:
    """Return the three sides that a page shows, as it writes them."""
    said = page.split("<dt>Size</dt><dd>")[1].split(" mm", maxsplit=1)[0]
    return re.findall(r"[0-9.,]+", said)


def last(site: Site) -> ModelCheck:
    with site.context.database.reading() as session:
        newest = select(ModelCheck).order_by(col(ModelCheck.created_at).desc())
        return session.exec(newest).all()[-1]


def files_of(site: Site, url: str) -> dict[str, str]:
    with site.context.database.reading() as session:
        return session.get_one(ModelCheck, url.rsplit("/", 1)[1]).files


def test_only_maintainers_see_checks_and_their_files(site: Site, mia: TestClient) -> None:
    url = upload(site, mia)
    api = url.replace("/maintainer", "/api/v1")
    staff = site.signed_in(Role.OPERATOR)
    for path in (url, f"{url}/state", f"{url}/files/picture.png", api, f"{api}/files/picture.png"):
        assert site.visitor().get(path).status_code == 401, path
        assert staff.get(path).status_code == 403, path
    for path in ("/maintainer/checks", "/api/v1/checks", f"{url}/again", f"{url}/repaired"):
        assert staff.post(path, files={"model": ("a.stl", MODEL)}).status_code == 403, path


def test_a_check_shows_its_steps_until_the_worker_has_made_it(site: Site, mia: TestClient) -> None:
    answer = mia.post("/maintainer/checks", files={"model": ("clip.stl", MODEL)})
    url = str(answer.headers["location"])
    waiting = mia.get(url).text
    assert "It waits for its check" in waiting
    assert 'hx-trigger="every 1s"' in waiting
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in waiting
    assert "Looking for thin walls" in waiting
    checked(site, url)
    fragment = mia.get(f"{url}/state").text
    assert "It prints" in fragment
    assert 'hx-trigger="every' not in fragment
    assert "<html" not in fragment


def test_a_sound_model_shows_its_measures_and_orientations_with_pictures(
    site: Site, mia: TestClient
) -> None:
    url = upload(site, mia, load_direction="0, 0, 1")
    page = mia.get(url).text
    assert sizes_on(page) == ["32.7", "13.4", "14"]
    assert page.count('name="pose"') >= 3
    assert page.count(" checked>") == 1
    assert "layers" in page.lower()
    picture = mia.get(f"{url}/files/pose-0.png")
    assert picture.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert Image.open(io.BytesIO(picture.content)).size == (320, 320)
    assert mia.get(f"{url}/files/secret.key").status_code == 404
    assert mia.get("/maintainer/checks/nothing").status_code == 404
    assert "clip.stl" in mia.get("/maintainer/upload").text


def test_findings_are_told_in_the_readers_language_with_their_places_marked(
    site: Site, mia: TestClient
) -> None:
    url = upload(site, mia, stl(HOLED), "holed.stl")
    page = mia.get(url).text
    assert "3 edges have a facet on one side only" in page
    assert f'src="{url}/files/finding-open_edges.png"' in page
    assert Image.open(io.BytesIO(mia.get(f"{url}/files/finding-open_edges.png").content)).size
    french = mia.get(f"{url}?lang=fr").text
    assert "Position sur le plateau" in french
    assert "have a facet on one side only" not in french


def test_a_repair_is_offered_and_makes_a_new_file_while_the_original_is_kept(
    site: Site, mia: TestClient
) -> None:
    url = upload(site, mia, stl(HOLED), "holed.stl")
    page = mia.get(url).text
    assert "A repair is offered" in page
    assert "Use the repaired file" in page
    assert mia.get(f"{url}/files/before-after.png").status_code == 200
    assert mia.get(f"{url}/files/repaired.stl").headers["content-type"] == "model/stl"
    answer = mia.post(f"{url}/repaired")
    mended = checked(site, str(answer.headers["location"]))
    assert mended != url
    page = mia.get(mended).text
    assert "holed-repaired.stl" in page
    assert f'href="{url}"' in page
    assert "A repair is offered" not in page
    with site.context.database.reading() as session:
        rows = {row.file_name: row for row in session.exec(select(ModelCheck)).all()}
    assert site.context.store.read(rows["holed.stl"].model_sha256) == stl(HOLED)
    assert rows["holed-repaired.stl"].model_sha256 == files_of(site, url)["repaired.stl"]


def test_a_repair_that_nobody_offered_cannot_be_taken(site: Site, mia: TestClient) -> None:
    assert mia.post(f"{upload(site, mia)}/repaired").status_code == 409


def test_a_doubtful_unit_is_asked_for_and_never_guessed(site: Site, mia: TestClient) -> None:
    url = upload(site, mia, stl(IN_INCHES), "inches.stl")
    page = mia.get(url).text
    assert "Is it in inches?" in page
    answer = mia.post(f"{url}/again", data={"unit": "inch", "material": "PETG"})
    again = checked(site, str(answer.headers["location"]))
    page = mia.get(again).text
    assert sizes_on(page) == ["25.4", "12.7", "5.1"]
    assert "Is it in inches?" not in page
    certain = upload(site, mia, stl(IN_INCHES), "inches.stl", unit="mm")
    assert "Is it in inches?" not in mia.get(certain).text


@pytest.mark.parametrize(
    ("data", "typed", "status", "field"),
    [
        (b"", {}, 422, "model"),
        (bytes(1_000_001), {}, 413, "model"),
        (MODEL, {"unit": "furlong"}, 422, "unit"),
        (MODEL, {"material": "cheese"}, 422, "material"),
        (MODEL, {"load_direction": "0, 0, 0"}, 422, "load_direction"),
    ],
)
def test_a_fault_of_the_form_stands_at_its_field_and_asks_for_no_check(
    site: Site, mia: TestClient, data: bytes, typed: dict[str, str], status: int, field: str
) -> None:
    answer = mia.post("/maintainer/checks", files={"model": ("a.stl", data)}, data=typed)
    assert answer.status_code == status
    assert f'id="field-{field}-error"' in answer.text
    assert site.tasks.rung == []


def test_a_file_that_cannot_be_read_says_why_and_where(site: Site, mia: TestClient) -> None:
    url = upload(site, mia, bytes(80) + b"\xff\xff\xff\xff" + bytes(1000), "cut.stl")
    page = mia.get(url).text
    assert "This file cannot be read" in page
    assert "Place: " in page
    assert "Upload another file" in page
    assert mia.get(f"/maintainer/upload/part?check={url.rsplit('/', 1)[1]}").status_code == 409


def test_a_checked_model_becomes_a_revision_with_the_chosen_orientation_and_its_pictures(
    site: Site, mia: TestClient
) -> None:
    url = upload(site, mia, stl(box((60, 40, 0.3))), "plate.stl", material="ASA")
    check_id = url.rsplit("/", 1)[1]
    turn = last(site).examination["poses"][1]["orientation_deg"]  # type: ignore[index]
    form = mia.get(f"/maintainer/upload/part?check={check_id}&pose=1").text
    assert f'name="check" value="{check_id}"' in form
    assert "plate.stl" in form
    assert '<option value="ASA" selected>' in form
    for axis, degrees in zip("xyz", turn, strict=True):
        assert f'name="turn_{axis}" type="text" value="{degrees:g}"' in form
    turned = {f"turn_{axis}": f"{degrees:g}" for axis, degrees in zip("xyz", turn, strict=True)}
    words = WORDS | turned | {"check": check_id, "material": "ASA", "load_direction": "0, 0, 1"}
    answer = mia.post("/maintainer/upload", data={**words, "slug": "Not A Slug"})
    assert answer.status_code == 422
    assert f'name="check" value="{check_id}"' in answer.text
    answer = mia.post("/maintainer/upload", data=words)
    assert answer.status_code == 303, answer.text
    with site.context.database.reading() as session:
        row = session.exec(select(Revision)).one()
    assert row.model_check_id == check_id
    assert row.model_sha256 == last(site).model_sha256
    assert row.recipe["orientation_deg"] == pytest.approx(turn, abs=1e-3)
    assert row.manifest["limits"]["load_direction"] == [0, 0, 1]
    page = mia.get(str(answer.headers["location"])).text
    assert f"{url}/files/finding-" in page
    assert "The whole check of its file" in page


def test_an_obj_is_kept_as_it_came_and_sold_as_an_stl_of_ours(site: Site, mia: TestClient) -> None:
    url = upload(site, mia, obj(box()), "box.obj")
    check = last(site)
    assert site.context.store.read(check.model_sha256) == obj(box())
    answer = mia.post("/maintainer/upload", data=WORDS | {"check": url.rsplit("/", 1)[1]})
    assert answer.status_code == 303, answer.text
    with site.context.database.reading() as session:
        row = session.exec(select(Revision)).one()
    assert row.model_sha256 == check.stl_sha256 != check.model_sha256
    assert row.check_result["format"] == "obj"
    assert mia.get(f"{answer.headers['location']}/model.glb").content[:4] == b"glTF"


def test_another_material_than_that_of_the_check_is_checked_for_itself(
    site: Site, mia: TestClient
) -> None:
    url = upload(site, mia, stl(box((60, 40, 1.0))), "plate.stl", material="PETG")
    words = WORDS | {"check": url.rsplit("/", 1)[1], "material": "TPU"}
    answer = mia.post("/maintainer/upload", data=words)
    page = mia.get(str(answer.headers["location"])).text
    with site.context.database.reading() as session:
        row = session.exec(select(Revision)).one()
    assert row.recipe["material"] == "TPU"
    assert row.check_result["elapsed_ms"] != last(site).examination["report"]["elapsed_ms"]  # type: ignore[index]
    assert "/files/finding-" not in page


def test_a_program_asks_follows_and_reads_a_check(site: Site, mia: TestClient) -> None:
    asked = mia.post(
        "/api/v1/checks",
        files={"model": ("holed.stl", stl(HOLED))},
        data={"unit": "mm", "material": "PLA", "load_direction": "1 0 0"},
    )
    assert asked.status_code == 202
    href = asked.json()["href"]
    assert asked.headers["location"] == href
    waiting = mia.get(href).json()
    assert (waiting["status"], waiting["report"], waiting["poses"]) == ("queued", None, [])
    checked(site, href)
    done: dict[str, Any] = mia.get(href).json()
    assert done["status"] == "done"
    assert (done["unit"], done["material"], done["load_direction"]) == ("mm", "PLA", [1, 0, 0])
    assert done["report"]["verdict"] == "repairable"
    finding = next(one for one in done["report"]["findings"] if one["code"] == "open_edges")
    assert (finding["severity"], finding["count"]) == ("blocks", 3)
    assert "params" not in finding
    assert done["repair"]["report"]["watertight"] is True
    assert mia.get(done["files"]["repaired.stl"]).content[80:84] != b""
    events = mia.get(f"{href}/events").text
    steps = [line.removeprefix("data: ") for line in events.splitlines() if "data: " in line]
    assert json.loads(steps[-1]) == {"status": "done", "stage": None}
    refused = mia.post("/api/v1/checks", files={"model": ("a.stl", b"")})
    assert (refused.status_code, refused.json()["place"]) == (422, "model")
    assert mia.get("/api/v1/checks/nothing").status_code == 404


def test_a_small_part_whose_walls_would_vanish_is_asked_about_too(
    site: Site, mia: TestClient
) -> None:
    # A lid of an eighth of an inch and less: 0.1 mm thin, if these were millimetres.
    lid = together(box((7, 4, 0.1)), box((0.1, 4, 3), (0, 0, 0.1)))
    page = mia.get(upload(site, mia, stl(lid), "lid.stl")).text
    assert "Is it in inches?" in page
    assert "177.8" in page
    said = mia.get(upload(site, mia, stl(lid), "lid.stl", unit="mm")).text
    assert "Is it in inches?" not in said


def test_bodies_that_touch_along_a_line_are_closed_and_one_with_a_hole_is_not(
    site: Site, mia: TestClient
) -> None:
    touching = together(box(), box(at=(20, 30, 0)))
    assert "<dt>Closed</dt><dd>yes</dd>" in mia.get(upload(site, mia, stl(touching))).text
    holed = mia.get(upload(site, mia, stl(HOLED))).text
    assert "<dt>Closed</dt><dd>no</dd>" in holed
    # Its volume depends on how the hole would be closed.
    assert "about " in holed.split("<dt>Volume</dt><dd>")[1].split("</dd>")[0]
