"""A first configuration: printers that announce themselves, and addresses that are asked."""

import socket
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zeroconf import ServiceInfo, Zeroconf

from printer_agents.commands.init import init_agent, names_for
from printer_agents.commands.template import config_text
from printer_agents.config import AgentConfig, read_config
from printer_agents.discovery import SERVICE_TYPES, Announced, Found, browse, common_name, identify
from printer_agents.errors import ConfigFault
from printer_agents.multicast_dns import HEADER, Heard, hear
from tests.agents.fake_hosts import (
    LOCKED_MOONRAKER,
    MOONRAKER,
    OCTOPRINT,
    PRUSALINK,
    WEBSITE,
    Answers,
    host,
)

LOOPBACK = "lo" if sys.platform == "linux" else "lo0"
SERVER = "https://parts.example"


@pytest.mark.parametrize(
    ("answers", "driver", "wants_key"),
    [
        (MOONRAKER, "moonraker", False),
        (LOCKED_MOONRAKER, "moonraker", True),
        (OCTOPRINT, "octoprint", True),
        (PRUSALINK, "prusalink", True),
    ],
)
def test_an_address_says_what_it_is(answers: Answers, driver: str, *, wants_key: bool) -> None:
    with host(answers) as port:
        [found] = identify(f"127.0.0.1:{port}")
    assert (found.driver, found.wants_key) == (driver, wants_key)
    assert found.address == f"http://127.0.0.1:{port}"


def test_what_is_no_printer_is_none() -> None:
    with host(WEBSITE) as port:
        assert identify(f"127.0.0.1:{port}") == []
        assert identify(f"http://127.0.0.1:{port}") == []
    assert identify(f"127.0.0.1:{port}") == []
    assert identify("") == []


def test_a_printer_that_announces_itself_is_heard() -> None:
    info = ServiceInfo(
        "_moonraker._tcp.local.",
        "voron left._moonraker._tcp.local.",
        addresses=[socket.inet_aton("127.0.0.1")],
        port=7125,
        properties={"path": "/printer"},
        server="parts3d-test-voron.local.",
    )
    with Zeroconf(interfaces=["127.0.0.1"]) as announcer:
        announcer.register_service(info)
        heard = browse(1.5, [socket.if_nametoindex(LOOPBACK)])
        announcer.unregister_service(info)
    # No name of the test's resolves here, so the address stands for it.
    assert Announced("voron left", "127.0.0.1", 7125, "/printer") in heard


@given(st.binary(max_size=200))
def test_whatever_is_sent_on_the_network_is_taken_calmly(packet: bytes) -> None:
    # A name that points at itself, and one that never ends, are among them.
    for sent in (packet, b"\0\0\x84\0" + packet, HEADER.pack(0, 0, 0, 1, 0, 0) + b"\xc0\x0c"):
        hear(sent, SERVICE_TYPES, Heard())


def test_found_printers_stand_in_a_commented_file_that_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agent.toml"
    with host(MOONRAKER) as voron, host(OCTOPRINT) as ender:
        code = init_agent(
            path,
            server_url=SERVER,
            asked=[f"127.0.0.1:{ender}"],
            seconds=1,
            look=lambda _seconds: [Announced("Voron Left", "127.0.0.1", voron)],
        )
    said = capsys.readouterr().out
    # OctoPrint's key is not known yet, or its driver says what is wrong: told in words.
    assert code == 1
    assert "found Voron Left: Moonraker v0.11" in said
    raw = tomllib.loads(path.read_text())
    assert [printer["driver"] for printer in raw["printers"]] == ["moonraker", "octoprint"]
    assert raw["printers"][0]["id"] == "voron-left"
    assert raw["printers"][1]["options"]["api_key"] == "..."
    assert path.stat().st_mode & 0o777 == 0o600
    config = read_config(path)
    assert config.server_url == SERVER
    assert "# In OctoPrint: settings, application keys" in path.read_text()


def test_nothing_found_leaves_examples_and_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "agent.toml"
    with host(WEBSITE) as port:
        asked = [f"127.0.0.1:{port}"]
        assert init_agent(path, server_url=SERVER, asked=asked, seconds=0) == 1
    said = capsys.readouterr().out
    assert "nothing there speaks as OctoPrint" in said
    assert "No printer was found" in said
    examples = path.read_text().split("fill it in.\n#\n")[1]
    examples = "\n".join(line.removeprefix("#").strip() for line in examples.splitlines())
    head = config_text(SERVER, [], []).split("\n# No printer was found")[0]
    AgentConfig.model_validate(tomllib.loads(head + "\n" + examples))


def test_a_network_that_cannot_be_listened_to_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def deaf(_seconds: float) -> list[Announced]:
        raise OSError("no such device")

    path = tmp_path / "agent.toml"
    assert init_agent(path, server_url=SERVER, asked=[], seconds=1, virtual=1, look=deaf) == 0
    said = capsys.readouterr().out
    assert "cannot be listened to (no such device)" in said
    assert "virtual-1: answers" in said


def test_a_file_that_is_there_is_kept_unless_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text("mine")
    with pytest.raises(ConfigFault, match="is there already"):
        init_agent(path, server_url=SERVER, asked=[], seconds=0)
    assert path.read_text() == "mine"
    with pytest.raises(ConfigFault, match="write it as https://host"):
        init_agent(path, server_url="parts.example", asked=[], seconds=0, force=True)


def test_two_printers_never_share_a_name_and_odd_names_stay_readable() -> None:
    found = [Found("octoprint", name, "http://h") for name in ("Prusa.local", "prusa", "«»", "")]
    assert names_for(found) == ["prusa", "prusa-2", "octoprint", "octoprint-2"]


def test_a_name_on_the_network_cannot_break_out_of_the_file() -> None:
    evil = 'x"\n[intervals]\npoll_seconds = 9 # \\'
    text = config_text(SERVER, [Found("moonraker", evil, evil, words=evil)], ["a"])
    raw = tomllib.loads(text)
    assert set(raw) == {"server_url", "key_file", "data_dir", "status_port", "printers"}
    assert raw["printers"][0]["options"]["url"].startswith('x" [intervals]')


def test_the_serial_number_of_a_certificate_is_its_subject_s() -> None:
    def name(text: bytes) -> bytes:
        return b"\x06\x03\x55\x04\x03\x13" + bytes([len(text)]) + text

    der = b"\x30\x82" + name(b"BBL CA") + b"\x30\x1e" + name(b"01S00A123456789") + b"\x30"
    assert common_name(der) == "01S00A123456789"
    assert common_name(b"nonsense") is None
