"""A part and its price in words: what the pages show of a manifest and of a tariff's result."""

from collections.abc import Callable
from typing import Any

from babel.numbers import format_decimal

from parts3d.catalogue.category_words import category_name
from parts3d.catalogue.queries import PartOnSale
from parts3d.catalogue.tables import Revision
from parts3d.languages import locale_of, translations


def duration_words(seconds: float, language: str) -> str:
    """Return "35 min" or "1 h 05 min"."""
    _ = translations(language).gettext
    hours, minutes = divmod(max(1, round(seconds / 60)), 60)
    if not hours:
        return _("{minutes} min").format(minutes=minutes)
    return _("{hours} h {minutes:02d} min").format(hours=hours, minutes=minutes)


def picture_url(slug: str, revision: Revision, pixels: int | None = None) -> str | None:
    """Return the address of a part's picture, which changes when the picture does.

    Args:
        slug: the part's.
        revision: the one on sale.
        pixels: a side of the small copy that is enough, one of ``THUMBNAIL_PIXELS``.
    """
    if revision.picture_sha256 is None:
        return None
    small = f"&size={pixels}" if pixels else ""
    return f"/api/v1/parts/{slug}/picture.png?v={revision.picture_sha256[:10]}{small}"


def pattern_words(pattern: str) -> str:
    """Return a model pattern as people write it: ``SMS4*`` is "SMS4…"."""
    return pattern.replace("*", "…")


def about(shown: PartOnSale, language: str) -> dict[str, Any]:
    """Return what a buyer should know of the part itself."""
    _, manifest = translations(language).gettext, shown.manifest
    size = [
        format_decimal(length, format="0.0", locale=locale_of(language))
        for length in (manifest.dimensions_mm.x, manifest.dimensions_mm.y, manifest.dimensions_mm.z)
    ]
    hottest = manifest.limits.max_temperature_c
    return {
        "part": shown,
        "category": category_name(shown.part.category, _),
        "category_slug": shown.part.category,
        "description": shown.description(language),
        "picture": picture_url(shown.part.slug, shown.revision),
        "sizes": [f"{length} mm" for length in size],
        "size": f"{' × '.join(size)} mm",  # noqa: RUF001 - lengths are multiplied
        "fits": [
            {
                "appliance": category_name(fit.appliance, _),
                "brand": fit.brand,
                "models": [pattern_words(model) for model in fit.models],
                "reference": fit.maker_reference,
            }
            for fit in manifest.fits
        ],
        "material": manifest.recipe.material,
        "load": getattr(manifest.limits.load, language),
        "max_temperature": None if hottest is None else f"{hottest:g} °C",
        "safety": safety_words(manifest.safety_class or "", _),
        "licence": manifest.licence,
        "manufacturer": manifest.manufacturer,
        "withdrawal_days": getattr(manifest.withdrawal, "days", None),
        "no_withdrawal": getattr(getattr(manifest.withdrawal, "reason", None), language, None),
    }


def safety_words(safety_class: str, _: Callable[[str], str]) -> str:
    """Say what a safety class means to the buyer."""
    return {
        "S0": _("Cosmetic: nothing happens when it breaks."),
        "S1": _("Low load: check it now and then, and replace it when it shows cracks."),
        "S2": _(
            "Warm, outdoors or under load: keep to the limits above, and check it now and then."
        ),
        "S3": _("Approved one by one with a test report: keep to the limits above."),
    }.get(safety_class, "")
