"""Checks of uploads: asked for by a maintainer, looked up, and asked for again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from sqlmodel import Session, col, select

from parts3d.catalogue.lifecycle import CheckStatus
from parts3d.catalogue.manifest_model import Direction
from parts3d.catalogue.recipe import Material
from parts3d.catalogue.tables import ModelCheck
from parts3d.catalogue.upload_form import direction_of
from parts3d.context import Context
from parts3d.errors import Conflict, Invalid, NotFound, TooLarge
from parts3d.meshes.examination import REPAIRED
from parts3d.meshes.mesh import Unit, Vector

EXAMINE_TASK = "catalogue.examine"
_LONGEST_NAME = 80
_DIRECTION: TypeAdapter[Vector] = TypeAdapter(Direction)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a maintainer wants to have checked.

    Args:
        file_name: as the browser called it; only its last part is kept.
        model_sha256: the file in the store.
        unit: what the maintainer said; None: the file's own, else mm, and ask.
        material: what it will be printed in.
        load_direction: along which it is pulled in use, in the file's axes.
        repaired_from_id: the check whose repair made the file.
    """

    file_name: str
    model_sha256: str
    unit: Unit | None
    material: Material
    load_direction: Vector | None = None
    repaired_from_id: str | None = None


def check_channel(check_id: str) -> str:
    """Return the bell's channel of a check."""
    return f"check:{check_id}"


def keep_upload(context: Context, data: bytes) -> str:
    """Put an uploaded file into the store, unread; returns its SHA-256.

    Raises:
        Invalid: there is no file.
        TooLarge: it is larger than the settings allow.
    """
    most = context.settings.max_upload_bytes
    if not data:
        raise Invalid("Choose the model's file.", place="model")
    if len(data) > most:
        raise TooLarge(
            f"The file has {len(data) / 1e6:.1f} MB; at most {most / 1e6:.0f} MB are taken. "
            "Export it with a coarser resolution.",
            place="model",
        )
    return context.store.put(data)


def ask_for_check(session: Session, wish: Wish, *, created_by: str, now: datetime) -> ModelCheck:
    """Add a check to be made; ring ``EXAMINE_TASK`` with its id after the commit."""
    name = PurePosixPath(wish.file_name.replace("\\", "/")).name[-_LONGEST_NAME:]
    row = ModelCheck(
        status=CheckStatus.QUEUED,
        file_name=name or "model",
        model_sha256=wish.model_sha256,
        unit=wish.unit,
        material=wish.material,
        load_direction=list(wish.load_direction) if wish.load_direction else None,
        repaired_from_id=wish.repaired_from_id,
        created_by=created_by,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def get_check(session: Session, check_id: str) -> ModelCheck:
    """Return a check.

    Raises:
        NotFound: there is none.
    """
    row = session.get(ModelCheck, check_id)
    if row is None:
        raise NotFound("There is no such check. Upload the model again.")
    return row


def done_check(session: Session, check_id: str) -> ModelCheck:
    """Return a check that is done, whose model a revision can take.

    Raises:
        NotFound: there is none.
        Conflict: it is under way, or the file could not be read.
    """
    row = get_check(session, check_id)
    if row.status is not CheckStatus.DONE:
        raise Conflict("This model is not checked yet. Wait until it is, or upload it again.")
    return row


def wish_for_repaired(row: ModelCheck) -> Wish:
    """Return the wish to check what a repair made: a new file; the original is kept.

    Raises:
        Conflict: no repair was offered.
    """
    repaired = row.files.get(REPAIRED)
    if row.status is not CheckStatus.DONE or repaired is None:
        raise Conflict("No repair of this file is offered.")
    stem = PurePosixPath(row.file_name).stem[: _LONGEST_NAME - 20]
    return Wish(
        file_name=f"{stem}-repaired.stl",
        model_sha256=repaired,
        unit="mm",
        material=row.material,  # type: ignore[arg-type]  # it was one when it was stored
        load_direction=load_of(row),
        repaired_from_id=row.id,
    )


def load_of(row: ModelCheck) -> Vector | None:
    """Return the load direction of a check's file, if it is known."""
    if row.load_direction is None:
        return None
    x, y, z = row.load_direction
    return x, y, z


def read_load(typed: str) -> Vector | None:
    """Return a load direction as typed, ``0, 0, 1``; nothing typed: it is not known.

    Raises:
        Invalid: it is not three numbers, or all are zero.
    """
    if not typed.strip():
        return None
    try:
        return _DIRECTION.validate_python(direction_of(typed), strict=False)
    except ValidationError:
        raise Invalid(
            "Write the direction of the load as three numbers, not all zero: 0, 0, 1.",
            place="load_direction",
        ) from None


def recent_checks(session: Session, created_by: str, limit: int = 8) -> Sequence[ModelCheck]:
    """Return somebody's last checks, the newest first."""
    return session.exec(
        select(ModelCheck)
        .where(ModelCheck.created_by == created_by)
        .order_by(col(ModelCheck.created_at).desc(), col(ModelCheck.id))
        .limit(limit)
    ).all()


def unanswered(session: Session, now: datetime) -> Sequence[str]:
    """Return the ids of checks that no living worker has."""
    return session.exec(
        select(ModelCheck.id)
        .where(
            sa.or_(
                col(ModelCheck.status) == CheckStatus.QUEUED,
                sa.and_(
                    col(ModelCheck.status) == CheckStatus.CHECKING,
                    col(ModelCheck.claimed_until) < now,
                ),
            )
        )
        .order_by(col(ModelCheck.created_at))
    ).all()
