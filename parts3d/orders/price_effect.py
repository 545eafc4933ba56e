"""What another tariff would have made of orders: each priced again, and the differences. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from parts3d.errors import Invalid
from parts3d.quotes.pricing import Price, PricedLine, price, spread
from parts3d.quotes.tariff import Tariff

# Between these percents a change counts as one bar; the first and the last are open.
BAR_EDGES = (-20, -10, -5, -1, 1, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class PastLine:
    """One line as it was priced.

    Args:
        title: the part's name.
        line: as it was priced; its ``part`` is the slug.
        cost_cents: its share of the order's total, voucher left out.
    """

    title: str
    line: PricedLine
    cost_cents: int


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order as it was priced, vouchers left out on both sides.

    Args:
        order_id: None for an example that nobody ordered.
        label: its number, or the example's name.
        lines: at least one.
        cost_cents: its total with VAT.
        components: net cents by component, as ``Price.components``.
        vat: rate.
        rush: it was paid to be served before others.
    """

    order_id: str | None
    label: str
    lines: tuple[PastLine, ...]
    cost_cents: int
    components: Mapping[str, int]
    vat: Decimal
    rush: bool = False


@dataclass(frozen=True, slots=True)
class OrderEffect:
    """An order, and what it would cost."""

    order: PastOrder
    would_cents: int

    @property
    def change_cents(self) -> int:
        """How much more it would cost."""
        return self.would_cents - self.order.cost_cents

    @property
    def change_percent(self) -> Fraction:
        """How much more, of what it cost; an order that cost nothing changed by nothing or all."""
        if self.order.cost_cents == 0:
            return Fraction(100 if self.would_cents else 0)
        return Fraction(100 * self.change_cents, self.order.cost_cents)


@dataclass(frozen=True, slots=True)
class PartEffect:
    """A part over all orders."""

    part: str
    title: str
    copies: int
    cost_cents: int
    would_cents: int

    @property
    def change_cents(self) -> int:
        """How much more all its copies would cost."""
        return self.would_cents - self.cost_cents


@dataclass(frozen=True, slots=True)
class Bar:
    """Orders whose change lies from ``low`` up to ``high`` percent; None: no limit."""

    low: int | None
    high: int | None
    orders: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a tariff would have made of orders.

    ``unpriced``: orders that the tariff cannot price, with the reason; they count nowhere else.
    """

    orders: tuple[OrderEffect, ...]
    unpriced: tuple[tuple[PastOrder, str], ...]
    parts: tuple[PartEffect, ...]
    bars: tuple[Bar, ...]
    cost_cents: int
    would_cents: int
    components: tuple[tuple[str, int, int], ...]

    @property
    def change_cents(self) -> int:
        """How much more all orders together would cost."""
        return self.would_cents - self.cost_cents

    @property
    def dearer(self) -> list[OrderEffect]:
        """Orders that would cost more, the worst first."""
        grown = [one for one in self.orders if one.change_cents > 0]
        return sorted(grown, key=lambda one: (-one.change_percent, -one.change_cents))

    @property
    def cheaper(self) -> list[OrderEffect]:
        """Orders that would cost less, the largest change first."""
        fallen = [one for one in self.orders if one.change_cents < 0]
        return sorted(fallen, key=lambda one: (one.change_percent, one.change_cents))


def effect_of(tariff: Tariff, orders: Iterable[PastOrder]) -> Effect:
    """Price orders again under a tariff.

    Each on the printer model that it was priced on, without vouchers. An order that was rushed
    is rushed again where the tariff offers it.
    """
    effects: list[OrderEffect] = []
    unpriced: list[tuple[PastOrder, str]] = []
    parts: dict[str, PartEffect] = {}
    components: dict[str, tuple[int, int]] = {}
    for order in orders:
        lines = [one.line for one in order.lines]
        try:
            again = price(tariff, lines, order.vat, rush=order.rush and tariff.rush is not None)
        except Invalid as error:
            unpriced.append((order, error.message))
            continue
        effects.append(OrderEffect(order, again.total_cents))
        _add_parts(parts, order, again)
        for name, cents in again.components.items():
            before, after = components.get(name, (0, 0))
            components[name] = (before + order.components.get(name, 0), after + cents)
    cost = sum(one.order.cost_cents for one in effects)
    would = sum(one.would_cents for one in effects)
    nets = [sum(pair[side] for pair in components.values()) for side in (0, 1)]
    if effects:
        components["vat"] = (cost - nets[0], would - nets[1])
    return Effect(
        orders=tuple(effects),
        unpriced=tuple(unpriced),
        parts=tuple(sorted(parts.values(), key=lambda one: (-abs(one.change_cents), one.part))),
        bars=bars_of(effects),
        cost_cents=cost,
        would_cents=would,
        components=tuple((name, *pair) for name, pair in components.items() if any(pair)),
    )


def past_order_of(
    tariff: Tariff, label: str, title: str, line: PricedLine, vat: Decimal
) -> PastOrder:
    """Return an example: one line as a tariff prices it.

    Raises:
        Invalid: the tariff cannot price it.
    """
    given = price(tariff, [line], vat)
    return PastOrder(
        order_id=None,
        label=label,
        lines=(PastLine(title, line, given.total_cents),),
        cost_cents=given.total_cents,
        components=given.components,
        vat=vat,
    )


def in_proportion(total_cents: int, line_cents: Sequence[int]) -> list[int]:
    """Return a total shared out over lines as these amounts are; sums to it."""
    return spread(total_cents, [Fraction(cents) for cents in line_cents])


def bars_of(effects: Sequence[OrderEffect]) -> tuple[Bar, ...]:
    """Count orders by how much they change, in percent. Every order stands in one bar."""
    lows, highs = (None, *BAR_EDGES), (*BAR_EDGES, None)
    # Away from nothing: exactly -1 % is a fall, exactly 1 % is a rise.
    return tuple(
        Bar(
            low,
            high,
            sum(
                (low is None or _reaches(one, low))
                and not (high is not None and _reaches(one, high))
                for one in effects
            ),
        )
        for low, high in zip(lows, highs, strict=True)
    )


def _reaches(one: OrderEffect, edge: int) -> bool:
    return one.change_percent >= edge if edge > 0 else one.change_percent > edge


def _add_parts(parts: dict[str, PartEffect], order: PastOrder, again: Price) -> None:
    for past, would_cents in zip(order.lines, again.line_total_cents, strict=True):
        slug = past.line.part or ""
        known = parts.get(slug, PartEffect(slug, past.title, 0, 0, 0))
        parts[slug] = PartEffect(
            slug,
            known.title,
            known.copies + past.line.quantity,
            known.cost_cents + past.cost_cents,
            known.would_cents + would_cents,
        )
