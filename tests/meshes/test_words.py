"""The findings in words."""

import re
from string import Formatter

import pytest

from parts3d.meshes.check import Question, check
from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.repairing.done import Done, Step
from parts3d.meshes.report import FindingReport, finding_report
from parts3d.meshes.words import (
    LANGUAGES,
    Language,
    language_of,
    repair_sentences,
    say,
    say_step,
    sentences,
)
from tests.meshes.solids import DEFECTS, mesh


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words_in_every_language_with_the_figures_of_the_english(
    language: Language,
) -> None:
    table, english = sentences(language), sentences("en")
    assert set(table) == set(Code)
    for code in Code:
        assert places(table[code].many) == places(english[code].many)
        assert places(table[code].one) | {"count"} == places(english[code].one) | {"count"}
        assert table[code].many.endswith(".")
    if language != "en":
        assert not {code for code in Code if table[code].many == english[code].many}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_of_a_repair_has_words_in_every_language(language: Language) -> None:
    table = repair_sentences(language)
    assert set(table) == set(Done)
    for done in Done:
        assert places(table[done].many) <= {"count"}
        assert "None" not in say_step(Step(done, 1), language)
    assert say_step(Step(Done.FILLED_HOLES, 1)) == "1 hole was filled."
    assert say_step(Step(Done.FILLED_HOLES, 3), "fr") == "3 trous ont été bouchés."


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_check_finds_can_be_said(language: Language) -> None:
    for defect in DEFECTS:
        for finding in check(mesh(defect.triangles()), Question(beds_mm=((1, 1, 1),))).findings:
            assert not re.search(r"[{}]|None", say(finding, language))


def test_one_is_said_differently_from_many_and_decimals_as_the_language_writes_them() -> None:
    one = Finding(Code.SMALL_HOLES, Severity.WARNING, 1, measured=0.6, limit=1.0)
    assert say(one).startswith("1 hole is only 0.60 mm wide")
    many = Finding(Code.SMALL_HOLES, Severity.WARNING, 3, measured=0.6, limit=1.0)
    assert say(many, "de").startswith("3 Löcher sind bis zu 0,60 mm eng")


def test_a_page_in_another_language_gets_english() -> None:
    assert language_of("nl") == "nl"
    assert language_of("it") == "en"


def test_a_stored_report_keeps_its_places_and_can_be_said_again_in_another_language() -> None:
    hole = next(defect for defect in DEFECTS if Code.OPEN_EDGES in defect.found)
    broken = mesh(hole.triangles())
    found = check(broken).finding(Code.OPEN_EDGES)
    assert found is not None
    stored = finding_report(found, broken)
    again = FindingReport.model_validate_json(stored.model_dump_json())
    assert again.words("fr") == say(found, "fr")


def test_a_report_of_older_days_without_its_figures_is_told_as_it_was_said() -> None:
    old = FindingReport(
        code="looks_like_inches", severity=Severity.WARNING, count=1, message="As it was."
    )
    assert old.words("de") == "As it was."
