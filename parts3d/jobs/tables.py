"""Jobs, attempts, and what agents said."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id, versioned, words
from parts3d.jobs.lifecycle import JobStatus


@versioned
class Job(SQLModel, table=True):
    """One print of a line, a copy or a plate of several, to be made at one point.

    ``epoch`` is the fencing number: it grows with every lease and never shrinks. Whoever
    speaks with an older one is refused.
    """

    __table_args__ = (
        sa.Index("ix_job_queue", "point_id", "status", "due_at"),
        sa.Index("ix_job_lease", "status", "lease_until"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    order_id: str = Field(foreign_key="orders.id", index=True)
    line_id: str = Field(foreign_key="order_line.id", index=True)
    copy_number: int = Field(description="of its first copy: 1 to the line's quantity")
    copies: int = Field(default=1, description="that lie on the bed together")
    # Of these, rejected at the check and printed again by jobs of their own.
    rejected_copies: int = 0
    remade_from: str | None = Field(default=None, foreign_key="job.id")
    point_id: str = Field(foreign_key="point.id")
    # The printer that the promise was planned on; any fitting one of the point may take it.
    planned_printer_id: str | None = None
    revision_id: str = Field(foreign_key="revision.id")
    material: str
    label: str = Field(description="what staff and the agent see; never a customer's name")
    status: JobStatus = Field(sa_type=words(JobStatus))
    version: int = 1
    epoch: int = 0
    attempt_count: int = 0
    # The present try: set by a claim, kept for the trace afterwards.
    attempt_id: str | None = None
    printer_id: str | None = None
    agent_id: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_heard_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    progress: float | None = None
    remaining_seconds: float | None = None
    reason: str | None = Field(default=None, description="why it waits, in words")
    print_seconds: int = Field(description="as sliced for the planned printer")
    due_at: datetime = Field(sa_type=UtcDateTime)
    # Made for the same copies as that one; the first that passes its check serves the line.
    hedge_of: str | None = Field(default=None, foreign_key="job.id", index=True)
    # Since then another job serves the line: what this one still makes becomes stock.
    surplus_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Served by a part in stock: this unit, printed for another order; nothing is printed.
    stock_unit_id: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    printed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Attempt(SQLModel, table=True):
    """One try at a job on one printer."""

    __table_args__ = (sa.UniqueConstraint("job_id", "epoch"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    job_id: str = Field(foreign_key="job.id", index=True)
    number: int
    epoch: int
    printer_id: str = Field(foreign_key="printer.id")
    agent_id: str = Field(foreign_key="agent.id")
    agent_generation: int
    slice_id: str = Field(foreign_key="slice.id")
    gcode_sha256: str
    # The one-attempt download link; only its hash is kept.
    download_sha256: str = Field(unique=True)
    leased_at: datetime = Field(sa_type=UtcDateTime)
    permitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    outcome: str | None = None
    # By the printer's own clock: of a whole print, as its end was told; and so far, as last told.
    printed_seconds: float | None = None
    running_seconds: float | None = None
    # A print that was paused once measures no print time.
    paused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # What the permit took off the spool; after the end, what the print has really used.
    spool_id: str | None = Field(default=None, foreign_key="spool.id")
    filament_mg: int | None = None


class JobEvent(SQLModel, table=True):
    """One move of a job, or something worth telling that happened to it."""

    __tablename__ = "job_event"

    id: int | None = Field(default=None, primary_key=True)
    job_id: str = Field(foreign_key="job.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    epoch: int
    from_status: str | None = None
    to_status: str
    actor: str
    reason: str | None = None


class AgentReport(SQLModel, table=True):
    """A report as heard; hearing it twice gives the same answer."""

    __tablename__ = "agent_report"
    __table_args__ = (sa.PrimaryKeyConstraint("agent_id", "generation", "event_seq"),)

    agent_id: str = Field(foreign_key="agent.id")
    generation: int
    event_seq: int
    job_id: str
    epoch: int
    kind: str
    outcome: str = Field(description="accepted or stale")
    body: dict[str, Any] = Field(sa_type=sa.JSON)
    heard_at: datetime = Field(sa_type=UtcDateTime)


class PrinterCommand(SQLModel, table=True):
    """What staff asked of a running print, until its agent has said what became of it."""

    __tablename__ = "printer_command"

    id: str = Field(default_factory=new_id, primary_key=True)
    job_id: str = Field(foreign_key="job.id", index=True)
    attempt_id: str = Field(foreign_key="attempt.id", index=True)
    agent_id: str = Field(foreign_key="agent.id", index=True)
    verb: str = Field(description="CommandVerb of the protocol")
    actor: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = Field(default=None, description="obeyed, disobeyed or expired")
    detail: str | None = None


class PrinterPicture(SQLModel, table=True):
    """What a printer's camera saw; deleted with its file after a while."""

    __tablename__ = "printer_picture"

    id: str = Field(default_factory=new_id, primary_key=True)
    printer_id: str = Field(foreign_key="printer.id", index=True)
    # What was on the printer then, if anything of ours was.
    job_id: str | None = Field(default=None, foreign_key="job.id", index=True)
    taken_at: datetime = Field(sa_type=UtcDateTime, index=True)
    picture_sha256: str = Field(index=True)
    width: int
    height: int
