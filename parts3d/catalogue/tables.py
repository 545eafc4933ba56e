"""Parts, their revisions, the checks of uploads, and the appliances they fit."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.catalogue.lifecycle import CheckStatus, RevisionStatus
from parts3d.catalogue.safety import SafetyClass
from parts3d.db import UtcDateTime, new_id, versioned, words

# Else SQLAlchemy stores Python's None as JSON's null, which no query finds as missing.
_JSON_OR_NULL = sa.JSON(none_as_null=True)


class Part(SQLModel, table=True):
    """An entry of the catalogue. What is sold is its current revision."""

    id: str = Field(default_factory=new_id, primary_key=True)
    slug: str = Field(unique=True)
    category: str = Field(index=True)
    # The approved revision on sale; set at approval, cleared at withdrawal.
    current_revision_id: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


@versioned
class ModelCheck(SQLModel, table=True):
    """An uploaded model file: how far its check is, and what it came to. Kept, for the trace."""

    __tablename__ = "model_check"

    id: str = Field(default_factory=new_id, primary_key=True)
    status: CheckStatus = Field(sa_type=words(CheckStatus), index=True)
    version: int = 1
    file_name: str
    # The file as it came: STL, 3MF, OBJ or STEP.
    model_sha256: str
    # What the maintainer said of it; no unit means: the file's own, else mm, and ask.
    unit: str | None = None
    material: str
    load_direction: list[float] | None = Field(default=None, sa_type=_JSON_OR_NULL)
    # The check whose repair made this file.
    repaired_from_id: str | None = Field(default=None, foreign_key="model_check.id")
    # The word of the step under way.
    stage: str | None = None
    # Counts the workers that had it, and tells the present one from those that are late.
    tries: int = 0
    claimed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # An Examination, and what it left in the store, by name.
    examination: dict[str, Any] | None = Field(default=None, sa_type=_JSON_OR_NULL)
    files: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON)
    # The mesh as an STL in mm, which a revision takes.
    stl_sha256: str | None = None
    refusal_code: str | None = None
    refusal_message: str | None = None
    refusal_place: str | None = None
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@versioned
class Revision(SQLModel, table=True):
    """One immutable version of a part. Only its status, slicing and approval change."""

    __table_args__ = (
        sa.UniqueConstraint("part_id", "number"),
        # Order lines point at (id, safety_class): see orders/tables.py.
        sa.UniqueConstraint("id", "safety_class"),
        # Unclassified and S4 are unsellable, whichever route is tried.
        sa.CheckConstraint(
            "status NOT IN ('approved', 'submitted') OR (safety_class IS NOT NULL "
            "AND safety_class IN ('S0', 'S1', 'S2', 'S3'))",
            name="only_a_sellable_class_is_approved",
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> uploaded_by", name="two_pairs_of_eyes"
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    part_id: str = Field(foreign_key="part.id", index=True)
    number: int
    status: RevisionStatus = Field(sa_type=words(RevisionStatus))
    version: int = 1
    safety_class: SafetyClass | None = Field(
        default=None,
        sa_type=words(SafetyClass),
    )
    model_sha256: str
    picture_sha256: str | None = None
    # Small copies of the picture by pixels a side; None: not tried yet, {}: it gives none.
    thumbnails: dict[str, str] | None = Field(default=None, sa_type=_JSON_OR_NULL)
    recipe: dict[str, Any] = Field(sa_type=sa.JSON)
    recipe_sha256: str = Field(index=True)
    # The whole manifest as loaded or filled in: names, descriptions, limits, licence, maker.
    manifest: dict[str, Any] = Field(sa_type=sa.JSON)
    # The mesh check: verdict, findings, bounds_mm, volume_mm3, area_mm2, triangles.
    check_result: dict[str, Any] = Field(sa_type=sa.JSON)
    # The check it came from, with the findings' pictures; None for the catalogue's own folders.
    # No foreign key: to add one, SQLite would have to copy a table that others refer to.
    model_check_id: str | None = None
    uploaded_by: str
    approved_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decision_reason: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class RevisionEvent(SQLModel, table=True):
    """One move of a revision."""

    __tablename__ = "revision_event"

    id: int | None = Field(default=None, primary_key=True)
    revision_id: str = Field(foreign_key="revision.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    from_status: str | None = None
    to_status: str
    actor: str
    reason: str | None = None


class Fit(SQLModel, table=True):
    """An appliance that a part fits: brand and a model pattern with ``*``."""

    id: int | None = Field(default=None, primary_key=True)
    part_id: str = Field(foreign_key="part.id", index=True)
    appliance: str
    brand: str
    model_pattern: str
    # Letters and digits only, upper case, without the star: what a model number is compared to.
    model_prefix: str = Field(index=True)
    reference: str | None = None


class SearchText(SQLModel, table=True):
    """The words a part is found by, one row a language, folded to plain lower case."""

    __tablename__ = "search_text"
    __table_args__ = (sa.PrimaryKeyConstraint("part_id", "language"),)

    part_id: str = Field(foreign_key="part.id")
    language: str
    folded: str
