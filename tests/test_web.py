"""What every page and endpoint keeps to, whoever asks."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from parts3d.accounts.service import add_account
from parts3d.accounts.tables import Role
from parts3d.app import create_app
from parts3d.bell import Bell
from parts3d.context import Context
from parts3d.db import Database
from parts3d.store import FolderStore
from tests.support.network import settings_for
from tests.support.site import RungTasks

A_MEGABYTE = 1_000_000


def browser(database: Database, folder: Path, now: datetime, **settings: object) -> TestClient:
    context = Context(
        settings=settings_for(folder, **settings),
        database=database,
        store=FolderStore(folder / "files"),
        bell=Bell(None),
        tasks=RungTasks(),
    )
    with database.unit_of_work() as work:
        add_account(
            work.session,
            email="olga@example.be",
            name="Olga",
            role=Role.OPERATOR,
            now=now,
            password="a long password",
        )
    app = create_app(context, lambda: now)
    return TestClient(app, headers={"accept": "text/html"}, follow_redirects=False)


@pytest.mark.parametrize("path", ["//evil.example/x", "/%2F/evil.example", "///evil.example"])
def test_no_address_leads_a_language_link_to_another_site(
    sqlite_database: Database, tmp_path: Path, now: datetime, path: str
) -> None:
    page = browser(sqlite_database, tmp_path, now).get(f"http://testserver{path}")
    links = re.findall(r'href="([^"]*lang=[^"]*)"', page.text)
    assert links
    assert all(re.match(r"/[^/\\]", link) for link in links)


@pytest.mark.parametrize("path", ["/agent/v1/hello", "/login", "/api/v1/quotes"])
def test_nobody_sends_more_than_words_where_no_file_is_asked_for(
    sqlite_database: Database, tmp_path: Path, now: datetime, path: str
) -> None:
    client = browser(sqlite_database, tmp_path, now)
    assert client.post(path, content=b"x" * (A_MEGABYTE + 1)).status_code == 413


@pytest.mark.parametrize("path", ["/orders/wrong", "/confirm/wrong", "/api/v1/orders/wrong"])
def test_an_order_s_address_stays_in_no_cache_and_goes_to_no_site(
    sqlite_database: Database, tmp_path: Path, now: datetime, path: str
) -> None:
    answer = browser(sqlite_database, tmp_path, now).get(path)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_demo_signs_nobody_in_under_another_name_than_this_machine_s(
    sqlite_database: Database, tmp_path: Path, now: datetime
) -> None:
    client = browser(sqlite_database, tmp_path, now, demo=True)
    for path in ("/demo/login/operator", "/demo/login/customer", "/demo/mailbox"):
        pointed_here = client.get(path, headers={"host": "evil.example"})
        assert (pointed_here.status_code, "set-cookie" in pointed_here.headers) == (404, False)
    here = client.get("/demo/login/operator", headers={"host": "127.0.0.1:8000"})
    assert here.headers["location"] == "/operator"


def test_cookies_travel_over_tls_only_where_customers_see_https(
    sqlite_database: Database, tmp_path: Path, now: datetime
) -> None:
    client = browser(sqlite_database, tmp_path, now, public_url="https://parts.example")
    form = {"email": "olga@example.be", "password": "a long password"}
    public = client.post("/login", data=form, headers={"host": "parts.example"})
    assert "Secure" in public.headers["set-cookie"]
    inside = client.post("/login", data=form)
    assert "Secure" not in inside.headers["set-cookie"]
