"""Which slices the catalogue lacks, found by one query; and which wishes nobody needs any more."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.tables import Revision
from parts3d.slicing.profiles import printer_models, profile
from parts3d.slicing.serving import present_profiles
from parts3d.slicing.tables import Slice, SliceStatus

# While a network changes its engine, workers of both versions run: none throws away the
# other's wishes before that is surely over.
_SUPERSEDED_AFTER = timedelta(hours=1)


class EngineName(Protocol):
    """An engine's name and version: all that a wish needs to know of it."""

    @property
    def name(self) -> str:
        """``cura`` or ``prusaslicer``."""

    @property
    def version(self) -> str:
        """The program's version and that of our translation."""


def missing_slices(engine: EngineName, models: Collection[str] = ()) -> sa.Select[Any]:
    """Return the query of what approved revisions lack with this engine, for models or for all.

    Its columns: ``revision_id`` (one with this content), ``model_sha256``, ``recipe_sha256``,
    ``printer_model``, ``copies``, and ``is_served``: another engine's or profile's slice is
    ready.
    """
    revisions, beds = contents_on_sale(), beds_of(models)
    content = (
        col(Slice.model_sha256) == revisions.c.model_sha256,
        col(Slice.recipe_sha256) == revisions.c.recipe_sha256,
        col(Slice.printer_model) == beds.c.printer_model,
        col(Slice.material) == beds.c.material,
        col(Slice.copies) == 1,
    )
    made = sa.exists().where(
        *content, col(Slice.profile_sha256) == beds.c.profile_sha256, *_by(engine, Slice)
    )
    served = sa.exists().where(*content, col(Slice.status) == SliceStatus.READY)
    return (
        sa.select(
            revisions.c.revision_id,
            revisions.c.model_sha256,
            revisions.c.recipe_sha256,
            beds.c.printer_model,
            sa.literal(1).label("copies"),
            served.label("is_served"),
        )
        .join_from(revisions, beds, beds.c.material == revisions.c.material)
        .where(~made)
        # The same order for everybody: two that add the same rows never wait for each other.
        .order_by(revisions.c.model_sha256, revisions.c.recipe_sha256, beds.c.printer_model)
    )


def outdated_plates(engine: EngineName, since: datetime) -> sa.Select[Any]:
    """Return the query of plates made of late that this engine has not made.

    Plates are made when somebody asks; renewed are those that were first asked for after
    ``since``. Columns as of ``missing_slices``.
    """
    revisions, beds = contents_on_sale(), beds_of(())
    same = aliased(Slice)
    made = sa.exists().where(
        col(same.model_sha256) == col(Slice.model_sha256),
        col(same.recipe_sha256) == col(Slice.recipe_sha256),
        col(same.printer_model) == col(Slice.printer_model),
        col(same.copies) == col(Slice.copies),
        col(same.profile_sha256) == beds.c.profile_sha256,
        *_by(engine, same),
    )
    columns = (
        revisions.c.revision_id,
        revisions.c.model_sha256,
        revisions.c.recipe_sha256,
        beds.c.printer_model,
        col(Slice.copies),
    )
    return (
        sa.select(*columns, sa.true().label("is_served"))
        .select_from(Slice)
        .join(
            revisions,
            (revisions.c.model_sha256 == col(Slice.model_sha256))
            & (revisions.c.recipe_sha256 == col(Slice.recipe_sha256)),
        )
        .join(
            beds,
            (beds.c.printer_model == col(Slice.printer_model))
            & (beds.c.material == col(Slice.material)),
        )
        .where(
            col(Slice.copies) > 1,
            col(Slice.status) == SliceStatus.READY,
            col(Slice.created_at) > since,
            ~made,
        )
        .distinct()
        .order_by(*columns[1:])
    )


def contents_on_sale() -> sa.CTE:
    """Return the distinct contents on sale, each with one revision that has it."""
    plain = (
        sa.select(
            col(Revision.id).label("revision_id"),
            col(Revision.model_sha256),
            col(Revision.recipe_sha256),
            col(Revision.recipe)["material"].as_string().label("material"),
        )
        .where(col(Revision.status) == RevisionStatus.APPROVED)
        .subquery("approved")
    )
    content = (plain.c.model_sha256, plain.c.recipe_sha256, plain.c.material)
    return (
        sa.select(*content, sa.func.min(plain.c.revision_id).label("revision_id"))
        .group_by(*content)
        .cte("contents")
    )


def beds_of(models: Collection[str]) -> sa.CTE:
    """Return each printer model asked for (or each there is) with each material it prints."""
    return sa.union_all(
        *(
            sa.select(
                sa.literal(model).label("printer_model"),
                sa.literal(profile(model).sha256).label("profile_sha256"),
                sa.literal(str(material)).label("material"),
            )
            for model in (models or printer_models())
            for material in profile(model).temperatures
        )
    ).cte("beds")


def _by(engine: EngineName, row: type[Slice]) -> tuple[sa.ColumnElement[bool], ...]:
    return (col(row.engine) == engine.name, col(row.engine_version) == engine.version)


def drop_superseded(session: Session, engine: EngineName, now: datetime) -> int:
    """Forget wishes that nobody will make: an earlier version's, where this one has its own.

    Only what waits and was never made is deleted; returns how many.
    """
    later = aliased(Slice)
    superseded = sa.exists().where(
        col(later.model_sha256) == col(Slice.model_sha256),
        col(later.recipe_sha256) == col(Slice.recipe_sha256),
        col(later.printer_model) == col(Slice.printer_model),
        col(later.copies) == col(Slice.copies),
        col(later.engine) == engine.name,
        col(later.engine_version) == engine.version,
        col(later.profile_sha256).in_(present_profiles()),
        col(later.created_at) > col(Slice.created_at),
        col(later.id) != col(Slice.id),
    )
    outdated = sa.or_(
        col(Slice.engine_version) != engine.version,
        col(Slice.profile_sha256).not_in(present_profiles()),
    )
    done = session.execute(
        sa.delete(Slice)
        .where(
            col(Slice.status) == SliceStatus.WAITING,
            col(Slice.gcode_sha256).is_(None),
            col(Slice.engine) == engine.name,
            col(Slice.created_at) < now - _SUPERSEDED_AFTER,
            outdated,
            superseded,
        )
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it
