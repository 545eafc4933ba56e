"""Which slices serve: what prices, promises and printers are given of what is ready.

**The choice.** For one model, recipe, printer model, material and number of copies several
slices may be ready, of several engines, versions or profiles. The one that serves is

1. one made with the printer model's present profile, before one of an older profile;
2. then the one that was wished for last: the network changed to that engine or version since;
3. then the one with the greater id, so that equal moments have one answer on every machine.

So a new engine version takes over slice by slice as each becomes ready, the old one serves
until then, and for good where the new one fails. A late retry of an old version takes nothing
over: a retry keeps the moment of its wish.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.catalogue.tables import Revision
from parts3d.slicing.plates import Size
from parts3d.slicing.profiles import printer_models, profile
from parts3d.slicing.tables import Slice, SliceStatus


def serving_order() -> tuple[sa.ColumnElement[Any], ...]:
    """Return what to order ready slices of one content by: the one that serves comes first."""
    outdated = sa.case((col(Slice.profile_sha256).in_(present_profiles()), 0), else_=1)
    return (outdated, col(Slice.created_at).desc(), col(Slice.id).desc())


def serving_slices(
    session: Session, revision: Revision, models: Collection[str], copies: int = 1
) -> Mapping[str, Slice]:
    """Return the slice that serves a revision, by printer model, where one is ready.

    Args:
        session: only read from.
        revision: the revision.
        models: the printer models asked about.
        copies: on the bed together.
    """
    rows = session.exec(
        select(Slice)
        .where(
            Slice.model_sha256 == revision.model_sha256,
            Slice.recipe_sha256 == revision.recipe_sha256,
            Slice.material == revision.recipe["material"],
            col(Slice.printer_model).in_(list(models)),
            Slice.copies == copies,
            Slice.status == SliceStatus.READY,
            col(Slice.print_seconds).is_not(None),
        )
        .order_by(*serving_order())
    )
    found: dict[str, Slice] = {}
    for row in rows:
        found.setdefault(row.printer_model, row)
    return found


def sliced_seconds(
    session: Session, beds: Collection[tuple[str, int]]
) -> Mapping[tuple[str, int], Mapping[str, float]]:
    """Return how long beds print, in seconds by printer model, as their serving slices say.

    Args:
        session: only read from.
        beds: (revision id, copies); one query however many.
    """
    rows = session.exec(
        select(Revision.id, Slice.copies, Slice.printer_model, Slice.print_seconds)
        .join(
            Slice,
            (col(Slice.model_sha256) == col(Revision.model_sha256))
            & (col(Slice.recipe_sha256) == col(Revision.recipe_sha256)),
        )
        .where(
            col(Revision.id).in_({revision_id for revision_id, _ in beds}),
            col(Slice.copies).in_({copies for _, copies in beds}),
            Slice.status == SliceStatus.READY,
            col(Slice.print_seconds).is_not(None),
        )
        .order_by(*serving_order())
    )
    found: dict[tuple[str, int], dict[str, float]] = {}
    for revision_id, copies, model, seconds in rows:
        found.setdefault((revision_id, copies), {}).setdefault(model, float(seconds or 0))
    return found


def ready_plates(
    session: Session, revision: Revision, copies: int, models: Collection[str]
) -> Mapping[str, Slice]:
    """Return the ready slice of a plate of so many copies, by printer model."""
    return serving_slices(session, revision, models, copies)


def every_serving_slice(session: Session, revision: Revision) -> Sequence[Slice]:
    """Return the slice that serves a revision for each printer model and number of copies."""
    rows = session.exec(
        select(Slice)
        .where(
            Slice.model_sha256 == revision.model_sha256,
            Slice.recipe_sha256 == revision.recipe_sha256,
            Slice.status == SliceStatus.READY,
            col(Slice.gcode_sha256).is_not(None),
        )
        .order_by(*serving_order())
    ).all()
    found: dict[tuple[str, int], Slice] = {}
    for row in rows:
        found.setdefault((row.printer_model, row.copies), row)
    return list(found.values())


def slices_of(session: Session, revision: Revision) -> Sequence[Slice]:
    """Return all slices of a revision's model and recipe, the newest first."""
    return session.exec(
        select(Slice)
        .where(
            Slice.model_sha256 == revision.model_sha256,
            Slice.recipe_sha256 == revision.recipe_sha256,
        )
        .order_by(col(Slice.created_at).desc(), col(Slice.id).desc())
    ).all()


def part_size(session: Session, revision: Revision) -> Size | None:
    """Return the box of one copy as it is printed (mm), once any printer model sliced it."""
    row = session.exec(
        select(Slice.part_x_mm, Slice.part_y_mm, Slice.part_z_mm)
        .where(
            Slice.model_sha256 == revision.model_sha256,
            Slice.recipe_sha256 == revision.recipe_sha256,
            col(Slice.part_x_mm).is_not(None),
            col(Slice.part_y_mm).is_not(None),
            col(Slice.part_z_mm).is_not(None),
        )
        .order_by(col(Slice.created_at).desc(), col(Slice.id).desc())
        .limit(1)
    ).first()
    if row is None or row[0] is None or row[1] is None or row[2] is None:
        return None
    return row[0], row[1], row[2]


@cache
def present_profiles() -> tuple[str, ...]:
    """Return the identities of the profiles as they are now."""
    # A profile's identity holds its printer model's name: no two models share one.
    return tuple(profile(model).sha256 for model in printer_models())
