"""Findings and steps of a repair in words, in four languages: ``sentences/``.

Figures are written as the language writes them: a comma for the decimals but in English.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Literal, get_args

from parts3d.meshes.findings import Code, Finding
from parts3d.meshes.repairing.done import Done, Step

Language = Literal["en", "fr", "nl", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_FOLDER = Path(__file__).with_name("sentences")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words for a count of one and for others, with places for figures."""

    one: str
    many: str


@cache
def sentences(language: Language) -> Mapping[Code, Sentence]:
    """Return the sentences about findings in a language, one of ``LANGUAGES``."""
    table = _read(_FOLDER / f"{language}.toml")
    return {Code(code): sentence for code, sentence in table.items()}


@cache
def repair_sentences(language: Language) -> Mapping[Done, Sentence]:
    """Return the sentences about steps of a repair."""
    table = _read(_FOLDER / "repair" / f"{language}.toml")
    return {Done(done): sentence for done, sentence in table.items()}


def _read(path: Path) -> dict[str, Sentence]:
    with path.open("rb") as source:
        table = tomllib.load(source)
    return {
        name: Sentence(entry.get("one", entry["many"]), entry["many"])
        for name, entry in table.items()
    }


def language_of(tag: str) -> Language:
    """Return the language that a page is in, English for one that has no sentences here."""
    return next((language for language in LANGUAGES if language == tag), "en")


class _CommaFormatter(Formatter):
    """Writes the decimals of a figure behind a comma."""

    def format_field(self, value: object, format_spec: str) -> str:
        text = str(super().format_field(value, format_spec))
        return text.replace(".", ",") if isinstance(value, float) else text


def fill(code: Code, language: Language, figures: Mapping[str, object]) -> str:
    """Put a finding in words.

    Args:
        code: what was found.
        language: one of ``LANGUAGES``.
        figures: ``count``, and what else the sentence names.
    """
    sentence = sentences(language)[code]
    text = sentence.one if figures["count"] == 1 else sentence.many
    formatter = Formatter() if language == "en" else _CommaFormatter()
    return formatter.vformat(text, (), figures)


def say(finding: Finding, language: Language = "en") -> str:
    """Put a finding in words of a language."""
    return fill(finding.code, language, figures_of(finding))


def figures_of(finding: Finding) -> dict[str, object]:
    """Return what a finding's sentence can name."""
    return {
        "count": finding.count,
        "measured": finding.measured,
        "limit": finding.limit,
        "axis": finding.axis,
        **finding.params,
    }


def say_step(step: Step, language: Language = "en") -> str:
    """Put a step of a repair in words of a language."""
    sentence = repair_sentences(language)[step.done]
    return (sentence.one if step.count == 1 else sentence.many).format(count=step.count)
