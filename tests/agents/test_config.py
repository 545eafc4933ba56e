"""The configuration file and the key: faults are sentences with file and place."""

from pathlib import Path

import pytest

from printer_agents.config import load_config
from printer_agents.errors import ConfigFault
from printer_agents.keys import load_key, make_key

GOOD = """
server_url = "http://127.0.0.1:8000"
agent_id = "huy"
key_file = "agent.key"
data_dir = "data"

[intervals]
bed_seconds = 1.0

[[printers]]
id = "huy-1"
driver = "virtual"
material = "PLA"
options = { speed = 600 }

[[printers]]
id = "huy-2"
driver = "virtual"
material = "PETG"
options = { folder = "machine" }
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "agent.toml"
    path.write_text(text)
    return path


def test_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    config = load_config(_write(tmp_path, GOOD))
    assert config.key_file == tmp_path / "agent.key"
    assert config.journal_path == tmp_path / "data" / "journal.sqlite3"
    assert config.printers[0].options.folder == tmp_path / "data" / "printers" / "huy-1"
    assert config.printers[1].options.folder == tmp_path / "machine"
    assert config.printers[0].options.speed == 600
    assert config.intervals.bed_seconds == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("speed = 600", "sped = 600", "printers[1].options.sped: is not a setting"),
        ("speed = 600", "speed = 0", "printers[1].options.speed: input should be greater than 0"),
        ('key_file = "agent.key"', "", "key_file: is missing"),
        ('id = "huy-2"', 'id = "huy-1"', "printers: the printer id 'huy-1' stands there twice"),
        ("http://", "ftp://", "server_url: write it as https://host"),
        ('driver = "virtual"', 'driver = "magic"', "printers[1].driver: must be one of virtual, "),
        ("[intervals]", "[intervals", "is not valid TOML"),
    ],
)
def test_a_fault_names_file_and_place(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = _write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ConfigFault) as fault:
        load_config(path)
    assert str(fault.value).startswith(str(path))
    assert words in str(fault.value)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("speed = 600", "speed = -1").replace('key_file = "agent.key"', "")
    with pytest.raises(ConfigFault) as fault:
        load_config(_write(tmp_path, text))
    assert len(str(fault.value).splitlines()) == 2


def test_a_key_is_made_once_and_is_for_its_user_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "agent.key"
    key = make_key("huy", path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key("huy", path).public_key == key.public_key
    with pytest.raises(ConfigFault, match="already there"):
        make_key("huy", path)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "agent.key"
    make_key("huy", path)
    path.chmod(0o644)
    with pytest.raises(ConfigFault, match="chmod 600"):
        load_key("huy", path)


@pytest.mark.parametrize("text", ["", "not a key", "00" * 31, "zz" * 32])
def test_what_is_not_a_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "agent.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigFault, match="not an Ed25519 key"):
        load_key("huy", path)


def test_a_missing_key_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="parts3d-agent pair"):
        load_key("huy", tmp_path / "agent.key")
