"""How the copies of a line are laid on beds: the kinds of beds, and the slices of each."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlmodel import Session

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.tables import Part, Revision
from parts3d.errors import Conflict, NotFound
from parts3d.quotes.queries import ReadySlice, ready_slices, slicing_progress
from parts3d.quotes.tables import QuoteLine


@dataclass(frozen=True, slots=True)
class Plate:
    """Beds that are all alike.

    Args:
        copies: parts on each.
        prints: how many such beds.
        slices: of one such bed, by printer model.
    """

    copies: int
    prints: int
    slices: Mapping[str, ReadySlice]


@dataclass(frozen=True, slots=True)
class Layout:
    """A line as it is laid on beds; ``part`` is the part's slug."""

    part: str
    revision: Revision
    quantity: int
    plates: tuple[Plate, ...]

    @property
    def models(self) -> list[str]:
        """The printer models that can make the whole line, by name."""
        return sorted(set.intersection(*(set(plate.slices) for plate in self.plates)))

    def filament_mg(self, model: str) -> int:
        """Return what all copies weigh, printed on a model."""
        return sum(plate.prints * plate.slices[model].filament_mg for plate in self.plates)

    def print_seconds(self, model: str) -> int:
        """Return how long all prints take one after another on a model."""
        return sum(plate.prints * plate.slices[model].print_seconds for plate in self.plates)


def lay_out(
    session: Session, revision: Revision, quantity: int, printer_models: Collection[str]
) -> Layout:
    """Lay a line's copies on beds, one each.

    Raises:
        Conflict: not yet sliced (says how far it is), or no slicer could.
    """
    slices = ready_slices(session, revision, printer_models)
    if not slices:
        raise not_sliced(session, revision, printer_models)
    part = session.get_one(Part, revision.part_id).slug
    return Layout(part, revision, quantity, (Plate(1, quantity, slices),))


def laid_out_as(session: Session, line: QuoteLine, printer_models: Collection[str]) -> Layout:
    """Return a quote's line as it was laid on beds, with the slices that are ready now.

    Raises:
        Conflict: off sale, or no printer in use has slices of it.
    """
    revision = revision_on_sale(session, line.revision_id)
    plates = []
    for one in line.plates:
        slices = ready_slices(session, revision, printer_models, copies=one["copies"])
        if not slices:
            raise not_sliced(session, revision, printer_models)
        plates.append(Plate(one["copies"], one["prints"], slices))
    part = session.get_one(Part, revision.part_id).slug
    return Layout(part, revision, line.quantity, tuple(plates))


def revision_on_sale(session: Session, revision_id: str) -> Revision:
    """Return a revision that may be sold now.

    Raises:
        NotFound: there is none of that id.
        Conflict: it is not approved, or a newer one replaced it.
    """
    revision = session.get(Revision, revision_id)
    if revision is None:
        raise NotFound("There is no such part. Search for it in the shop.", code="unknown_part")
    part = session.get(Part, revision.part_id)
    if (
        revision.status is not RevisionStatus.APPROVED
        or part is None
        or part.current_revision_id != revision.id
    ):
        raise Conflict("This part is not on sale.", code="not_on_sale")
    return revision


def not_sliced(session: Session, revision: Revision, printer_models: Collection[str]) -> Conflict:
    """Return the refusal of a part without a slice: how far it is, or that it failed."""
    if not printer_models:
        return Conflict("No point is open for orders at the moment.", code="no_points")
    progress = slicing_progress(session, revision, printer_models)
    if progress.failed >= progress.total:
        return Conflict(
            "This part cannot be printed at the moment; the maintainers have been told.",
            code="slicing_failed",
        )
    return Conflict(
        f"This part is being prepared for our printers ({progress.ready} of {progress.total} "
        "done). Try again in a few minutes.",
        code="being_sliced",
    )
