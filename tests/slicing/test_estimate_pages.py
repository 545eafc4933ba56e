"""What a checked upload would take, as its maintainer sees it."""

import math
import re
from datetime import datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from parts3d.accounts.tables import Role
from parts3d.catalogue.tasks import examine_upload
from parts3d.db import Database
from parts3d.slicing.correction import Scope
from parts3d.slicing.correction_tables import PrintTimeCorrection
from tests.catalogue.test_maintainer_pages import MODEL
from tests.support.network import settings_for
from tests.support.site import Site


@pytest.fixture
def site(sqlite_database: Database, tmp_path: Path, now: datetime) -> Site:
    modules = ("parts3d.catalogue.maintainer_pages", "parts3d.slicing.estimate_pages")
    return Site.open(sqlite_database, settings_for(tmp_path), tmp_path, now, *modules)


@pytest.fixture
def mia(site: Site) -> TestClient:
    return site.signed_in(Role.MAINTAINER, name="Mia")


def checked(site: Site, mia: TestClient, data: bytes, material: str) -> str:
    files = {"model": ("clip.stl", data)}
    answer = mia.post("/maintainer/checks", files=files, data={"material": material})
    url = str(answer.headers["location"])
    examine_upload(site.context, url.rsplit("/", 1)[1])
    return url


def test_a_checked_model_shows_maintainers_what_it_takes_on_each_printer_of_its_material(
    site: Site, mia: TestClient
) -> None:
    url = checked(site, mia, MODEL, "ASA")
    assert f'hx-get="{url}/estimate"' in mia.get(url).text
    page = mia.get(f"{url}/estimate").text
    assert "Prusa MK3S+" in page
    assert " g<" in page
    # The MINI is open and prints no ASA; a row for it would promise what nobody can make.
    assert "MINI" not in page
    french = mia.get(f"{url}/estimate", headers={"Accept-Language": "fr"}).text
    assert "Estimations par imprimante" in french
    stranger = site.visitor().get(f"{url}/estimate", follow_redirects=False)
    assert stranger.status_code in {303, 401}


def test_a_file_that_was_refused_has_no_estimate(site: Site, mia: TestClient) -> None:
    url = checked(site, mia, b"a letter to my aunt " * 9, "PLA")
    assert "estimate" not in mia.get(url).text
    assert mia.get(f"{url}/estimate").status_code == 404


def test_measured_prints_of_a_model_correct_its_estimate(site: Site, mia: TestClient) -> None:
    url = checked(site, mia, MODEL, "PETG")
    before = _minutes(mia.get(f"{url}/estimate").text, "Prusa MK3S+")
    fields = dict.fromkeys(("log_shift", "log_error", "sigma", "weight"), 0.1)
    fields |= dict.fromkeys(("printer_spread", "part_spread", "failure_probability"), 0.1)
    with site.context.database.unit_of_work() as work:
        work.session.add(
            PrintTimeCorrection(
                scope=Scope.MODEL,
                printer_model="mk3s",
                key="",
                log_factor=math.log(2),
                prints=12,
                running=0,
                left_out=0,
                tries=12,
                failures=0,
                made_at=site.now,
                updated_at=site.now,
                **fields,
            )
        )
    page = mia.get(f"{url}/estimate").text
    assert _minutes(page, "Prusa MK3S+") == pytest.approx(2 * before, abs=1)
    assert "(12 prints)" in page
    assert page.count("prints)") == 1
    assert "what prints on a model really took" in page


def _minutes(page: str, printer: str) -> int:
    found = re.search(rf"{re.escape(printer)}.*?(\d+):(\d\d) h", page, re.DOTALL)
    assert found, page
    return 60 * int(found[1]) + int(found[2])
