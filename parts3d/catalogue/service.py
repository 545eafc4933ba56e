"""Revisions: recorded, submitted, approved by a second person, withdrawn."""

from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, select

from parts3d.catalogue.lifecycle import REVISION_LIFECYCLE, RevisionStatus
from parts3d.catalogue.manifest_model import Manifest
from parts3d.catalogue.search import fold, fold_model
from parts3d.catalogue.tables import Fit, Part, Revision, RevisionEvent, SearchText
from parts3d.errors import Conflict, Forbidden, NotFound
from parts3d.languages import CATALOGUE_LANGUAGES

_PRINTABLE = frozenset({"printable", "printable_with_warnings"})


def record_revision(
    session: Session,
    *,
    manifest: Manifest,
    model_sha256: str,
    picture_sha256: str | None,
    check_result: dict[str, Any],
    uploaded_by: str,
    now: datetime,
    model_check_id: str | None = None,
) -> Revision:
    """Add a revision of a part as a draft; the very same content again is the same revision.

    Args:
        session: flushed, not committed.
        manifest: a faultless manifest.
        model_sha256: the STL in the store.
        picture_sha256: the PNG in the store, if there is one yet.
        check_result: the mesh check's report as JSON.
        uploaded_by: ``maintainer:<id>`` or ``catalogue``.
        now: the moment.
        model_check_id: the upload's check, which has the findings' pictures.
    """
    part = session.exec(select(Part).where(Part.slug == manifest.slug)).first()
    if part is None:
        part = Part(slug=manifest.slug, category=manifest.category, created_at=now)
        session.add(part)
        session.flush()
    latest = session.exec(
        select(Revision).where(Revision.part_id == part.id).order_by(col(Revision.number).desc())
    ).first()
    if latest and latest.model_sha256 == model_sha256 and _says(latest, manifest):
        return latest
    revision = Revision(
        part_id=part.id,
        number=latest.number + 1 if latest else 1,
        status=RevisionStatus.DRAFT,
        safety_class=manifest.safety_class,
        model_sha256=model_sha256,
        picture_sha256=picture_sha256,
        recipe=manifest.recipe.model_dump(mode="json"),
        recipe_sha256=manifest.recipe.sha256,
        manifest=manifest.model_dump(mode="json", by_alias=True),
        check_result=check_result,
        model_check_id=model_check_id,
        uploaded_by=uploaded_by,
        created_at=now,
    )
    session.add(revision)
    session.flush()
    _note(session, revision, None, RevisionStatus.DRAFT, uploaded_by, now, None)
    return revision


def submit(session: Session, revision: Revision, *, actor: str, now: datetime) -> None:
    """Offer a draft for approval.

    Raises:
        Conflict: no safety class, class S4, or a mesh that cannot be printed.
    """
    manifest = Manifest.model_validate(revision.manifest)
    if manifest.safety_class is None:
        raise Conflict("Give the part a safety class first; without one it cannot be sold.")
    if manifest.never_sold:
        raise Conflict("A part of class S4 is never sold, so it cannot be submitted.")
    if revision.check_result.get("verdict") not in _PRINTABLE:
        raise Conflict("The mesh check found faults that block printing. Upload a mended file.")
    _move(session, revision, RevisionStatus.SUBMITTED, actor, now, None)


def approve(session: Session, revision: Revision, *, actor: str, now: datetime) -> None:
    """Put a submitted revision on sale; the part's earlier one is withdrawn.

    Raises:
        Forbidden: the same person uploaded it.
        Conflict: it was not submitted.
    """
    if revision.uploaded_by == actor:
        raise Forbidden("Somebody else must approve this: you uploaded it yourself.")
    part = session.get_one(Part, revision.part_id)
    revision.approved_by = actor
    _move(session, revision, RevisionStatus.APPROVED, actor, now, None)
    if part.current_revision_id and part.current_revision_id != revision.id:
        earlier = session.get_one(Revision, part.current_revision_id)
        _move(session, earlier, RevisionStatus.WITHDRAWN, actor, now, "A newer one is on sale.")
    part.current_revision_id = revision.id
    _index(session, part, Manifest.model_validate(revision.manifest))


def reject(session: Session, revision: Revision, *, actor: str, reason: str, now: datetime) -> None:
    """Refuse a draft or a submitted revision, with a reason.

    Raises:
        Conflict: it is on sale or ended already, or no reason is given.
    """
    if not reason.strip():
        raise Conflict("Say why, so that the author can mend it.", place="reason")
    _move(session, revision, RevisionStatus.REJECTED, actor, now, reason.strip())


def withdraw(
    session: Session, revision: Revision, *, actor: str, reason: str, now: datetime
) -> None:
    """Take a revision off sale at once.

    Raises:
        Conflict: it is not on sale.
    """
    _move(session, revision, RevisionStatus.WITHDRAWN, actor, now, reason.strip() or None)
    part = session.get_one(Part, revision.part_id)
    if part.current_revision_id == revision.id:
        part.current_revision_id = None
    session.flush()


def get_revision(session: Session, revision_id: str) -> Revision:
    """Return a revision, locked for a change.

    Raises:
        NotFound: there is none.
    """
    revision = session.get(Revision, revision_id, with_for_update=True)
    if revision is None:
        raise NotFound("There is no such revision.")
    return revision


def _says(revision: Revision, manifest: Manifest) -> bool:
    """Tell whether a revision has this manifest; one of older days may lack newer fields."""
    try:
        return Manifest.model_validate(revision.manifest) == manifest
    except ValidationError:
        return False


def _move(
    session: Session,
    revision: Revision,
    target: RevisionStatus,
    actor: str,
    now: datetime,
    reason: str | None,
) -> None:
    before = revision.status
    if before == target:
        return
    revision.status = REVISION_LIFECYCLE.move(before, target)
    revision.decided_at = now
    revision.decision_reason = reason
    _note(session, revision, before, target, actor, now, reason)


def _note(
    session: Session,
    revision: Revision,
    before: RevisionStatus | None,
    target: RevisionStatus,
    actor: str,
    now: datetime,
    reason: str | None,
) -> None:
    session.add(
        RevisionEvent(
            revision_id=revision.id,
            at=now,
            from_status=before,
            to_status=target,
            actor=actor,
            reason=reason,
        )
    )
    session.flush()


def _index(session: Session, part: Part, manifest: Manifest) -> None:
    """Make the part findable by its words and by the appliances it fits."""
    for row in session.exec(select(Fit).where(Fit.part_id == part.id)).all():
        session.delete(row)
    for text in session.exec(select(SearchText).where(SearchText.part_id == part.id)).all():
        session.delete(text)
    session.flush()
    brands = " ".join(fit.brand for fit in manifest.fits)
    references = " ".join(fit.maker_reference or "" for fit in manifest.fits)
    kinds = " ".join(fit.appliance for fit in manifest.fits)
    for language in CATALOGUE_LANGUAGES:
        name = getattr(manifest.name, language)
        description = getattr(manifest.description, language)
        words = f"{name} {description} {brands} {references} {kinds} {manifest.category}"
        session.add(SearchText(part_id=part.id, language=language, folded=fold(words)))
    for fit in manifest.fits:
        for pattern in fit.models:
            session.add(
                Fit(
                    part_id=part.id,
                    appliance=fit.appliance,
                    brand=fit.brand,
                    model_pattern=pattern,
                    model_prefix=fold_model(pattern),
                    reference=fit.maker_reference,
                )
            )
    session.flush()
