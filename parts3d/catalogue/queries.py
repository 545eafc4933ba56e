"""What pages and the API ask of the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from parts3d.catalogue.manifest_model import Manifest
from parts3d.catalogue.tables import Part, Revision, RevisionEvent
from parts3d.errors import NotFound


@dataclass(frozen=True, slots=True)
class PartOnSale:
    """A part with the revision that is sold and what its manifest says."""

    part: Part
    revision: Revision
    manifest: Manifest

    def name(self, language: str) -> str:
        """Return the part's name in a language of the catalogue."""
        return str(getattr(self.manifest.name, language))

    def description(self, language: str) -> str:
        """Return the part's description in a language of the catalogue."""
        return str(getattr(self.manifest.description, language))


def part_on_sale(session: Session, slug: str) -> PartOnSale:
    """Return a part by its slug.

    Raises:
        NotFound: unknown, or not on sale (never says which).
    """
    row = session.exec(
        select(Part, Revision).where(Part.slug == slug, Part.current_revision_id == Revision.id)
    ).first()
    if row is None:
        raise NotFound("This part is not on sale. Search for it by your appliance's model number.")
    return PartOnSale(row[0], row[1], Manifest.model_validate(row[1].manifest))


def revisions(session: Session) -> Sequence[tuple[Part, Revision]]:
    """Return every revision with its part, the newest first."""
    return session.exec(
        select(Part, Revision)
        .where(Revision.part_id == Part.id)
        .order_by(col(Revision.created_at).desc(), col(Part.slug))
    ).all()


def history(session: Session, revision: Revision) -> Sequence[RevisionEvent]:
    """Return what happened to a revision, the oldest first."""
    return session.exec(
        select(RevisionEvent)
        .where(RevisionEvent.revision_id == revision.id)
        .order_by(col(RevisionEvent.id))
    ).all()


def title_in(revision: Revision, language: str) -> str:
    """Return a part's name in a language, else in English, else in any it has."""
    names: dict[str, str] = revision.manifest.get("name") or {}
    return names.get(language) or names.get("en") or next(iter(names.values()), "?")
