"""Is every part on sale sliced for every printer model that it fits? By whichever engine."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from parts3d.catalogue.tables import Part, Revision
from parts3d.slicing.missing import beds_of, contents_on_sale
from parts3d.slicing.profiles import profile
from parts3d.slicing.serving import present_profiles
from parts3d.slicing.tables import Slice, SliceStatus

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """A part that has no slice for a printer model which prints its material."""

    part: str
    printer_model: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Parts times printer models that print their materials, and what there is of them.

    ``sliced + unfit + len(gaps)`` is all of them; ``unfit`` are too large for the bed.
    """

    parts: int
    sliced: int
    unfit: int
    gaps: tuple[Gap, ...]

    @property
    def is_whole(self) -> bool:
        """Tell whether there is something on sale, and nothing is missing."""
        return self.parts > 0 and not self.gaps

    def words(self) -> str:
        """Say it in a sentence or two."""
        if not self.parts:
            return "No part is on sale."
        fitting = self.sliced + len(self.gaps)
        noun = "part" if self.parts == 1 else "parts"
        said = f"{self.parts} {noun} on sale: {self.sliced} of {fitting} slices are there"
        said += f"; {self.unfit} more would be too large for their printer." if self.unfit else "."
        if self.gaps:
            named = ", ".join(f"{gap.part} for {gap.printer_model}" for gap in self.gaps[:_NAMED])
            more = " and others" if len(self.gaps) > _NAMED else ""
            said += f" Missing: {named}{more}."
        return said

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**asdict(self), "is_whole": self.is_whole}


def coverage(session: Session, models: Collection[str] = ()) -> Coverage:
    """Return what there is of all that the catalogue should have, in one query.

    Args:
        session: only read from.
        models: the printer models that count; none: all known.

    Raises:
        NotFound: an unknown printer model is named.
    """
    for model in models:
        profile(model)
    contents, beds = contents_on_sale(), beds_of(models)
    same = (
        col(Slice.model_sha256) == contents.c.model_sha256,
        col(Slice.recipe_sha256) == contents.c.recipe_sha256,
        col(Slice.material) == contents.c.material,
        col(Slice.printer_model) == beds.c.printer_model,
        col(Slice.copies) == 1,
    )
    ready = sa.exists().where(*same, col(Slice.status) == SliceStatus.READY)
    unfit = sa.exists().where(
        *same,
        col(Slice.status) == SliceStatus.UNFIT,
        col(Slice.profile_sha256).in_(present_profiles()),
    )
    rows = session.execute(
        sa.select(
            col(Part.slug),
            beds.c.printer_model,
            ready.label("ready"),
            unfit.label("unfit"),
        )
        .select_from(contents)
        .join(beds, beds.c.material == contents.c.material)
        .join(Revision, col(Revision.id) == contents.c.revision_id)
        .join(Part, col(Part.id) == col(Revision.part_id))
        .order_by(col(Part.slug), beds.c.printer_model)
    ).all()
    return Coverage(
        parts=len({row.slug for row in rows}),
        sliced=sum(1 for row in rows if row.ready),
        unfit=sum(1 for row in rows if row.unfit and not row.ready),
        gaps=tuple(
            Gap(row.slug, row.printer_model) for row in rows if not row.ready and not row.unfit
        ),
    )
