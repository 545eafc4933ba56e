"""Partner shops and their printers."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id, words


class Unattended(StrEnum):
    """What a point lets its printers do while nobody is there."""

    NONE = "none"  # a print must end before closing
    FINISH = "finish"  # a running print may end after closing
    OVERNIGHT = "overnight"  # prints may also start by themselves


class Point(SQLModel, table=True):
    """A partner shop."""

    id: str = Field(default_factory=new_id, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    street: str
    postcode: str
    city: str
    latitude: float
    longitude: float
    opening_hours: str = Field(description="OSM syntax, Brussels time")
    staffed_hours: str = Field(description="OSM syntax; when somebody clears beds and checks")
    unattended: Unattended = Field(sa_type=words(Unattended))
    bed_clear_minutes: int = 5
    check_minutes: int = 5
    people: int = Field(
        default=1,
        sa_column_kwargs={"server_default": "1"},
        description="how many clear beds and check at once",
    )
    active: bool = True
    created_at: datetime = Field(sa_type=UtcDateTime)


class Spool(SQLModel, table=True):
    """A spool of filament at a point: what is on it, and how much is left."""

    id: str = Field(default_factory=new_id, primary_key=True)
    point_id: str = Field(foreign_key="point.id", index=True)
    material: str
    name: str = Field(default="", description="maker and colour, as staff know it")
    lot: str = Field(default="", description="the maker's lot number; goes into the trace")
    full_mg: int
    left_mg: int = Field(description="what no print has taken; never below zero")
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Printer(SQLModel, table=True):
    """A printer of a point: what staff said of it, and what its agent last reported."""

    id: str = Field(default_factory=new_id, primary_key=True)
    point_id: str = Field(foreign_key="point.id", index=True)
    agent_id: str | None = Field(default=None, foreign_key="agent.id", index=True)
    name: str
    model: str = Field(description="id of a profile, as mk3s")
    material: str = Field(description="what is loaded, by the word of staff")
    # Where staff keep no book of spools, there is none, and how much is left is not known.
    spool_id: str | None = Field(default=None, foreign_key="spool.id")
    # Staff's word that the bed is free. False from a start on, until a person confirms.
    bed_clear: bool = True
    bed_cleared_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Starts that the agent counted in its present generation; more than we permitted means
    # that somebody printed at the printer itself, and the bed is not clear.
    starts_seen: int = 0
    starts_generation: int = 0
    # Presses of the button at the printer that were taken, in the same generation.
    presses_seen: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    condition: str = Field(default="unknown", description="PrinterCondition of the protocol")
    progress: float | None = None
    remaining_seconds: float | None = None
    remaining_source: str | None = Field(
        default=None, description="whose figure that is: printer, host or slicer"
    )
    detail: str | None = None
    last_heard_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
