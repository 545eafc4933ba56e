"""Uploading and approving parts, as maintainers do it."""

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlmodel import select

from parts3d.accounts.tables import Role
from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.tables import Part, Revision
from parts3d.catalogue.tasks import render_picture, ring_for_pictures
from parts3d.catalogue.upload_form import field_of, fits_of
from parts3d.db import Database
from parts3d.slicing.tables import Slice, SliceStatus
from tests.support.network import settings_for
from tests.support.site import Site

PART = Path(__file__).parents[2] / "catalogue" / "fridge" / "fridge-shelf-clip"
MODEL = (PART / "model.stl").read_bytes()
LANGUAGES = ("fr", "nl", "de", "en")
WORDS = {
    "slug": "test-clip",
    "category": "fridge",
    **{f"name_{language}": f"Clip {language}" for language in LANGUAGES},
    **{f"description_{language}": f"Holds a shelf ({language})." for language in LANGUAGES},
    **{f"load_{language}": f"Up to 5 kg ({language})." for language in LANGUAGES},
    "fits": "fridge; Bosch; KGN3*, KGV3*; 00611475\nfridge; Beko; RCNA4*",
    "material": "PETG",
    "layer_height_mm": "0,2",
    "safety_class": "S1",
    "safety_reason": "Nothing happens when it breaks.",
    "author": "Mia",
    "manufacturer_name": "Parts 3D",
    "manufacturer_address": "Rue de l'Exemple 1, 4500 Huy, Belgium",
    "manufacturer_email": "safety@example.be",
}


@pytest.fixture
def site(sqlite_database: Database, tmp_path: Path, now: datetime) -> Site:
    settings = settings_for(tmp_path, max_upload_bytes=1_000_000)
    return Site.open(sqlite_database, settings, tmp_path, now, "parts3d.catalogue.maintainer_pages")


@pytest.fixture
def mia(site: Site) -> TestClient:
    return site.signed_in(Role.MAINTAINER, name="Mia")


@pytest.fixture
def noor(site: Site) -> TestClient:
    return site.signed_in(Role.MAINTAINER, name="Noor")


def upload(
    browser: TestClient, *, model: bytes = MODEL, manifest: bytes | None = None, **words: str
) -> str:
    """Upload the clip; returns the address of its page."""
    answer = send(browser, model=model, manifest=manifest, **words)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def send(browser: TestClient, *, model: bytes, manifest: bytes | None = None, **words: str):  # type: ignore[no-untyped-def] # noqa: ANN201 - httpx's response
    files = {"model": ("clip.stl", model)} if model else {}
    if manifest is not None:
        files["manifest"] = ("part.toml", manifest)
    return browser.post("/maintainer/upload", data=WORDS | words, files=files or None)


def revision(site: Site) -> Revision:
    with site.context.database.reading() as session:
        row = session.exec(select(Revision).order_by(Revision.number.desc())).first()  # type: ignore[attr-defined]
        assert row is not None
        session.expunge(row)
        return row


def nothing_is_stored(site: Site) -> bool:
    with site.context.database.reading() as session:
        rows = session.exec(select(Part)).first() or session.exec(select(Revision)).first()
    files = [
        path for path in site.context.settings.data_dir.glob("files/??/**/*") if path.is_file()
    ]
    return rows is None and not files


def test_only_maintainers_pass(site: Site) -> None:
    operator = site.signed_in(Role.OPERATOR)
    for path in ("/maintainer", "/maintainer/upload"):
        assert site.visitor().get(path).status_code == 401
        assert operator.get(path).status_code == 403
    assert send(operator, model=MODEL).status_code == 403
    assert nothing_is_stored(site)


def test_an_empty_catalogue_says_how_to_begin(mia: TestClient) -> None:
    assert "Upload the first part" in mia.get("/maintainer").text


def test_an_upload_becomes_a_draft_with_findings_and_the_measured_box(
    site: Site, mia: TestClient
) -> None:
    url = upload(mia)
    row = revision(site)
    assert (row.status, row.number) == (RevisionStatus.DRAFT, 1)
    assert row.check_result["verdict"] in {"printable", "printable_with_warnings"}
    assert row.manifest["dimensions_mm"] == {
        axis: round(size, 2)
        for axis, size in zip("xyz", row.check_result["bounds_mm"], strict=True)
    }
    assert row.manifest["fits"][0]["models"] == ["KGN3*", "KGV3*"]
    assert row.recipe["layer_height_mm"] == 0.2
    page = mia.get(url).text
    assert "The part is a draft now." in page
    assert "What the check found" in page
    assert "Clip en" in mia.get("/maintainer").text


