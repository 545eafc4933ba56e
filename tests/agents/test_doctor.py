"""What doctor finds, each with its remedy."""

import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest

from printer_agents.__main__ import main
from printer_agents.commands.doctor import Grade, Result, examine
from printer_agents.folder_lock import lock_folder
from printer_agents.journal import Journal
from printer_agents.keys import make_key

CONFIG = """
server_url = "http://server.test"
agent_id = "shop"
key_file = "agent.key"
data_dir = "data"

[[printers]]
id = "left"
driver = "virtual"
material = "PLA"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "agent.toml"
    file.write_text(CONFIG)
    make_key("shop", tmp_path / "agent.key")
    return file


def server(status: int = 404, code: str = "download_ended", skew_seconds: float = 0) -> object:
    def answer(request: httpx.Request) -> httpx.Response:
        moment = datetime.now(UTC) + timedelta(seconds=skew_seconds)
        headers = {"Date": format_datetime(moment, usegmt=True)}
        if request.url.path == "/healthz":
            return httpx.Response(200, headers=headers, json={})
        return httpx.Response(status, json={"code": code, "message": "No."})

    return httpx.MockTransport(answer)


def found(path: Path, transport: object) -> dict[str, list[Result]]:
    results: dict[str, list[Result]] = {}
    for result in examine(path, transport):  # type: ignore[arg-type]
        results.setdefault(result.about.split()[0], []).append(result)
    return results


def test_a_healthy_agent_is_all_good(path: Path) -> None:
    running = lock_folder(path.parent / "data")
    Journal(path.parent / "data" / "journal.sqlite3").close()
    results = found(path, server())
    running.close()
    bad = [r for rows in results.values() for r in rows if r.grade is not Grade.GOOD]
    assert bad == []
    assert set(results) == {
        "configuration",
        "key",
        "disk",
        "agent",
        "journal",
        "server",
        "clock",
        "printer",
    }
    assert "knows this agent" in results["server"][0].words


def test_each_trouble_has_a_sentence_and_a_remedy(path: Path) -> None:
    results = found(path, server(401, "revoked_agent", skew_seconds=-86_400))
    assert results["agent"][0].words == "it is not running: nothing is printed."
    assert results["clock"][0].words.endswith("s ahead.")
    assert results["server"][0].grade is Grade.BAD
    assert "unpair" in results["server"][0].remedy
    for rows in results.values():
        for result in rows:
            assert result.grade is Grade.GOOD or result.remedy


def test_a_key_open_to_others_is_bad(path: Path) -> None:
    (path.parent / "agent.key").chmod(0o644)
    [key] = found(path, server())["key"]
    assert key.grade is Grade.BAD
    assert "chmod 600" in key.words


def test_a_damaged_journal_is_told_and_not_repaired(path: Path) -> None:
    (path.parent / "data").mkdir()
    (path.parent / "data" / "journal.sqlite3").write_bytes(os.urandom(8192))
    [journal] = found(path, server())["journal"]
    assert journal.grade is Grade.BAD
    assert "look at every printer" in journal.remedy


def test_a_server_that_is_away_is_bad_and_the_rest_is_still_checked(path: Path) -> None:
    def away(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    results = found(path, httpx.MockTransport(away))
    assert "does not answer (ConnectError)" in results["server"][0].words
    assert results["printer"][0].grade is Grade.GOOD


def test_an_agent_that_is_not_paired_is_told_how(path: Path) -> None:
    path.write_text(CONFIG.replace('agent_id = "shop"\n', ""))
    [pairing] = found(path, server())["pairing"]
    assert pairing.remedy == "Run: parts3d-agent pair"


def test_the_command_says_it_line_by_line(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_text(CONFIG.replace("http://server.test", "http://127.0.0.1:9"))
    assert main(["doctor", "--config", str(path)]) == 1
    said = capsys.readouterr().out
    assert "[ bad] server http://127.0.0.1:9: does not answer" in said
    path.write_text("nonsense")
    assert main(["doctor", "--config", str(path)]) == 1
    assert "[ bad] configuration:" in capsys.readouterr().out
