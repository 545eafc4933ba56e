"""Finding a part: by words in any language, by brand, by the appliance's model number."""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from parts3d.catalogue.tables import Fit, Part, Revision, SearchText

_MIN_MODEL_LENGTH = 3
_MAX_QUERY_LENGTH = 120
_MAX_TOKENS = 8
_MAX_MODEL_WORDS = 4
# What a hit is worth: a model number says more than a word of the description.
_MODEL_WORTH, _WORD_WORTH = 10, 1


@dataclass(frozen=True, slots=True)
class FoundPart:
    """A part that was found, and the appliance it was found by, if it was."""

    part: Part
    revision: Revision
    fitting: str | None


def fold(text: str) -> str:
    """Return plain lower-case words: no accents, no punctuation, one space between."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(re.findall(r"[a-z0-9]+", plain.replace("ß", "ss")))


def fold_model(number: str) -> str:
    """Return a model number as it is compared: letters and digits, upper case."""
    return "".join(sign for sign in number.upper() if sign.isascii() and sign.isalnum())


def find_parts(session: Session, query: str, *, limit: int = 50) -> list[FoundPart]:
    """Return the parts on sale that fit a query, the best first; all of them for an empty one.

    Every word must be found: in the part's words (any language), as its brand, or as (the
    beginning of) a model number that it fits.
    """
    tokens = _tokens(session, fold(query[:_MAX_QUERY_LENGTH]).split()[:_MAX_TOKENS])
    on_sale = {
        part.id: (part, revision)
        for part, revision in session.exec(
            select(Part, Revision)
            .where(Part.current_revision_id == Revision.id)
            .order_by(col(Part.category), col(Part.slug))
        ).all()
    }
    if not tokens:
        return [FoundPart(part, revision, None) for part, revision in on_sale.values()][:limit]
    scores: dict[str, int] = dict.fromkeys(on_sale, 0)
    fitting: dict[str, str] = {}
    for token in tokens:
        by_model = _by_model(session, token)
        hits: dict[str, int] = defaultdict(int)
        for part_id in _by_word(session, token):
            hits[part_id] += _WORD_WORTH
        for part_id, words in by_model.items():
            hits[part_id] += _MODEL_WORTH
            fitting[part_id] = words
        scores = {
            part_id: score + hits[part_id] for part_id, score in scores.items() if part_id in hits
        }
    ranked = sorted(scores, key=lambda part_id: (-scores[part_id], on_sale[part_id][0].slug))
    return [FoundPart(*on_sale[part_id], fitting.get(part_id)) for part_id in ranked[:limit]]


def _tokens(session: Session, words: list[str]) -> list[str]:
    """Join words that are one model number written with spaces, as "SMS 46 GI"."""
    tokens: list[str] = []
    start = 0
    while start < len(words):
        for length in range(min(_MAX_MODEL_WORDS, len(words) - start), 0, -1):
            joined = "".join(words[start : start + length])
            has_digit = any(sign.isdigit() for sign in joined)
            if length == 1 or (has_digit and _by_model(session, joined)):
                tokens.append(joined)
                start += length
                break
    return tokens


def _by_word(session: Session, token: str) -> set[str]:
    rows = session.exec(
        select(SearchText.part_id).where(
            or_(
                col(SearchText.folded).startswith(token, autoescape=True),
                col(SearchText.folded).contains(f" {token}", autoescape=True),
            )
        )
    ).all()
    return set(rows)


def _by_model(session: Session, token: str) -> dict[str, str]:
    """Return parts by a typed model number, whole or begun, with the appliance in words."""
    number = fold_model(token)
    if len(number) < _MIN_MODEL_LENGTH:
        return {}
    prefixes = [number[:length] for length in range(_MIN_MODEL_LENGTH, len(number) + 1)]
    rows = session.exec(
        select(Fit).where(
            or_(
                # "SMS46GI01E" typed, "SMS4*" in the manifest.
                and_(
                    col(Fit.model_prefix).in_(prefixes),
                    or_(col(Fit.model_pattern).endswith("*"), col(Fit.model_prefix) == number),
                ),
                # "SMS" typed so far.
                col(Fit.model_prefix).startswith(number, autoescape=True),
            )
        )
    ).all()
    return {fit.part_id: f"{fit.brand} {fit.model_pattern}" for fit in rows}
