"""The agent's own side of pairing: its files, and what it does with them."""

import threading
from pathlib import Path

import pytest

from printer_agents.__main__ import _paired_config, main
from printer_agents.config import NOT_PAIRED, load_config
from printer_agents.errors import ConfigFault
from printer_agents.journal import Journal
from printer_agents.keys import make_key
from printer_agents.paired import KnownPrinter, Paired, load_paired, save_paired
from printer_agents.protocol import AttemptRef

CONFIG = """
server_url = "http://127.0.0.1:9"
key_file = "agent.key"
data_dir = "data"

[[printers]]
id = "left"
driver = "virtual"
material = "PLA"

[[printers]]
id = "spare"
driver = "virtual"
material = "PLA"
"""
PAIRED = Paired(
    server_url="http://127.0.0.1:9",
    agent_id="agent-7",
    agent_name="Pi",
    point="Point 3D Huy",
    printers={"left": KnownPrinter(id="printer-9", name="Left one", model="mk3s")},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "agent.toml"
    file.write_text(CONFIG)
    return file


def test_what_pairing_told_names_the_agent_and_its_printers(path: Path) -> None:
    assert load_config(path).agent_id == NOT_PAIRED
    save_paired(path.parent / "data", PAIRED)
    config = load_config(path)
    assert config.agent_id == "agent-7"
    # The one that staff did not choose is left alone.
    [printer] = config.printers
    assert (printer.id, printer.label, printer.material) == ("printer-9", "Left one", "PLA")
    # Its machine stays where it was before it had a number.
    assert printer.options.folder == path.parent / "data" / "printers" / "left"  # type: ignore[union-attr]


def test_a_pairing_with_another_server_counts_for_nothing(path: Path) -> None:
    save_paired(path.parent / "data", PAIRED.model_copy(update={"server_url": "https://other"}))
    assert load_config(path).agent_id == NOT_PAIRED


def test_a_configuration_whose_printers_were_all_renamed_says_to_pair_again(path: Path) -> None:
    save_paired(path.parent / "data", PAIRED)
    path.write_text(CONFIG.replace('"left"', '"right"'))
    with pytest.raises(ConfigFault, match=r"pair --again"):
        load_config(path)


def test_a_damaged_pairing_is_told_with_its_remedy(path: Path) -> None:
    save_paired(path.parent / "data", PAIRED)
    (path.parent / "data" / "paired.json").write_text("{")
    with pytest.raises(ConfigFault, match="Remove it and pair again"):
        load_config(path)


def test_an_agent_that_is_not_paired_waits_until_it_is(path: Path) -> None:
    timer = threading.Timer(0.3, save_paired, [path.parent / "data", PAIRED])
    timer.start()
    assert _paired_config(path).agent_id == "agent-7"
    timer.join()


def test_pairing_twice_is_refused_unless_asked_for(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_paired(path.parent / "data", PAIRED)
    assert main(["pair", "--config", str(path)]) == 1
    assert "paired with Point 3D Huy already, as Pi" in capsys.readouterr().err


def test_pairing_without_a_server_says_so_and_keeps_the_key_it_made(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pair", "--config", str(path)]) == 1
    assert "No answer to pairing" in capsys.readouterr().err
    key = (path.parent / "agent.key").read_text()
    assert (path.parent / "agent.key").stat().st_mode & 0o777 == 0o600
    main(["pair", "--config", str(path)])
    assert (path.parent / "agent.key").read_text() == key


def test_unpairing_needs_the_server_or_force(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_paired(path.parent / "data", PAIRED)
    make_key("agent-7", path.parent / "agent.key")
    assert main(["unpair", "--config", str(path)]) == 1
    assert "could not be told" in capsys.readouterr().err
    assert load_paired(path.parent / "data") == PAIRED
    assert main(["unpair", "--config", str(path), "--force"]) == 0
    assert "Let staff revoke the key" in capsys.readouterr().out
    assert load_paired(path.parent / "data") is None
    assert not (path.parent / "agent.key").exists()


def test_unpairing_waits_for_the_end_of_a_print(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_paired(path.parent / "data", PAIRED)
    journal = Journal(path.parent / "data" / "journal.sqlite3")
    ref = AttemptRef(
        job_id="job-1",
        attempt=1,
        epoch=1,
        printer_id="printer-9",
        agent_generation=1,
        gcode_sha256="0" * 64,
    )
    journal.add(ref, None)
    journal.close()
    assert main(["unpair", "--config", str(path)]) == 1
    assert "still has work in hand (job-1)" in capsys.readouterr().err
