"""The shop window: the best offer of many parts at once, and until when an offer stands."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from parts3d.catalogue.tables import Revision
from parts3d.points.geography import Place
from parts3d.promises.deadline import order_by
from parts3d.promises.levels import plan_to_keep, rule_at
from parts3d.promises.measured import print_time
from parts3d.promises.queries import (
    ReadQueues,
    orderable_models,
    point_snapshots,
)
from parts3d.promises.reach import FOR_A_GLANCE, points_within
from parts3d.promises.service import Options, PointOffer, ranked
from parts3d.promises.snapshot import Need
from parts3d.settings import Settings
from parts3d.slicing.corrections import current_corrections
from parts3d.slicing.serving import sliced_seconds


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

    However many parts are shown, the points and slices are read once. Only the nearest points are
    looked at: the part's own page shows more.
    """
    points = points_within(session, place, FOR_A_GLANCE)
    by_id = {point.id: point for point in points}
    snapshots = point_snapshots(session, points, now, read_queues=read_queues)
    hours = {one.id: one.opening_hours for one in snapshots}
    models = orderable_models(session)
    ids = [revision.id for revision in revisions]
    measured = current_corrections(session, revisions=ids)
    sliced = sliced_seconds(session, {(revision_id, 1) for revision_id in ids})
    best: dict[str, PointOffer] = {}
    for revision in revisions:
        times = {
            model: print_time(measured, model, revision.id, seconds)
            for model, seconds in sliced.get((revision.id, 1), {}).items()
            if model in models
        }
        if not times:
            continue
        need = Need(times, revision.recipe["material"])
        results = plan_to_keep(now, need, snapshots, target=settings.promise_quantile)
        ranking = ranked(settings, results, snapshots, place)
        if ranking:
            point_id = ranking[0].offer.point_id
            best[revision.id] = PointOffer(by_id[point_id], ranking[0], hours[point_id])
    return best


def stands_until(options: Options, settings: Settings, now: datetime) -> datetime:
    """Return the last minute at which the best of some offers would still be made.

    Reads nothing: the point is taken as the offer was computed from.
    """
    best = options.offers[0].offer
    snapshot = options.snapshots[best.point_id]
    rule = rule_at(snapshot, settings.promise_quantile)
    return order_by(now, options.needs[best.point_id], snapshot, best, rule=rule)
