"""Whatever a manifest says: it is taken, or told in words, and nothing raises."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parts3d.catalogue.manifest import Manifest
from tests.catalogue.good_manifest import GOOD, faults_of, parse

# Keys that a manifest may do without, alone.
OPTIONAL = {("fits", 1, "maker_reference"), ("recipe", "wall_count"), ("fits",), ("safety",)}


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [p for key, inner in value.items() for p in _also(inner, (*place, key))]
    if isinstance(value, list):
        return [p for i, inner in enumerate(value) for p in _places(inner, (*place, i))]
    return []


def _also(value: Any, place: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return [place, *_places(value, place)]


PLACES = _places(tomllib.loads(GOOD))


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return repr(value)


def _written(tables: dict[str, Any]) -> str:
    return "".join(f"{key} = {_toml(value)}\n" for key, value in tables.items())


def _parent(tables: Any, place: tuple[Any, ...]) -> Any:
    for key in place[:-1]:
        tables = tables[key]
    return tables


@given(place=st.sampled_from(PLACES))
def test_any_single_key_taken_away_is_reported_in_words(place: tuple[Any, ...]) -> None:
    tables = tomllib.loads(GOOD)
    del _parent(tables, place)[place[-1]]
    text = _written(tables)
    if place in OPTIONAL:
        assert isinstance(parse(text), Manifest)
        return
    found = faults_of(text)
    assert any(str(place[-1]) in fault.message for fault in found)
    assert all(len(fault.message.split()) > 2 and fault.remedy for fault in found)
    assert all(1 <= fault.line <= text.count("\n") + 1 for fault in found)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("k"), inner, max_size=1),
    max_leaves=4,
).filter(lambda value: "None" not in repr(value))


@given(place=st.sampled_from(PLACES), value=VALUES)
def test_any_value_anywhere_is_taken_or_told_and_never_raises(
    place: tuple[Any, ...], value: Any
) -> None:
    tables = tomllib.loads(GOOD)
    _parent(tables, place)[place[-1]] = value
    found = parse(_written(tables))
    if isinstance(found, list):
        assert all(fault.message and fault.remedy for fault in found)


@given(text=st.text(max_size=200))
def test_any_text_at_all_is_answered_with_faults(text: str) -> None:
    assert all(fault.line >= 1 for fault in faults_of(text))


@given(cut=st.integers(min_value=0, max_value=len(GOOD) - 1))
def test_a_manifest_cut_off_anywhere_is_told_and_never_raises(cut: int) -> None:
    found = parse(GOOD[:cut])
    assert isinstance(found, Manifest) or all(str(fault) for fault in found)
