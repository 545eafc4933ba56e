"""Promises to choose from: one plan over all points, ranked for the customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.errors import NotFound
from parts3d.points.geography import Place
from parts3d.points.hours import Hours
from parts3d.points.tables import Point
from parts3d.promises.busy import scarcity
from parts3d.promises.choose import Customer, Ranked, Weights, choose
from parts3d.promises.levels import plan_to_keep
from parts3d.promises.measured import print_time
from parts3d.promises.queries import (
    ReadQueues,
    orderable_models,
    point_snapshots,
)
from parts3d.promises.reach import TO_CHOOSE_FROM, points_within
from parts3d.promises.snapshot import Need, Offer, PointSnapshot, Refusal, RefusalCode
from parts3d.promises.stock import stock_for
from parts3d.promises.words import Translate, refusal_sentence
from parts3d.quotes.layout import Layout, laid_out_as, lay_out, revision_on_sale
from parts3d.quotes.service import Wanted, quote_lines
from parts3d.quotes.tables import Quote
from parts3d.settings import Settings
from parts3d.slicing.corrections import current_corrections


@dataclass(frozen=True, slots=True)
class PointOffer:
    """One point's offer in the ranking; ``hours`` are the point's, without what is closed."""

    point: Point
    ranked: Ranked
    hours: Hours

    @property
    def offer(self) -> Offer:
        """The offer itself."""
        return self.ranked.offer


@dataclass(frozen=True, slots=True)
class PointRefusal:
    """One point that promises nothing, and why."""

    point: Point
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Options:
    """What a customer can choose from, best first, and the points that cannot.

    ``needs`` and ``snapshots``, by point id, are what it was planned from.
    """

    offers: tuple[PointOffer, ...]
    refusals: tuple[PointRefusal, ...]
    needs: Mapping[str, tuple[Need, ...]] = field(default_factory=dict)
    snapshots: Mapping[str, PointSnapshot] = field(default_factory=dict)


def offers(
    session: Session,
    settings: Settings,
    wanted: Sequence[Wanted],
    now: datetime,
    *,
    read_queues: ReadQueues,
    place: Place | None = None,
    rush: bool = False,
) -> Options:
    """Plan once over the points within reach, and rank what they offer; all lines at one point.

    However many points there are, their rows are read in the same few queries.

    With ``rush``, for what is paid to go first, a point where that brings nothing refuses.

    Raises:
        NotFound: unknown part.
        Conflict: not on sale, or not yet sliced.
        Invalid: a quantity that cannot be planned.
    """
    points = points_within(session, place, TO_CHOOSE_FROM)
    layouts = layouts_of_wanted(session, wanted)
    needs = needs_for(session, layouts, rush=rush)
    stock = stock_for(session, layouts, [point.id for point in points], now)
    by_id = {point.id: point for point in points}
    snapshots = point_snapshots(session, points, now, read_queues=read_queues)
    target = settings.promise_quantile
    printed = [one for one in snapshots if not stock.at(one.id)]
    results = plan_to_keep(now, needs, printed, target=target)
    for one in snapshots:
        if stock.at(one.id):
            results += plan_to_keep(now, stock.needs_at(one.id, needs), [one], target=target)
    if rush:
        results = [
            Refusal(one.point_id, RefusalCode.RUSH_NOT_EARLIER)
            if isinstance(one, Offer) and one.otherwise_ready_at is None
            else one
            for one in results
        ]
    ranking = ranked(settings, results, snapshots, place)
    shown = {one.id: one for one in snapshots}
    return Options(
        offers=tuple(
            PointOffer(by_id[one.offer.point_id], one, shown[one.offer.point_id].opening_hours)
            for one in ranking
        ),
        refusals=tuple(
            PointRefusal(by_id[one.point_id], one) for one in results if isinstance(one, Refusal)
        ),
        needs={one.id: stock.needs_at(one.id, needs) for one in snapshots},
        snapshots=shown,
    )


def ranked(
    settings: Settings,
    results: Sequence[Offer | Refusal],
    snapshots: Sequence[PointSnapshot],
    place: Place | None,
) -> list[Ranked]:
    """Rank the offers among a plan's answers for a customer, by the network's weights."""
    return choose(
        [one for one in results if isinstance(one, Offer)],
        Customer(place),
        weights=Weights(
            settings.choice_minutes_per_km,
            settings.choice_minutes_per_euro,
            settings.choice_minutes_per_miss,
            settings.choice_minutes_if_scarce,
        ),
        # What is missed there against what the level says, if nothing were done about it.
        missed_percent={
            one.id: 100 * (1 - settings.promise_quantile) * one.misses for one in snapshots
        },
        scarcity={one.id: scarcity(one.load, one.unattended) for one in snapshots},
    )


def find_point(session: Session, slug: str) -> Point:
    """Return an active point by its slug.

    Raises:
        NotFound: none of that name takes orders.
    """
    point = session.exec(
        select(Point).where(Point.slug == slug, col(Point.active).is_(True))
    ).first()
    if point is None:
        raise NotFound("There is no such point. Choose one from the list.", code="unknown_point")
    return point


def layouts_of_wanted(session: Session, wanted: Sequence[Wanted]) -> list[Layout]:
    """Return how parts that are not quoted yet would be laid on beds.

    Raises:
        NotFound: unknown revision.
        Conflict: not on sale, or not yet sliced (says how far it is).
    """
    models = orderable_models(session)
    return [
        lay_out(session, revision_on_sale(session, one.revision_id), one.quantity, models)
        for one in wanted
    ]


def layouts_of_quote(session: Session, quote: Quote) -> list[Layout]:
    """Return the lines of a quote as they were laid on beds; refuses as ``layouts_of_wanted``."""
    models = orderable_models(session)
    return [laid_out_as(session, line, models) for line in quote_lines(session, quote.id)]


def needs_for(
    session: Session, layouts: Sequence[Layout], *, rush: bool = False
) -> tuple[Need, ...]:
    """Return one need for each kind of bed, in the order of the lines; times as measured."""
    revisions = [layout.revision.id for layout in layouts]
    corrections = current_corrections(session, revisions=revisions)
    return tuple(
        Need(
            {
                model: print_time(corrections, model, layout.revision.id, one.print_seconds)
                for model, one in plate.slices.items()
            },
            layout.revision.recipe["material"],
            quantity=plate.prints,
            copies=plate.copies,
            line=position,
            rush=rush,
        )
        for position, layout in enumerate(layouts, start=1)
        for plate in layout.plates
    )


def say_refusal(
    session: Session,
    refusal: Refusal,
    translate: Translate = str,
    *,
    titles: Sequence[str] = (),
) -> str:
    """Return a refusal as a sentence; with the parts' names by line it names the one in the way."""
    point = session.get_one(Point, refusal.point_id)
    return refusal_sentence(refusal, point_name=point.name, _=translate, titles=titles)
