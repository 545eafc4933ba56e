"""Agents that wait to be paired, and wrong codes that were typed."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id


class Pairing(SQLModel, table=True):
    """One request of a fresh agent: a code to be typed, a key to be compared. Used once.

    Its end is a moment (``approved_at``, ``denied_at``) or the clock (``expires_at``).
    """

    id: str = Field(default_factory=new_id, primary_key=True)
    user_code: str = Field(unique=True, description="without its hyphen")
    device_sha256: str = Field(unique=True, description="of the secret that the agent polls with")
    public_key: str = Field(index=True)
    computer: str
    version: str
    address: str = Field(index=True, description="from where it was asked")
    printers: list[dict[str, Any]] = Field(sa_type=sa.JSON, description="as the agent names them")
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    # Polling: when it last asked, and how long it must wait between two questions.
    polled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    interval_seconds: int = 5
    denied_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # The account that typed the code: it alone may decide.
    typed_by: str | None = None
    decided_by: str | None = None
    agent_id: str | None = Field(default=None, foreign_key="agent.id")
    # Local name to the id of a printer of the point, as staff chose.
    chosen: dict[str, str] | None = Field(default=None, sa_type=sa.JSON)


class WrongCode(SQLModel, table=True):
    """A code that somebody typed and nobody was shown: guessing ends after a few."""

    __tablename__ = "pairing_wrong_code"

    id: str = Field(default_factory=new_id, primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True)
    typed_at: datetime = Field(sa_type=UtcDateTime, index=True)
