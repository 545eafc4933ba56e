"""When printers were out of order and agents silent: what is learned from."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id


class PrinterSpell(SQLModel, table=True):
    """One outage of a printer, as the sweep saw it begin and end."""

    __tablename__ = "printer_spell"
    __table_args__ = (
        # Of two sweepers that see it begin, one notes it.
        sa.Index(
            "uq_printer_spell_open",
            "printer_id",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    printer_id: str = Field(foreign_key="printer.id")
    condition: str
    began_at: datetime = Field(sa_type=UtcDateTime, index=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AgentSilence(SQLModel, table=True):
    """One time at which a shop's agent was not heard, as the sweep saw it begin and end."""

    __tablename__ = "agent_silence"
    __table_args__ = (
        # Of two sweepers that see it begin, one notes it.
        sa.Index(
            "uq_agent_silence_open",
            "agent_id",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    agent_id: str = Field(foreign_key="agent.id")
    point_id: str
    began_at: datetime = Field(sa_type=UtcDateTime, index=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
