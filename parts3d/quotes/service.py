"""Prices of catalogue parts, and quotes: prices frozen for a while."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from parts3d.errors import Conflict, Expired, Invalid, NotFound
from parts3d.quotes.layout import Layout, lay_out, revision_on_sale
from parts3d.quotes.pricing import Price, PricedLine, price
from parts3d.quotes.queries import ReadySlice
from parts3d.quotes.seal import seal_of
from parts3d.quotes.tables import Quote, QuoteLine
from parts3d.quotes.tariff import Tariff
from parts3d.quotes.tariff_service import tariff_in_force
from parts3d.quotes.voucher_service import check_voucher
from parts3d.settings import Settings

_BRUSSELS = ZoneInfo("Europe/Brussels")
MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """A part and how many of it."""

    revision_id: str
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class LinePrice:
    """One line of a price: how it is laid on beds, and the printer model it was priced for."""

    layout: Layout
    model: str
    total_cents: int

    @property
    def slice(self) -> ReadySlice:
        """The slice that most of its grams and seconds were taken from."""
        return self.layout.plates[0].slices[self.model]

    @property
    def quantity(self) -> int:
        """How many copies."""
        return self.layout.quantity

    @property
    def material(self) -> str:
        """What it is printed of."""
        return self.slice.material

    @property
    def filament_mg(self) -> int:
        """What all copies weigh."""
        return self.layout.filament_mg(self.model)

    @property
    def print_seconds(self) -> int:
        """How long all its prints take, one after another."""
        return self.layout.print_seconds(self.model)


@dataclass(frozen=True, slots=True)
class WholePrice:
    """A price that is shown but not yet frozen, and the lines it was computed from."""

    price: Price
    lines: tuple[LinePrice, ...]

    @property
    def awaits_plates(self) -> bool:
        """Tell whether a better price is being computed: several copies on one bed."""
        return any(line.layout.awaited for line in self.lines)

    @property
    def unasked_plates(self) -> list[tuple[str, int]]:
        """Plates that nobody has asked the slicer for yet: revision and copies."""
        return [
            (line.layout.revision.id, copies)
            for line in self.lines
            for copies in line.layout.unasked
        ]


def price_wanted(
    session: Session,
    settings: Settings,
    wanted: Sequence[Wanted],
    now: datetime,
    *,
    printer_models: Collection[str],
    voucher: str | None = None,
    rush: bool = False,
) -> WholePrice:
    """Price parts from their slices.

    Each line at its dearest model, so that the price is the same everywhere.

    Args:
        session: only read from.
        settings: VAT and the largest quantity.
        wanted: the lines; every part once.
        now: decides the tariff.
        printer_models: models that stand at active points.
        voucher: a code as it was typed, if one was.
        rush: to be served before others, for a surcharge.

    Raises:
        NotFound: unknown revision, or no such voucher.
        Conflict: not on sale, not yet sliced (says how far it is), or the voucher is for
            something else.
        Expired: the voucher's time is over.
        Invalid: no lines or too many, a part twice, a quantity or a rush that is not offered.
    """
    _check_lines(wanted, settings.max_quantity)
    layouts = [
        lay_out(session, revision_on_sale(session, one.revision_id), one.quantity, printer_models)
        for one in wanted
    ]
    tariff = tariff_in_force(session, now)
    vat = Decimal(settings.vat_percent) / 100
    models = [_dearest_model(tariff, layout, vat) for layout in layouts]
    whole = price(
        tariff,
        [_priced_line(layout, model) for layout, model in zip(layouts, models, strict=True)],
        vat,
        rush=rush,
        voucher=check_voucher(session, voucher, now, parts=[one.part for one in layouts])
        if voucher
        else None,
    )
    return WholePrice(
        whole,
        tuple(
            LinePrice(layout, model, total_cents)
            for layout, model, total_cents in zip(
                layouts, models, whole.line_total_cents, strict=True
            )
        ),
    )


def price_part(
    session: Session,
    settings: Settings,
    revision_id: str,
    quantity: int,
    now: datetime,
    *,
    printer_models: Collection[str],
) -> WholePrice:
    """Price one part; as ``price_wanted``."""
    wanted = [Wanted(revision_id, quantity)]
    return price_wanted(session, settings, wanted, now, printer_models=printer_models)


def quote_wanted(
    session: Session,
    settings: Settings,
    wanted: Sequence[Wanted],
    now: datetime,
    *,
    printer_models: Collection[str],
    voucher: str | None = None,
    rush: bool = False,
) -> Quote:
    """Freeze the price of parts for ``settings.quote_minutes``; refuses as ``price_wanted``."""
    whole = price_wanted(
        session, settings, wanted, now, printer_models=printer_models, voucher=voucher, rush=rush
    )
    return freeze(session, settings, whole, now)


def freeze(
    session: Session,
    settings: Settings,
    whole: WholePrice,
    now: datetime,
    *,
    until: datetime | None = None,
) -> Quote:
    """Keep a price that was just computed as a quote, sealed; ``until`` is when it expires."""
    quote = Quote(
        tariff_id=whole.price.tariff_id,
        material_cents=whole.price.material_cents,
        machine_cents=whole.price.machine_cents,
        handling_cents=whole.price.handling_cents,
        quantity_discount_cents=whole.price.quantity_discount_cents,
        rush_cents=whole.price.rush_cents,
        share_cents=whole.price.share_cents,
        royalty_cents=whole.price.royalty_cents,
        voucher_cents=whole.price.voucher_cents,
        net_cents=whole.price.net_cents,
        vat_percent=settings.vat_percent,
        vat_cents=whole.price.vat_cents,
        total_cents=whole.price.total_cents,
        voucher_code=whole.price.voucher_code,
        voucher_total_cents=whole.price.voucher_total_cents,
        created_at=now,
        expires_at=until or now + timedelta(minutes=settings.quote_minutes),
    )
    lines = [
        QuoteLine(
            quote_id=quote.id,
            position=position,
            revision_id=one.layout.revision.id,
            slice_id=one.slice.slice_id,
            quantity=one.quantity,
            plates=[
                {
                    "copies": plate.copies,
                    "prints": plate.prints,
                    "slice_id": plate.slices[one.model].slice_id,
                    "gcode_sha256": plate.slices[one.model].gcode_sha256,
                    "filament_mg": plate.slices[one.model].filament_mg,
                    "print_seconds": plate.slices[one.model].print_seconds,
                }
                for plate in one.layout.plates
            ],
            filament_mg=one.filament_mg,
            print_seconds=one.print_seconds,
            total_cents=one.total_cents,
        )
        for position, one in enumerate(whole.lines, start=1)
    ]
    return seal(session, settings, quote, lines)


def seal(session: Session, settings: Settings, quote: Quote, lines: Sequence[QuoteLine]) -> Quote:
    """Seal a new quote with its lines, and keep it."""
    quote.seal = seal_of(settings.secret(), quote, lines)
    session.add(quote)
    session.flush()
    session.add_all(lines)
    session.flush()
    return quote


def quote_part(
    session: Session,
    settings: Settings,
    revision_id: str,
    quantity: int,
    now: datetime,
    *,
    printer_models: Collection[str],
) -> Quote:
    """Freeze the price of one part; as ``quote_wanted``."""
    wanted = [Wanted(revision_id, quantity)]
    return quote_wanted(session, settings, wanted, now, printer_models=printer_models)


def find_quote(session: Session, quote_id: str) -> Quote:
    """Return a quote by its id.

    Raises:
        NotFound: there is none.
    """
    quote = session.get(Quote, quote_id)
    if quote is None:
        raise NotFound("There is no such quote. Ask for the price again.", code="unknown_quote")
    return quote


def quote_lines(session: Session, quote_id: str) -> Sequence[QuoteLine]:
    """Return the lines of a quote, in their order."""
    return session.exec(
        select(QuoteLine).where(QuoteLine.quote_id == quote_id).order_by(col(QuoteLine.position))
    ).all()


def still_valid(session: Session, settings: Settings, quote: Quote, now: datetime) -> Quote:
    """Return the quote while its price is frozen and as it was given.

    Raises:
        Expired: its time is over.
        Conflict: it is not what was given.
    """
    if now >= quote.expires_at:
        until = quote.expires_at.astimezone(_BRUSSELS)
        of_today = until.date() == now.astimezone(_BRUSSELS).date()
        raise Expired(
            f"This price was frozen until {until:{'%H:%M' if of_today else '%d/%m/%Y, %H:%M'}}. "
            "Ask for the price again.",
            code="quote_expired",
        )
    return as_given(session, settings, quote)


def as_given(session: Session, settings: Settings, quote: Quote) -> Quote:
    """Return the quote if it is as it was given, expired or not.

    Raises:
        Conflict: a price or a part in it was altered.
    """
    lines = quote_lines(session, quote.id)
    if quote.seal is not None and quote.seal != seal_of(settings.secret(), quote, lines):
        raise Conflict(
            "This quote is not as it was given: a price or a part in it was altered. "
            "Ask for the price again.",
            code="quote_altered",
        )
    return quote


def _check_lines(wanted: Sequence[Wanted], most: int) -> None:
    if not wanted:
        raise Invalid("There is nothing to price: the basket is empty.", place="lines")
    if len(wanted) > MOST_LINES:
        raise Invalid(
            f"{len(wanted)} different parts are too many for one order. "
            f"Order at most {MOST_LINES} at once.",
            place="lines",
        )
    if len({one.revision_id for one in wanted}) < len(wanted):
        raise Invalid(
            "The same part is on two lines. Give it once, with its whole quantity.", place="lines"
        )
    for one in wanted:
        if not 1 <= one.quantity <= most:
            raise Invalid(
                f"{one.quantity} copies cannot be ordered here. Choose from 1 to {most}.",
                place="quantity",
            )


def _dearest_model(tariff: Tariff, layout: Layout, vat: Decimal) -> str:
    # Without the minimum, which would make cheap models look alike.
    exact = replace(tariff, minimum_total_cents=0)
    return max(
        layout.models,
        key=lambda model: price(exact, [_priced_line(layout, model)], vat).total_cents,
    )


def _priced_line(layout: Layout, model: str) -> PricedLine:
    return PricedLine(
        filament_mg=layout.filament_mg(model),
        print_seconds=layout.print_seconds(model),
        printer_model=model,
        material=layout.revision.recipe["material"],
        quantity=layout.quantity,
        part=layout.part,
        measured_copies=layout.quantity,
    )
