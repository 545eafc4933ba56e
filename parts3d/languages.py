"""Languages: which there are, which one a visitor gets, and the words in it (gettext).

Message ids are English. The ``.po`` files under ``locales/`` are the source; they are
compiled in memory at the first use, so that no compiled file can be stale.
"""

import io
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES: dict[str, str] = {"fr": "Français", "en": "English"}
DEFAULT_LANGUAGE = "fr"
# Names in the catalogue exist in these, also where the pages do not yet.
CATALOGUE_LANGUAGES = ("fr", "nl", "de", "en")
_LOCALES = Path(__file__).parent / "locales"


def choose_language(asked: str | None, remembered: str | None, accept_language: str | None) -> str:
    """Return the language of a page: asked for, else remembered, else the browser's, else French.

    Args:
        asked: from ``?lang=``.
        remembered: from the cookie.
        accept_language: the browser's header, as ``nl-BE,nl;q=0.9,en;q=0.5``.
    """
    for wish in (asked, remembered):
        if wish in LANGUAGES:
            return wish
    for tag in _by_preference(accept_language or ""):
        if tag in LANGUAGES:
            return tag
    return DEFAULT_LANGUAGE


def _by_preference(accept_language: str) -> list[str]:
    weighted: list[tuple[float, str]] = []
    for entry in accept_language[:200].split(","):
        tag, _, quality = entry.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        weighted.append((-weight, tag[:2].lower()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: pair[0])]


def locale_of(language: str) -> str:
    """Return how numbers and dates are written for readers of a language.

    As in Belgium; but Belgium's English writes 7,3 where readers of English expect 7.3, so
    theirs is Ireland's: points, euros, and the day before the month.
    """
    return "en_IE" if language == "en" else f"{language}_BE"


@cache
def translations(language: str) -> NullTranslations:
    """Return the gettext translations of a language; English has none, its ids are its words."""
    path = _LOCALES / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
