"""The slice cache: a row for each content.

The content: model, recipe, printer model, profile, material, engine, its version, and copies.
Equal content is sliced once in the network's life, whichever revision or order asks for it.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id, words
from parts3d.lifecycle import Lifecycle


class SliceStatus(StrEnum):
    """Where a slice stands."""

    WAITING = "waiting"  # rung, or to be rung by the sweep
    SLICING = "slicing"  # a worker has it; too old means the worker died: waiting again
    READY = "ready"  # G-code in the store
    FAILED = "failed"  # the reason is a finding on the revision
    UNFIT = "unfit"  # larger than this printer's bed: nothing to be made, and no fault


SLICE_LIFECYCLE = Lifecycle(
    "slice",
    {
        SliceStatus.WAITING: frozenset({SliceStatus.SLICING}),
        SliceStatus.SLICING: frozenset(
            {SliceStatus.READY, SliceStatus.FAILED, SliceStatus.UNFIT, SliceStatus.WAITING}
        ),
        # Only where its G-code is gone from the store.
        SliceStatus.READY: frozenset({SliceStatus.WAITING}),
        SliceStatus.FAILED: frozenset({SliceStatus.WAITING}),
        # A bed does not grow; another profile or engine version has a wish of its own.
        SliceStatus.UNFIT: frozenset(),
    },
)


class Slice(SQLModel, table=True):
    """A sliced model, or the wish for one. Never deleted: G-code of sold units is traced."""

    __table_args__ = (
        sa.UniqueConstraint(
            "model_sha256",
            "recipe_sha256",
            "printer_model",
            "profile_sha256",
            "material",
            "engine",
            "engine_version",
            "copies",
            name="uq_slice_content",
        ),
        sa.Index("ix_slice_todo", "status", "priority", "created_at"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    model_sha256: str = Field(index=True)
    recipe_sha256: str
    printer_model: str
    # The profile's content: an edited profile makes new slices, the old ones stay for the trace.
    profile_sha256: str = ""
    material: str
    engine: str
    engine_version: str
    copies: int = Field(
        default=1,
        sa_column_kwargs={"server_default": "1"},
        description="on the bed together; time, filament and G-code are of all of them",
    )
    # The recipe itself, so that the worker needs no other row.
    recipe_json: str
    status: SliceStatus = Field(sa_type=words(SliceStatus))
    priority: int = Field(default=100, description="lower is sooner; an ordered part is 0")
    tries: int = 0
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    gcode_sha256: str | None = None
    gcode_bytes: int | None = None
    print_seconds: int | None = Field(default=None, description="with heating and levelling")
    filament_mm: int | None = None
    filament_mg: int | None = None
    layers: int | None = None
    # The box of one copy as it is printed: tells how many lie on any printer's bed.
    part_x_mm: float | None = None
    part_y_mm: float | None = None
    part_z_mm: float | None = None
    # What the layer viewer shows, made from the G-code when it is first asked for.
    layers_sha256: str | None = None
    first_layer_sha256: str | None = None
    failure: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
