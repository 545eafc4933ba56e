"""How the copies of a line are laid on beds: the kinds of beds, and the slices of each."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlmodel import Session

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.recipe import Recipe
from parts3d.catalogue.tables import Part, Revision
from parts3d.errors import Conflict, NotFound
from parts3d.quotes.asked import fits_no_printer
from parts3d.quotes.queries import (
    PlateState,
    ReadySlice,
    plate_states,
    ready_slices,
    slicing_progress,
)
from parts3d.quotes.tables import QuoteLine
from parts3d.slicing.plates import copies_per_plate
from parts3d.slicing.profiles import profile
from parts3d.slicing.serving import part_size

# A bed that fails is lost as a whole; longer than this, the shop would rather make two.
LONGEST_PLATE = timedelta(hours=4)


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
    # Beds of several copies whose slices are being made; until then single prints serve.
    awaited: tuple[int, ...] = ()
    # Of these, those that nobody has asked for yet.
    unasked: tuple[int, ...] = ()

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
    """Lay a line's copies on beds: several on one where that is sliced, else one on each.

    Every printer model that prints one copy can also make these beds, so that they are made
    wherever the part is; and only where it takes less time is a bed shared.

    Raises:
        Conflict: not yet sliced (says how far it is), or no slicer could.
    """
    slices = ready_slices(session, revision, printer_models)
    if not slices:
        raise not_sliced(session, revision, printer_models)
    part = session.get_one(Part, revision.part_id).slug
    single = Layout(part, revision, quantity, (Plate(1, quantity, slices),))
    if quantity == 1:
        return single
    beds = share_out(quantity, _most_on_a_bed(session, revision, slices))
    if set(beds) == {1}:
        return single
    plates, missing = [], []
    for copies, prints in sorted(beds.items(), reverse=True):
        made = slices if copies == 1 else ready_slices(session, revision, slices, copies=copies)
        if set(made) < set(slices):
            missing.append(copies)
        plates.append(Plate(copies, prints, made))
    if missing:
        states = plate_states(session, revision, missing, slices)
        hopeless = [copies for copies in missing if states[copies] is PlateState.FAILED]
        if hopeless:
            return single
        unasked = [copies for copies in missing if states[copies] is PlateState.UNASKED]
        return replace(single, awaited=tuple(missing), unasked=tuple(unasked))
    shared = Layout(part, revision, quantity, tuple(plates))
    faster = all(shared.print_seconds(model) < single.print_seconds(model) for model in slices)
    return shared if faster else single


def share_out(quantity: int, most: int) -> dict[int, int]:
    """Return how many beds of how many copies: as few as can be, as even as can be.

    Args:
        quantity: copies in all.
        most: copies that one bed takes.
    """
    beds = -(-quantity // most)
    each, rest = divmod(quantity, beds)
    shared = {each: beds - rest, each + 1: rest}
    return {copies: prints for copies, prints in shared.items() if prints}


def _most_on_a_bed(session: Session, revision: Revision, slices: Mapping[str, ReadySlice]) -> int:
    """Return how many copies go on every one of these models' beds, within ``LONGEST_PLATE``."""
    size = part_size(session, revision)
    if size is None:
        return 1
    brim_mm = Recipe.model_validate(revision.recipe).brim_mm
    room = min(copies_per_plate(size, profile(model), brim_mm) for model in slices)
    slowest = max(one.print_seconds for one in slices.values())
    in_time = int(LONGEST_PLATE.total_seconds() // max(slowest, 1))
    return max(1, min(room, in_time))


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
        too_large = fits_no_printer(revision, printer_models)
        if too_large is not None:
            return Conflict(too_large, code="fits_no_printer")
        return Conflict(
            "This part cannot be printed at the moment; the maintainers have been told.",
            code="slicing_failed",
        )
    return Conflict(
        f"This part is being prepared for our printers ({progress.ready} of {progress.total} "
        "done). Try again in a few minutes.",
        code="being_sliced",
    )
