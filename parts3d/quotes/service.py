"""Prices of catalogue parts, and quotes: prices frozen for a while."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlmodel import Session

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.tables import Part, Revision
from parts3d.errors import Conflict, Expired, Invalid, NotFound
from parts3d.quotes.pricing import Price, PricedLine, price
from parts3d.quotes.queries import ReadySlice, ready_slices, slicing_progress
from parts3d.quotes.tables import Quote
from parts3d.quotes.tariff import tariff_at
from parts3d.quotes.tariff_file import shipped_tariffs
from parts3d.settings import Settings

_BRUSSELS = ZoneInfo("Europe/Brussels")


@dataclass(frozen=True, slots=True)
class PartPrice:
    """A price that is shown but not yet frozen, and the slice it was taken from."""

    price: Price
    slice: ReadySlice
    quantity: int


def revision_on_sale(session: Session, revision_id: str) -> Revision:
    """Return a revision that may be sold now.

    Raises:
        NotFound: there is none of that id.
        Conflict: it is not approved, or a newer one replaced it.
    """
    revision = session.get(Revision, revision_id)
    if revision is None:
        raise NotFound("There is no such part. Search for it in the shop.", code="unknown_part")
    part = session.get(Part, revision.part_id)
    if (
        revision.status is not RevisionStatus.APPROVED
        or part is None
        or part.current_revision_id != revision.id
    ):
        raise Conflict("This part is not on sale.", code="not_on_sale")
    return revision


def price_part(
    session: Session,
    settings: Settings,
    revision_id: str,
    quantity: int,
    now: datetime,
    *,
    printer_models: Collection[str],
) -> PartPrice:
    """Price a part from its slices: the dearest one, so that the price is the same everywhere.

    Args:
        session: only read from.
        settings: VAT and the largest quantity.
        revision_id: the part's current revision.
        quantity: copies.
        now: decides the tariff.
        printer_models: models that stand at active points.

    Raises:
        NotFound: unknown revision.
        Conflict: not on sale, or not yet sliced (says how far it is).
        Invalid: a quantity below one or beyond the limit.
    """
    revision = revision_on_sale(session, revision_id)
    _check_quantity(quantity, settings.max_quantity)
    slices = ready_slices(session, revision, printer_models)
    if not slices:
        raise not_sliced(session, revision, printer_models)
    tariff = tariff_at(shipped_tariffs(), now.astimezone(_BRUSSELS).date())
    vat = Decimal(settings.vat_percent) / 100
    priced = [
        PartPrice(
            price(
                tariff,
                [
                    PricedLine(
                        filament_mg=one.filament_mg,
                        print_seconds=one.print_seconds,
                        printer_model=one.printer_model,
                        material=one.material,
                        quantity=quantity,
                    )
                ],
                vat,
            ),
            one,
            quantity,
        )
        for _, one in sorted(slices.items())
    ]
    return max(priced, key=lambda part: part.price.total_cents)


def quote_part(
    session: Session,
    settings: Settings,
    revision_id: str,
    quantity: int,
    now: datetime,
    *,
    printer_models: Collection[str],
) -> Quote:
    """Freeze the price of a part for ``settings.quote_minutes``; refuses as ``price_part``."""
    part = price_part(session, settings, revision_id, quantity, now, printer_models=printer_models)
    quote = Quote(
        revision_id=revision_id,
        slice_id=part.slice.slice_id,
        quantity=quantity,
        tariff_id=part.price.tariff_id,
        material_cents=part.price.material_cents,
        machine_cents=part.price.machine_cents,
        handling_cents=part.price.handling_cents,
        share_cents=part.price.share_cents,
        net_cents=part.price.net_cents,
        vat_percent=settings.vat_percent,
        vat_cents=part.price.vat_cents,
        total_cents=part.price.total_cents,
        created_at=now,
        expires_at=now + timedelta(minutes=settings.quote_minutes),
    )
    session.add(quote)
    session.flush()
    return quote


def find_quote(session: Session, quote_id: str) -> Quote:
    """Return a quote by its id.

    Raises:
        NotFound: there is none.
    """
    quote = session.get(Quote, quote_id)
    if quote is None:
        raise NotFound("There is no such quote. Ask for the price again.", code="unknown_quote")
    return quote


def still_valid(quote: Quote, now: datetime) -> Quote:
    """Return the quote while its price is frozen.

    Raises:
        Expired: its time is over.
    """
    if now >= quote.expires_at:
        until = quote.expires_at.astimezone(_BRUSSELS).strftime("%H:%M")
        raise Expired(
            f"This price was frozen until {until}. Ask for the price again.", code="quote_expired"
        )
    return quote


def _check_quantity(quantity: int, most: int) -> None:
    if not 1 <= quantity <= most:
        raise Invalid(
            f"{quantity} copies cannot be ordered here. Choose from 1 to {most}.", place="quantity"
        )


def not_sliced(session: Session, revision: Revision, printer_models: Collection[str]) -> Conflict:
    """Return the refusal of a part without a slice: how far it is, or that it failed."""
    if not printer_models:
        return Conflict("No point is open for orders at the moment.", code="no_points")
    progress = slicing_progress(session, revision, printer_models)
    if progress.failed >= progress.total:
        return Conflict(
            "This part cannot be printed at the moment; the maintainers have been told.",
            code="slicing_failed",
        )
    return Conflict(
        f"This part is being prepared for our printers ({progress.ready} of {progress.total} "
        "done). Try again in a few minutes.",
        code="being_sliced",
    )
