"""Promises to choose from: one plan over all points, ranked for the customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.errors import NotFound
from parts3d.points.geography import Place
from parts3d.points.tables import Point
from parts3d.promises.choose import Customer, Ranked, choose
from parts3d.promises.plan import plan
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queries import (
    ReadQueues,
    active_points,
    orderable_models,
    point_snapshots,
)
from parts3d.promises.snapshot import Need, Offer, Refusal
from parts3d.promises.words import Translate, refusal_sentence
from parts3d.quotes.queries import ReadySlice, ready_slices
from parts3d.quotes.service import not_sliced, revision_on_sale
from parts3d.settings import Settings


@dataclass(frozen=True, slots=True)
class PointOffer:
    """One point's offer in the ranking."""

    point: Point
    ranked: Ranked

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
    """What a customer can choose from, best first, and the points that cannot."""

    offers: tuple[PointOffer, ...]
    refusals: tuple[PointRefusal, ...]


def offers(
    session: Session,
    settings: Settings,
    revision_id: str,
    quantity: int,
    now: datetime,
    *,
    read_queues: ReadQueues,
    place: Place | None = None,
) -> Options:
    """Plan once over all active points, and rank what they offer.

    Raises:
        NotFound: unknown part.
        Conflict: not on sale, or not yet sliced.
        Invalid: a quantity that cannot be planned.
    """
    points = active_points(session)
    need, _ = need_of(session, revision_id, quantity)
    by_id = {point.id: point for point in points}
    results = plan(
        now,
        need,
        point_snapshots(session, points, now, read_queues=read_queues),
        quantile=settings.promise_quantile,
    )
    ranking = choose([one for one in results if isinstance(one, Offer)], Customer(place))
    return Options(
        offers=tuple(PointOffer(by_id[one.offer.point_id], one) for one in ranking),
        refusals=tuple(
            PointRefusal(by_id[one.point_id], one) for one in results if isinstance(one, Refusal)
        ),
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


def need_of(
    session: Session, revision_id: str, quantity: int
) -> tuple[Need, Mapping[str, ReadySlice]]:
    """Return what is to be printed, and the slices it was taken from, by printer model.

    Raises:
        NotFound: unknown revision.
        Conflict: not on sale, or not yet sliced (says how far it is).
    """
    revision = revision_on_sale(session, revision_id)
    models = orderable_models(session)
    slices = ready_slices(session, revision, models)
    if not slices:
        raise not_sliced(session, revision, models)
    times = {model: PrintTime(float(one.print_seconds)) for model, one in slices.items()}
    return Need(times, revision.recipe["material"], quantity), slices


def say_refusal(session: Session, refusal: Refusal, translate: Translate = str) -> str:
    """Return a refusal as a sentence."""
    point = session.get_one(Point, refusal.point_id)
    return refusal_sentence(refusal, point_name=point.name, _=translate)
