"""The orders of the last days, as they were priced; or the catalogue, where there are none."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlmodel import Session, col, select

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.queries import title_in
from parts3d.catalogue.tables import Part, Revision
from parts3d.errors import Invalid
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.price_effect import (
    PastLine,
    PastOrder,
    in_proportion,
    past_order_of,
)
from parts3d.orders.tables import Order
from parts3d.quotes.pricing import PricedLine, price
from parts3d.quotes.queries import ready_slices
from parts3d.quotes.tables import Quote, QuoteLine
from parts3d.quotes.tariff import Tariff
from parts3d.quotes.tariff_service import known_tariffs
from parts3d.slicing.tables import Slice

MOST_ORDERS = 5000
_NOT_BOUGHT = (OrderStatus.DRAFT, OrderStatus.CANCELLED)


def past_orders(
    session: Session, now: datetime, *, days: int, language: str
) -> tuple[PastOrder, ...]:
    """Return what was ordered in the last days and not cancelled, the newest first.

    Args:
        session: only read from.
        now: the end of the days.
        days: how many.
        language: of the parts' names.
    """
    bought = session.exec(
        select(Order, Quote)
        .join(Quote, col(Quote.id) == col(Order.quote_id))
        .where(
            col(Order.created_at) > now - timedelta(days=days),
            col(Order.status).not_in(_NOT_BOUGHT),
        )
        .order_by(col(Order.created_at).desc(), col(Order.id))
        .limit(MOST_ORDERS)
    ).all()
    lines = priced_lines(session, [quote.id for _, quote in bought], language)
    tariffs = {known.tariff.id: known.tariff for known in known_tariffs(session)}
    return tuple(
        _past_order(order, quote, lines[quote.id], tariffs.get(quote.tariff_id))
        for order, quote in bought
        if quote.id in lines
    )


def priced_lines(
    session: Session, quote_ids: Sequence[str], language: str
) -> dict[str, list[tuple[QuoteLine, PricedLine, str]]]:
    """Return the lines of quotes as they were priced, with the parts' names, by quote."""
    lines: dict[str, list[tuple[QuoteLine, PricedLine, str]]] = {}
    for line, slice_, revision, slug in session.exec(
        select(QuoteLine, Slice, Revision, Part.slug)
        .join(Slice, col(Slice.id) == col(QuoteLine.slice_id))
        .join(Revision, col(Revision.id) == col(QuoteLine.revision_id))
        .join(Part, col(Part.id) == col(Revision.part_id))
        .where(col(QuoteLine.quote_id).in_(quote_ids))
        .order_by(col(QuoteLine.position))
    ):
        priced = PricedLine(
            filament_mg=line.filament_mg,
            print_seconds=line.print_seconds,
            printer_model=slice_.printer_model,
            material=slice_.material,
            quantity=line.quantity,
            part=slug,
            measured_copies=line.quantity,
        )
        lines.setdefault(line.quote_id, []).append((line, priced, title_in(revision, language)))
    return lines


def catalogue_examples(
    session: Session,
    tariff: Tariff,
    vat: Decimal,
    *,
    printer_models: Collection[str],
    language: str,
) -> tuple[PastOrder, ...]:
    """Return one copy of each part on sale, priced by a tariff on its dearest sliced model.

    Args:
        session: only read from.
        tariff: the one in force.
        vat: rate.
        printer_models: those that a price may come from.
        language: of the parts' names.
    """
    examples = []
    for part, revision in session.exec(
        select(Part, Revision)
        .join(Revision, col(Revision.id) == col(Part.current_revision_id))
        .where(Revision.status == RevisionStatus.APPROVED)
        .order_by(col(Part.slug))
    ):
        title = title_in(revision, language)
        priced = []
        for one in ready_slices(session, revision, printer_models).values():
            line = PricedLine(
                one.filament_mg, one.print_seconds, one.printer_model, one.material, 1, part.slug
            )
            try:
                priced.append(past_order_of(tariff, title, title, line, vat))
            except Invalid:
                continue
        if priced:
            examples.append(max(priced, key=lambda example: example.cost_cents))
    return tuple(examples)


def _past_order(
    order: Order,
    quote: Quote,
    lines: list[tuple[QuoteLine, PricedLine, str]],
    tariff: Tariff | None,
) -> PastOrder:
    vat, rush = Decimal(quote.vat_percent) / 100, quote.rush_cents > 0
    cost_cents = quote.total_cents + quote.voucher_total_cents
    line_cents = [line.total_cents for line, _, _ in lines]
    if quote.voucher_total_cents:
        # A voucher may have been for one line only: what each cost says its own tariff.
        if tariff is not None:
            priced = [line for _, line, _ in lines]
            line_cents = list(price(tariff, priced, vat, rush=rush).line_total_cents)
        line_cents = in_proportion(cost_cents, line_cents)
    return PastOrder(
        order_id=order.id,
        label=order.number,
        lines=tuple(
            PastLine(title, priced, cents)
            for (_, priced, title), cents in zip(lines, line_cents, strict=True)
        ),
        cost_cents=cost_cents,
        components={
            "material": quote.material_cents,
            "machine": quote.machine_cents,
            "handling": quote.handling_cents,
            "quantity_discount": quote.quantity_discount_cents,
            "rush": quote.rush_cents,
            "share": quote.share_cents,
            "royalty": quote.royalty_cents,
        },
        vat=vat,
        rush=rush,
    )
