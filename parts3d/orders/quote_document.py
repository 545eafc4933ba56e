"""A saved quote as a PDF: typeset from data, tagged for screen readers (PDF/UA-1).

The typesetter reads nothing but what is handed in: no file of the machine, no font of the
system, no package of a registry. What people wrote (names, addresses) comes as data and is
never read as markup.
"""

import io
import json
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import segno

from parts3d.languages import translations

_PACKAGE = Path(__file__).parents[1]
_TEMPLATE = _PACKAGE / "templates" / "quotes" / "quote.typ"
_LOGO = _PACKAGE / "static" / "logo.svg"


def quote_pdf(
    shown: Mapping[str, Any], pictures: Mapping[int, bytes], language: str, given: datetime
) -> bytes:
    """Typeset a saved quote; the same quote gives the same bytes.

    Args:
        shown: as ``quote_view.quote_view`` returns it.
        pictures: PNG by the line's position, where there is one.
        language: of the words; those of ``shown`` are in it already.
        given: when the quote was given; stands in the file instead of the moment of printing.
    """
    options = {"format": "pdf", "pdf_standards": "ua-1", "timestamp": given.astimezone(UTC)}
    return _typeset(_files(shown, pictures, language), options)[0]


def quote_pages_png(
    shown: Mapping[str, Any], pictures: Mapping[int, bytes], language: str
) -> list[bytes]:
    """Draw the same pages as pictures, to be looked at."""
    return _typeset(_files(shown, pictures, language), {"format": "png", "ppi": 110})


def _typeset(files: Mapping[str, bytes], options: Mapping[str, Any]) -> list[bytes]:
    import typst

    with tempfile.TemporaryDirectory(prefix="parts3d-quote-") as temporary:
        folder = Path(temporary)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        # The folder is the root: nothing outside of it can be read.
        made: Any = typst.compile(folder / "main.typ", root=folder, font_paths=_fonts(), **options)
    return list(made) if isinstance(made, list) else [made]


@cache
def _fonts() -> Any:  # noqa: ANN401 - no type of typst may be named before it is imported
    # Imported where used: 80 MB of program, which only whoever prints a quote needs.
    import typst

    return typst.Fonts(include_system_fonts=False)


def _files(
    shown: Mapping[str, Any], pictures: Mapping[int, bytes], language: str
) -> dict[str, bytes]:
    _ = translations(language).gettext
    names = {position: f"part-{position}.png" for position in pictures}
    qr = io.BytesIO()
    segno.make(shown["link"], error="m").save(qr, kind="svg", border=2, omitsize=True)
    data = {
        "language": language,
        "title": f"{_('Quote')} {shown['number']}",
        "words": _words(shown, _),
        "terms": terms(shown, _),
        "vat_note": vat_note(shown, _),
        "lines": [
            {key: value for key, value in one.items() if key != "picture_sha256"}
            | {"image": names.get(one["position"])}
            for one in shown["lines"]
        ],
        **{
            key: shown[key]
            for key in (
                "number",
                "link",
                "seller",
                "given",
                "until",
                "tariff",
                "prints",
                "price",
                "total",
            )
        },
    }
    return {
        "main.typ": _TEMPLATE.read_bytes(),
        "data.json": json.dumps(data).encode(),
        "logo.svg": _LOGO.read_bytes(),
        "qr.svg": qr.getvalue(),
        **{names[position]: png for position, png in pictures.items()},
    }


def terms(shown: Mapping[str, Any], _: Callable[[str], str]) -> list[str]:
    """Return what holds between buyer and seller for a quote, in sentences."""
    found = [
        _(
            "This price is frozen until {until} and stays the same at every point of the "
            "network, whatever happens to our tariff. It can be ordered once."
        ).format(until=shown["until"]),
        _(
            "The ready time is promised when you order: it depends on the printers that are free "
            "at that moment."
        ),
    ]
    if shown["rush"]:
        found.append(
            _(
                "The surcharge for being served before others is for points where that makes it "
                "earlier; elsewhere this quote cannot be ordered."
            )
        )
    return found


def vat_note(shown: Mapping[str, Any], _: Callable[[str], str]) -> str:
    """Return how much of the total is VAT."""
    return _("Of the total, {net} net and {vat} VAT ({percent} %).").format(
        net=shown["net"], vat=shown["vat"], percent=shown["vat_percent"]
    )


def _words(shown: Mapping[str, Any], _: Callable[[str], str]) -> dict[str, str]:
    return {
        "quote": _("Quote"),
        "given": _("Given on"),
        "until": _("Valid until"),
        "total": _("Total"),
        "total_with_vat": _("Total, VAT included"),
        "parts": _("Parts"),
        "picture": _("Picture"),
        "part": _("Part"),
        "quantity": _("Quantity"),
        "amount": _("Amount"),
        "component": _("Component"),
        "price": _("How the price is made up"),
        "terms": _("What holds"),
        "open": _("Open this quote on our site, and order at this price"),
        "qr": _("QR code that opens quote {number} on our site").format(number=shown["number"]),
        "scan": _("Scan to open"),
        "prints": _("What was priced"),
        "prints_why": _(
            "Time and weight are not estimated: the part was prepared for printing, and these are "
            "the fingerprints (SHA-256) of the very print files that were priced."
        ),
        "beds": _("Prints"),
        "one_print": _("Each print"),
        "tariff": _("Tariff"),
        "vat_number": _("VAT number"),
        "page": _("Page"),
    }
