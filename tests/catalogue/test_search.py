"""Finding parts in the shipped catalogue, on both databases."""

from datetime import datetime
from pathlib import Path

import pytest

from parts3d.bell import Bell
from parts3d.catalogue.loading import load_catalogue
from parts3d.catalogue.search import find_parts, fold, fold_model
from parts3d.context import Context
from parts3d.db import Database
from parts3d.slicing.profiles import materials
from parts3d.store import FolderStore
from tests.support.network import settings_for

ROOT = Path(__file__).parents[2]


class NoTasks:
    def ring_task(self, name: str, *args: str | int) -> None:
        del name, args


@pytest.fixture
def loaded(database: Database, tmp_path: Path, now: datetime) -> Database:
    context = Context(
        settings=settings_for(tmp_path),
        database=database,
        store=FolderStore(tmp_path / "files"),
        bell=Bell(None),
        tasks=NoTasks(),
    )
    softening_c = {name: material.softening_c for name, material in materials().items()}
    parts, faults = load_catalogue(context, ROOT / "catalogue", softening_c=softening_c, now=now)
    assert faults == []
    assert len(parts) == 8
    return database


def slugs(database: Database, query: str) -> list[str]:
    with database.reading() as session:
        return [found.part.slug for found in find_parts(session, query)]


def test_parts_are_found_by_what_people_type(loaded: Database) -> None:
    wheel = "dishwasher-basket-wheel"
    for query in ("Bosch SMS46GI01E", "sms46", "SMS 46 GI", "bosch roulette", "rolle unterkorb"):
        assert slugs(loaded, query)[:1] == [wheel], query
    assert slugs(loaded, "hemnes") == ["drawer-runner-stop"]
    assert slugs(loaded, "bouton four") == slugs(loaded, "FOUR BOUTON") != []
    assert slugs(loaded, "no such thing") == []


def test_an_empty_search_shows_all_that_is_for_sale_and_nothing_else(loaded: Database) -> None:
    shown = slugs(loaded, "")
    assert len(shown) == 6
    assert "gas-hob-coupling" not in shown
    assert "washing-machine-door-handle" not in shown


def test_signs_of_sql_in_a_search_are_only_signs(loaded: Database) -> None:
    for query in ("%", "_", "'; drop table part; --", "\\", "\x00"):
        assert slugs(loaded, query) in ([], slugs(loaded, "")), query


def test_folding_forgets_accents_case_and_punctuation() -> None:
    assert fold("Étagère, du Frigo!") == "etagere du frigo"
    assert fold_model("sms-46 gi/01e") == "SMS46GI01E"