def test_a_second_maintainer_approves_and_the_slicer_is_rung(
    site: Site, mia: TestClient, noor: TestClient
) -> None:
    url = upload(mia)
    assert mia.post(f"{url}/submit").status_code == 303
    assert "1 part waits for your approval" in noor.get("/maintainer").text
    assert "waits for your approval" not in mia.get("/maintainer").text
    assert noor.post(f"{url}/approve").status_code == 303
    assert ("slicing.wish",) in site.tasks.rung
    assert revision(site).status is RevisionStatus.APPROVED
    page = noor.get(url).text
    assert "The slicer is being asked" in page
    assert 'hx-trigger="every 3s"' in page


def test_the_same_person_cannot_approve_and_is_told_why(site: Site, mia: TestClient) -> None:
    url = upload(mia)
    mia.post(f"{url}/submit")
    refused = mia.post(f"{url}/approve")
    assert refused.status_code == 403
    assert "Somebody else must approve this: you uploaded it yourself." in refused.text
    assert revision(site).status is RevisionStatus.SUBMITTED
    assert site.tasks.rung == [("catalogue.render", revision(site).id)]


@pytest.mark.parametrize(
    ("model", "status", "sentence"),
    [
        (b"", 422, "Choose the model&#39;s STL file."),
        (b"MZ\x90\x00" + bytes(500), 422, "field-model-error"),
        (b"solid x\nfacet normal nan nan nan\n" * 40, 422, "field-model-error"),
        (bytes(80) + b"\xff\xff\xff\xff" + bytes(1000), 422, "field-model-error"),
        (bytes(1_000_001), 413, "at most 1 MB are taken"),
    ],
)
def test_a_hostile_file_gives_a_sentence_and_nothing_is_stored(
    site: Site, mia: TestClient, model: bytes, status: int, sentence: str
) -> None:
    answer = send(mia, model=model)
    assert answer.status_code == status
    assert sentence in answer.text
    assert 'value="Clip en"' in answer.text
    assert nothing_is_stored(site)


def test_faults_stand_at_their_fields_and_the_model_need_not_be_chosen_again(
    site: Site, mia: TestClient
) -> None:
    answer = send(mia, model=MODEL, slug="Not A Slug", name_nl="", wall_count="many")
    assert answer.status_code == 422
    for field in ("slug", "name_nl", "wall_count"):
        assert f'id="field-{field}-error"' in answer.text
    assert "Your model was read and is kept." in answer.text
    kept = answer.text.split('name="kept_model" value="')[1].split('"')[0]
    assert send(mia, model=b"", kept_model=kept).status_code == 303
    assert revision(site).model_sha256 == kept


def test_a_kept_model_that_is_no_model_is_refused(site: Site, mia: TestClient) -> None:
    other = site.context.store.put(b"G28 ; a print, not a model")
    assert send(mia, model=b"", kept_model=other).status_code == 422
    assert send(mia, model=b"", kept_model="../../secret.key").status_code == 422


def test_a_material_that_goes_soft_is_refused_at_the_temperature(mia: TestClient) -> None:
    answer = send(mia, model=MODEL, material="PLA", safety_class="S0", max_temperature_c="90")
    assert answer.status_code == 422
    assert "PLA softens at" in answer.text
    assert 'id="field-max_temperature_c-error"' in answer.text


def test_a_ready_manifest_takes_the_place_of_the_fields(site: Site, mia: TestClient) -> None:
    upload(mia, manifest=(PART / "part.toml").read_bytes(), slug="", name_fr="")
    assert revision(site).manifest["slug"] == "fridge-shelf-clip"


def test_a_faulty_manifest_is_told_by_line_and_stores_no_part(site: Site, mia: TestClient) -> None:
    text = (PART / "part.toml").read_text().replace("[recipe]", "[recipe]\ncolour = 1")
    answer = send(mia, model=MODEL, manifest=text.encode())
    assert answer.status_code == 422
    assert "recipe.colour is not a key of a manifest." in answer.text
    with site.context.database.reading() as session:
        assert session.exec(select(Revision)).first() is None


def test_a_manifest_with_another_models_box_is_refused(mia: TestClient) -> None:
    other = PART.parents[1] / "oven" / "oven-knob-d-shaft" / "model.stl"
    answer = send(mia, model=other.read_bytes(), manifest=(PART / "part.toml").read_bytes())
    assert answer.status_code == 422
    assert "but the model measures" in answer.text


