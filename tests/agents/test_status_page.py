"""The status page over HTTP: what it shows, and that only the page itself can stop a printer."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest

from printer_agents.errors import PrinterOffline
from printer_agents.status.look import look_at
from printer_agents.status.server import StatusPage
from tests.agents.shop import GCODE, Shop


class Watched:
    """A shop with its status page, and what was stopped."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.stopped: list[str] = []
        self.fault: str | None = None
        self.page = StatusPage(
            lambda: look_at(shop.agent, name="Pi", point="Point 3D Huy"),
            self.stop,
            lambda printer_id: shop.agent.stations[printer_id].confirm_bed(),
            0,
        )
        self.http = httpx.Client(base_url=self.page.url, headers={"Accept-Language": "en"})

    def stop(self, printer_id: str) -> None:
        if self.fault:
            raise PrinterOffline(self.fault)
        self.stopped.append(printer_id)
        self.shop.agent.stations[printer_id].emergency_stop()

    def token(self) -> str:
        found = re.search(r'name="token" value="([^"]+)"', self.http.get("/").text)
        assert found
        return found[1]

    def close(self) -> None:
        self.http.close()
        self.page.close()


@pytest.fixture
def watched(open_shop: Callable[..., Shop]) -> Iterator[Watched]:
    watched = Watched(open_shop(printers=2))
    yield watched
    watched.close()


def test_it_shows_printers_their_job_and_the_contact(watched: Watched) -> None:
    watched.shop.server.add("job-1", GCODE)
    watched.shop.run_until("printing")
    watched.shop.run(5)
    page = watched.http.get("/").text
    for words in ("Pi", "Point 3D Huy", "in contact", "all sent", "job-1", "PLA"):
        assert words in page
    assert "waits for staff" in page  # the bed of the one that prints
    assert re.search(r'<progress max="100" value="\d+" aria-label="p1: \d+ % printed">', page)
    look = watched.http.get("/status.json").json()
    assert [printer["condition"] for printer in look["printers"]] == ["preparing", "idle"]


def test_out_of_contact_says_that_prints_go_on_and_counts_what_waits(watched: Watched) -> None:
    watched.shop.server.add("job-1", GCODE)
    watched.shop.run_until("printing")
    watched.shop.server.down = True
    watched.shop.run(20)
    page = watched.http.get("/").text
    assert "No answer to" in page
    assert "Prints go on meanwhile" in page
    assert "all sent" not in page


def test_a_refused_agent_says_what_to_do(watched: Watched) -> None:
    watched.shop.server.agent_id = "somebody else"
    watched.shop.run(2)
    assert "The network refuses this agent." in watched.http.get("/").text


def test_an_emergency_stop_reaches_the_printer_and_says_so(watched: Watched) -> None:
    watched.shop.server.add("job-1", GCODE)
    watched.shop.run_until("printing")
    answer = watched.http.post("/printers/p1/stop", data={"token": watched.token()})
    assert answer.status_code == 303
    page = watched.http.get(answer.headers["location"]).text
    assert "p1 was told to stop at once. Look at the printer." in page
    assert watched.stopped == ["p1"]
    # Said once: a reload does not frighten anybody again.
    assert "told to stop" not in watched.http.get(answer.headers["location"]).text
    watched.shop.run(20)
    assert watched.shop.server.jobs["job-1"].status in {"failed", "needs_human", "cancelled"}
    assert watched.shop.server.bed_clear["p1"] is False


def test_who_stands_at_the_printer_confirms_its_bed_when_it_is_done(watched: Watched) -> None:
    watched.shop.server.add("job-1", GCODE)
    watched.shop.run_until("printing")
    token = {"token": watched.token()}
    assert "/printers/p1/clear" not in watched.http.get("/").text
    early = watched.http.post("/printers/p1/clear", data=token)
    assert "p1 is at work" in watched.http.get(early.headers["location"]).text
    watched.shop.run_until("printed")
    watched.shop.run(3)
    assert "/printers/p1/clear" in watched.http.get("/").text
    answer = watched.http.post("/printers/p1/clear", data=token)
    assert "The network hears" in watched.http.get(answer.headers["location"]).text
    watched.shop.run(5)
    assert watched.shop.agent.stations["p1"].report().bed_clear


def test_a_stop_that_fails_says_to_switch_it_off(watched: Watched) -> None:
    watched.fault = "The printer does not answer."
    answer = watched.http.post("/printers/p2/stop", data={"token": watched.token()})
    page = watched.http.get(answer.headers["location"]).text
    assert "p2 could not be stopped: The printer does not answer. Switch it off by hand." in page


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:7130"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
    ],
)
def test_a_site_elsewhere_can_neither_read_nor_stop(
    watched: Watched, headers: dict[str, str]
) -> None:
    token = watched.token()
    answer = watched.http.post("/printers/p1/stop", data={"token": token}, headers=headers)
    assert answer.status_code == 403
    if "Host" in headers:
        read = watched.http.get("/", headers=headers)
        assert read.status_code == 403
        assert token not in read.text
    assert watched.stopped == []


def test_a_stop_without_the_page_s_token_is_refused(watched: Watched) -> None:
    for data in ({}, {"token": ""}, {"token": "é"}, {"token": "guess"}):
        assert watched.http.post("/printers/p1/stop", data=data).status_code == 403
    assert watched.stopped == []


def test_odd_requests_get_a_sentence(watched: Watched) -> None:
    token = {"token": watched.token()}
    assert watched.http.post("/printers/p9/stop", data=token).status_code == 404
    assert watched.http.post("/printers/p1/explode", data=token).status_code == 404
    assert watched.http.get("/nothing").status_code == 404
    assert watched.http.post("/printers/p1/stop", content=b"x" * 5_000).status_code == 413
    assert watched.stopped == []


def test_what_a_printer_says_is_shown_and_never_run(watched: Watched) -> None:
    evil = "<script>alert(1)</script>"
    watched.shop.server.add("job-1", GCODE)
    watched.shop.run_until("printing")
    from printer_agents.protocol import PrinterCondition

    watched.shop.agent.stations["p1"].show(PrinterCondition.ATTENTION, evil)
    page = watched.http.get("/")
    assert evil not in page.text
    assert "&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_it_speaks_french_to_those_who_read_it(watched: Watched) -> None:
    page = watched.http.get("/", headers={"Accept-Language": "fr-BE,fr;q=0.9,en;q=0.5"}).text
    assert '<html lang="fr">' in page
    assert "urgence</summary>" in page
    assert "Emergency stop" not in page
