from pathlib import Path

import pytest

from parts3d.errors import Invalid
from parts3d.simulation.scenario import Scenario
from parts3d.simulation.scenario_file import read_scenario
from parts3d.simulation.scenarios import shipped

DOCUMENT = Path(__file__).parents[2] / "docs" / "simulation.md"


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_is_read_and_bears_its_file_s_name(name: str) -> None:
    found = read_scenario(shipped()[name].read_text(), name)
    assert found.scenario.name == name


def test_whatever_is_left_out_has_its_default() -> None:
    assert read_scenario("format = 1\n", "x.toml") == Scenario()
    assert read_scenario("", "x.toml") == Scenario()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("format = 2\n", 1, "format is 2"),
        ("[hours]\n\nopens = '09:30'\n", 3, "hours.opens is not a key of a scenario"),
        ("[hours]\nopen = '9:30'\n", 2, '"09:30"'),
        ("[[events]]\ntype = 'staff_slow'\nfactr = 2\n", 3, "events.0.factr is not a key"),
        ("\n[[events]]\ntype = 'flood'\n", 3, "outage_wave"),
        ("\n[[events]]\nday = 1\n", 2, "no type that is known"),
        ("[staff]\nclear_min = [40.0, 5.0]\n", 1, "larger number first"),
        ("[scenario]\nmeasure_days = 5000\n", 2, "1 to 100 days"),
        ("[demand]\nutilisation = nan\n", 2, "demand.utilisation"),
        ("[parts.stock_share]\nPEEK = 1.0\n", 1, "PEEK"),
        ("[demand]\nday_weights = [0, 0, 0, 0, 0, 0, 0]\n", 1, "all 0"),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_scenario(text, "mine.toml")
    assert f"mine.toml:{line}:" in refused.value.message
    assert words in refused.value.message


def test_what_is_no_toml_is_told_with_its_line() -> None:
    with pytest.raises(Invalid, match="line 2"):
        read_scenario("format = 1\n[hours\n", "mine.toml")


def test_the_document_names_every_key() -> None:
    words = DOCUMENT.read_text(encoding="utf-8")
    for table, value in Scenario():
        assert table == "format" or f"`[{table}]`" in words or f"`[[{table}]]`" in words, table
        for key in type(value).model_fields if hasattr(type(value), "model_fields") else ():
            assert (
                f"`{key}`" in words
                or f"`[{table}.{key}]`" in words
                or (f"`[[{table}.{key}]]`" in words)
            ), key
