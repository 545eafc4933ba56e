"""The shop window: the best offer of many parts at once, and until when an offer stands."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from parts3d.catalogue.tables import Revision
from parts3d.points.geography import Place
from parts3d.points.tables import Point
from parts3d.promises.choose import Customer, choose
from parts3d.promises.deadline import order_by
from parts3d.promises.measured import print_time
from parts3d.promises.plan import plan
from parts3d.promises.queries import (
    ReadQueues,
    active_points,
    orderable_models,
    point_snapshots,
)
from parts3d.promises.service import PointOffer, needs_of_wanted
from parts3d.promises.snapshot import Need, Offer
from parts3d.quotes.queries import ready_slices
from parts3d.quotes.service import Wanted
from parts3d.settings import Settings
from parts3d.slicing.corrections import current_corrections


def best_offers(
    session: Session,
    settings: Settings,
    revisions: Sequence[Revision],
    now: datetime,
    *,
    read_queues: ReadQueues,
    place: Place | None = None,
) -> Mapping[str, PointOffer]:
    """Return the best offer for one copy of each revision, by its id; those without are missing.

    The points are read once, however many parts are shown.
    """
    points = active_points(session)
    by_id = {point.id: point for point in points}
    snapshots = point_snapshots(session, points, now, read_queues=read_queues)
    models = orderable_models(session)
    measured = current_corrections(session, revisions=[revision.id for revision in revisions])
    best: dict[str, PointOffer] = {}
    for revision in revisions:
        slices = ready_slices(session, revision, models)
        if not slices:
            continue
        times = {
            model: print_time(measured, model, revision.id, one.print_seconds)
            for model, one in slices.items()
        }
        need = Need(times, revision.recipe["material"])
        results = plan(now, need, snapshots, quantile=settings.promise_quantile)
        offers = [one for one in results if isinstance(one, Offer)]
        ranking = choose(offers, Customer(place))
        if ranking:
            best[revision.id] = PointOffer(by_id[ranking[0].offer.point_id], ranking[0])
    return best


def stands_until(
    session: Session,
    settings: Settings,
    wanted: Sequence[Wanted],
    point: Point,
    offer: Offer,
    now: datetime,
    *,
    read_queues: ReadQueues,
) -> datetime:
    """Return the last minute at which an offer just computed would still be made."""
    needs = needs_of_wanted(session, wanted)
    snapshot = point_snapshots(session, [point], now, read_queues=read_queues)[0]
    return order_by(now, needs, snapshot, offer, quantile=settings.promise_quantile)
