"""The parts an operator may choose from, by their names."""

from sqlmodel import Session, col, select

from parts3d.catalogue.queries import title_in
from parts3d.catalogue.tables import Part, Revision


def part_choices(session: Session, language: str) -> list[tuple[str, str]]:
    """Return slug and name of every part on sale, by name."""
    rows = session.exec(
        select(Part.slug, Revision).join(
            Revision, col(Revision.id) == col(Part.current_revision_id)
        )
    )
    choices = [(slug, title_in(revision, language)) for slug, revision in rows]
    return sorted(choices, key=lambda choice: choice[1].casefold())
