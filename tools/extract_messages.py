"""Collect what pages and rules say into the translations: ``python -m tools.extract_messages``.

Each ``parts3d/locales/<language>/LC_MESSAGES/messages.po`` gets the ids that are new, keeps its
translations, and loses ids that nobody says any more. ``--check`` writes nothing and exits 1
when something is missing. Running it twice changes nothing.
"""

import argparse
import ast
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from parts3d import errors
from parts3d.languages import LANGUAGES

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "parts3d"
LOCALES = PACKAGE / "locales"
SOURCE_LANGUAGE = "en"
# A moment of its own, so that the file changes only when its words do.
_NO_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
# What an error says, or why something waits, in one plain sentence is an id as well: pages
# translate it when they show it.
CALLS = {"_", "gettext", "N_"} | {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.Parts3dError)
}
REASON = "reason"
PLURAL = "ngettext"
JINJA_KEYWORDS = ("_", "gettext", PLURAL)
JINJA_OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
# Programs for a terminal, and a page that no visitor sees.
UNSEEN = {"node_modules", "migrations", "cli", "embedded", "demo"}
STYLEGUIDE = "styleguide.html"
Identity = str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Gaps:
    """What a language lacks: ids that it does not have yet, or has without words."""

    language: str
    missing: tuple[str, ...]
    stale: bool


def template(package: Path = PACKAGE) -> Catalog:
    """Return every message id that the package says, with the files that say it."""
    found = Catalog(project="parts3d", creation_date=_NO_MOMENT, charset="utf-8")
    for file in sorted(package.rglob("*.py")):
        if not UNSEEN & set(file.parts):
            for identity in python_ids(file.read_text(encoding="utf-8")):
                _add(found, identity, file, package)
    for file in sorted((package / "templates").rglob("*")):
        if file.suffix in {".html", ".txt"} and file.name != STYLEGUIDE:
            for identity in template_ids(file.read_bytes()):
                _add(found, identity, file, package)
    return found


def python_ids(source: str) -> Iterator[Identity]:
    """Yield the ids in Python source: whole sentences only, none with figures in them."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        words = [_constant(argument) for argument in node.args]
        if called == PLURAL and len(words) > 1 and words[0] and words[1]:
            yield words[0], words[1]
        elif called in CALLS and words and words[0]:
            yield words[0]
        for keyword in node.keywords:
            sentence = _constant(keyword.value)
            if keyword.arg == REASON and sentence:
                yield sentence


def template_ids(source: bytes) -> Iterator[Identity]:
    """Yield the ids in a template."""
    for _line, called, message, _comments in babel_extract(
        io.BytesIO(source), JINJA_KEYWORDS, [], JINJA_OPTIONS
    ):
        words = [message] if isinstance(message, str) else list(message or ())
        if called == PLURAL and len(words) > 1 and words[0] and words[1]:
            yield words[0], words[1]
        elif words and words[0]:
            yield words[0]


def _constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _add(found: Catalog, identity: Identity, file: Path, package: Path) -> None:
    first = identity if isinstance(identity, str) else identity[0]
    # A word for programs ("GET") or a lone sign needs no translation.
    if re.search(r"[a-z]", first):
        place = f"{package.name}/{file.relative_to(package).as_posix()}"
        found.add(identity, locations=[(place, 0)])


def updated(old: str, words: Catalog, language: str) -> str:
    """Return a ``.po`` file with all ids of the template and the translations it had."""
    catalogue = (
        read_po(io.BytesIO(old.encode()), locale=language)
        if old
        else Catalog(locale=language, project="parts3d", charset="utf-8")
    )
    # No guesses: a translation that is nearly right is wrong without anybody seeing it.
    catalogue.update(words, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.header_comment = "# What parts3d says. Ids by `python -m tools.extract_messages`."
    catalogue.creation_date = catalogue.revision_date = _NO_MOMENT
    catalogue.fuzzy = False
    out = io.BytesIO()
    write_po(out, catalogue, width=96, sort_output=True, no_location=True)
    return out.getvalue().decode()


def missing(text: str, language: str) -> tuple[str, ...]:
    """Return the ids of a ``.po`` file that have no words in its language, in order."""
    catalogue = read_po(io.BytesIO(text.encode()), locale=language)
    return tuple(
        message.id if isinstance(message.id, str) else message.id[0]
        for message in catalogue
        if message.id and not _translated(message.string)
    )


def languages(locales: Path = LOCALES) -> Iterator[tuple[str, Path]]:
    """Yield each language that needs translations, and its file."""
    for language in LANGUAGES:
        if language != SOURCE_LANGUAGE:
            yield language, locales / language / "LC_MESSAGES" / "messages.po"


def main(arguments: list[str] | None = None) -> int:
    """Update every language; returns 1 if ``--check`` found something missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on gaps")
    parser.add_argument("--only", default="", help="list what is missing in files with this word")
    options = parser.parse_args(arguments)
    words = template()
    complete = True
    for language, path in languages():
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = updated(old, words, language)
        if not options.check and new != old:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(new, encoding="utf-8")
        gaps = Gaps(language, missing(new, language), stale=new != old)
        complete = complete and not gaps.missing and not gaps.stale
        _say(gaps, words, options.only, check=options.check)
    return 1 if options.check and not complete else 0


def _say(gaps: Gaps, words: Catalog, only: str, *, check: bool) -> None:
    shown = [
        identity
        for identity in gaps.missing
        if any(only in file for file, _ in words[identity].locations)
    ]
    for identity in shown:
        print(f"{gaps.language}: no words for {identity!r}")
    stale = "; the file is not up to date" if check and gaps.stale else ""
    print(f"{gaps.language}: {len(gaps.missing)} of {len(words)} ids have no words{stale}.")


def _translated(string: str | tuple[str, ...] | list[str] | None) -> bool:
    pieces = [string] if isinstance(string, str) else list(string or ())
    return bool(pieces) and all(pieces)


if __name__ == "__main__":
    raise SystemExit(main())
