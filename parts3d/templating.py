"""The Jinja2 environment: one a language, with the filters that pages share."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import segno
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from parts3d.assets import asset_path
from parts3d.languages import locale_of, translations

_BRUSSELS = ZoneInfo("Europe/Brussels")
_TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment(language: str) -> Environment:
    """Return the environment of a language; undefined names are errors, HTML is escaped."""
    env = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.install_gettext_translations(  # type: ignore[attr-defined]  # from the extension
        translations(language), newstyle=True
    )
    env.globals["asset"] = asset_path
    env.filters["euros"] = lambda cents: euros(cents, language)
    env.filters["clock"] = clock_time
    env.filters["day"] = lambda moment: day(moment, language)
    env.filters["decimal"] = lambda value, digits=1: format_decimal(
        round(value, digits), locale=locale_of(language)
    )
    env.filters["qr"] = qr_svg
    return env


def euros(cents: int, language: str) -> str:
    """Write integer cents as euros, as a Belgian reader of the language writes them."""
    return format_currency(cents / 100, "EUR", locale=locale_of(language))


def clock_time(moment: datetime) -> str:
    """Write a moment as Brussels clock time, as 16:40."""
    return format_time(moment.astimezone(_BRUSSELS), "HH:mm", locale="fr_BE")


def day(moment: datetime, language: str) -> str:
    """Write a moment's Brussels day, as "Tuesday 24 November"."""
    return format_date(moment.astimezone(_BRUSSELS), "EEEE d MMMM", locale=locale_of(language))


def qr_svg(text: str, scale: int = 5) -> Markup:
    """Draw a text as a QR code, inline SVG."""
    drawn: Any = segno.make(text, error="m")
    return Markup(drawn.svg_inline(scale=scale, border=2, omitsize=False))  # noqa: S704 - our own SVG