def test_an_unclassified_part_stays_a_draft_and_says_why(site: Site, mia: TestClient) -> None:
    url = upload(mia, safety_class="")
    refused = mia.post(f"{url}/submit")
    assert refused.status_code == 409
    assert "Give the part a safety class first" in refused.text
    assert revision(site).status is RevisionStatus.DRAFT


def test_a_rejection_wants_a_reason_at_its_field(
    site: Site, mia: TestClient, noor: TestClient
) -> None:
    url = upload(mia)
    empty = noor.post(f"{url}/reject", data={"reason": ""})
    assert empty.status_code == 409
    assert 'id="field-reason-error"' in empty.text
    assert noor.post(f"{url}/reject", data={"reason": "Walls too thin."}).status_code == 303
    assert "Walls too thin." in mia.get(url).text
    assert revision(site).status is RevisionStatus.REJECTED


def test_a_withdrawn_part_is_off_sale(site: Site, mia: TestClient, noor: TestClient) -> None:
    url = upload(mia)
    mia.post(f"{url}/submit")
    noor.post(f"{url}/approve")
    assert mia.post(f"{url}/withdraw", data={"reason": "It broke."}).status_code == 303
    with site.context.database.reading() as session:
        assert session.exec(select(Part)).one().current_revision_id is None


def test_slices_show_their_seconds_grams_and_failures(
    site: Site, mia: TestClient, noor: TestClient
) -> None:
    url = upload(mia)
    mia.post(f"{url}/submit")
    noor.post(f"{url}/approve")
    row = revision(site)
    common: dict[str, Any] = {
        "model_sha256": row.model_sha256,
        "recipe_sha256": row.recipe_sha256,
        "material": "PETG",
        "engine": "cura",
        "engine_version": "5",
        "recipe_json": "{}",
        "created_at": site.now,
    }
    with site.context.database.unit_of_work() as work:
        work.session.add(
            Slice(
                **common,
                printer_model="mk3s",
                status=SliceStatus.READY,
                print_seconds=3660,
                filament_mg=12_340,
                layers=80,
            )
        )
        work.session.add(
            Slice(
                **common,
                printer_model="neptune4",
                status=SliceStatus.FAILED,
                failure="The part does not fit the bed.",
            )
        )
    fragment = mia.get(f"{url}/progress").text
    assert "1 h 01 min" in fragment
    assert "12.3 g" in fragment
    assert "The part does not fit the bed." in fragment
    assert "hx-trigger" not in fragment
    assert "1 not sliced" in mia.get("/maintainer").text


def test_a_worker_draws_the_picture_once(site: Site, mia: TestClient) -> None:
    url = upload(mia)
    row = revision(site)
    assert site.tasks.rung == [("catalogue.render", row.id)]
    assert mia.get(f"{url}/picture.png").status_code == 404
    site.tasks.rung.clear()
    ring_for_pictures(site.context, site.now)
    assert site.tasks.rung == [("catalogue.render", row.id)]
    render_picture(site.context, row.id)
    picture = mia.get(f"{url}/picture.png")
    assert Image.open(io.BytesIO(picture.content)).size == (640, 640)
    small = mia.get(f"{url}/picture.png?size=96")
    assert Image.open(io.BytesIO(small.content)).size == (96, 96)
    drawn = revision(site)
    assert set(drawn.thumbnails or {}) == {"96", "320"}
    render_picture(site.context, row.id)
    assert revision(site).version == drawn.version
    site.tasks.rung.clear()
    ring_for_pictures(site.context, site.now)
    assert site.tasks.rung == []


def test_the_viewer_gets_the_mesh_of_a_draft(mia: TestClient) -> None:
    model = mia.get(f"{upload(mia)}/model.glb")
    assert model.headers["content-type"] == "model/gltf-binary"
    assert model.content[:4] == b"glTF"
    assert len(model.content) > 1000


def test_an_unknown_revision_is_not_found(mia: TestClient) -> None:
    assert mia.get("/maintainer/revisions/nothing").status_code == 404
    assert mia.post("/maintainer/revisions/nothing/approve").status_code == 404


def test_appliances_are_read_a_line_each() -> None:
    assert fits_of("oven; Beko; BIE 22*; 4509\n\nhob") == [
        {"appliance": "oven", "brand": "Beko", "models": ["BIE 22*"], "maker_reference": "4509"},
        {"appliance": "hob", "brand": "", "models": []},
    ]


def test_every_fault_has_a_field_on_the_form() -> None:
    assert field_of("recipe.orientation_deg.1") == "turn_x"
    assert field_of("fits.0.models.1") == "fits"
    assert field_of("dimensions_mm.x") == "model"
    assert field_of("slug") == "slug"
