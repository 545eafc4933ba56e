"""Signing in and out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.pool import QueuePool

from parts3d.accounts.guards import MaintainerDep
from parts3d.accounts.service import add_account
from parts3d.accounts.tables import Role
from parts3d.db import Database
from tests.support.network import settings_for
from tests.support.site import Site

RIGHT = {"email": "mia@example.be", "password": "a long password"}


@pytest.fixture
def site(sqlite_database: Database, tmp_path: Path, now: datetime) -> Site:
    with sqlite_database.unit_of_work() as work:
        add_account(work.session, name="Mia", role=Role.MAINTAINER, now=now, **RIGHT)
    return Site.open(sqlite_database, settings_for(tmp_path), tmp_path, now)


def test_the_right_password_leads_to_the_role_s_home(site: Site) -> None:
    answer = site.visitor().post("/login", data=RIGHT)
    assert (answer.status_code, answer.headers["location"]) == (303, "/maintainer")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_a_wrong_password_keeps_the_address_and_not_the_password(site: Site) -> None:
    page = site.visitor().post("/login", data=RIGHT | {"password": "something else"})
    assert page.status_code == 422
    assert "E-mail address or password is wrong." in page.text
    assert 'value="mia@example.be"' in page.text
    assert "something else" not in page.text


def test_an_unknown_address_gets_the_same_words(site: Site) -> None:
    page = site.visitor().post("/login", data=RIGHT | {"email": "who@example.be"})
    assert page.status_code == 422
    assert "E-mail address or password is wrong." in page.text


def test_five_wrong_passwords_lock_the_account_for_a_quarter_of_an_hour(site: Site) -> None:
    browser = site.visitor()
    for _ in range(5):
        browser.post("/login", data=RIGHT | {"password": "something else"})
    locked = browser.post("/login", data=RIGHT)
    assert locked.status_code == 429
    assert "Try again in a quarter of an hour." in locked.text
    site.now += timedelta(minutes=16)
    assert browser.post("/login", data=RIGHT).status_code == 303


def test_signing_out_ends_the_sign_in_on_the_server(site: Site) -> None:
    browser = site.visitor()
    browser.post("/login", data=RIGHT)
    stolen = browser.cookies.get("parts3d_sign_in")
    assert stolen
    browser.post("/logout")
    with site.context.database.reading() as session:
        from parts3d.accounts.service import signed_in
        from parts3d.errors import NotSignedIn

        with pytest.raises(NotSignedIn):
            signed_in(session, stolen, site.now)


def test_a_form_from_another_site_is_refused(site: Site) -> None:
    answer = site.visitor().post("/login", data=RIGHT, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_a_login_link_works_only_in_the_demo(
    sqlite_database: Database, tmp_path: Path, now: datetime, site: Site
) -> None:
    assert site.visitor().get("/demo/login/maintainer").status_code == 404
    demo = Site.open(sqlite_database, settings_for(tmp_path, demo=True), tmp_path, now)
    for _ in range(2):
        entered = demo.visitor().get("/demo/login/maintainer")
        assert entered.headers["location"] == "/maintainer"
    missing = demo.visitor().get("/demo/login/operator")
    assert missing.status_code == 404
    assert "no such person yet" in missing.text


def test_passwords_guessed_side_by_side_are_all_counted(
    postgres_database: Database, tmp_path: Path, now: datetime
) -> None:
    with postgres_database.unit_of_work() as work:
        add_account(work.session, name="Mia", role=Role.MAINTAINER, now=now, **RIGHT)
    site = Site.open(postgres_database, settings_for(tmp_path), tmp_path, now)

    def guess(number: int) -> int:
        wrong = RIGHT | {"password": f"guess number {number}"}
        return site.visitor().post("/login", data=wrong).status_code

    with ThreadPoolExecutor(8) as guessers:
        statuses = list(guessers.map(guess, range(12)))
    assert statuses.count(422) == 5
    assert statuses.count(429) == 7


def test_who_acts_holds_no_connection_meanwhile(site: Site) -> None:
    pool = site.context.database.engine.pool

    @site.app.get("/counted")
    def count_connections(maintainer: MaintainerDep) -> int:
        del maintainer
        assert isinstance(pool, QueuePool)
        return pool.checkedout()

    browser = site.signed_in(Role.MAINTAINER)
    assert browser.get("/counted").json() == 0
