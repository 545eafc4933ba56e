"""Accounts of people who work for the network, their sign-ins, and agents' keys."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id, words


class Role(StrEnum):
    """What an account may do."""

    STAFF = "staff"  # one point's counter
    MAINTAINER = "maintainer"  # the catalogue
    OPERATOR = "operator"  # the network


class Account(SQLModel, table=True):
    """A person who signs in. Customers have none: they order as guests."""

    id: str = Field(default_factory=new_id, primary_key=True)
    email: str = Field(unique=True)
    name: str
    role: Role = Field(sa_type=words(Role))
    # The point whose counter this person works at; only staff have one. No foreign key:
    # accounts come before points in the house, and a guard compares the two.
    point_id: str | None = None
    password_hash: str | None = None
    failed_logins: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SignIn(SQLModel, table=True):
    """One browser that is signed in; only a hash of its cookie is kept."""

    __tablename__ = "sign_in"

    token_sha256: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class Agent(SQLModel, table=True):
    """A printer agent: its public key, and what it last said."""

    id: str = Field(default_factory=new_id, primary_key=True)
    point_id: str = Field(index=True)
    name: str
    public_key: str = Field(unique=True, description="Ed25519, base64")
    generation: int = Field(default=0, description="highest journal generation heard")
    version: str | None = None
    baton: str | None = Field(default=None, description="passed on with each hello")
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_heard_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AgentNonce(SQLModel, table=True):
    """A nonce that an agent has used: a recorded request cannot be played again."""

    __tablename__ = "agent_nonce"
    __table_args__ = (sa.PrimaryKeyConstraint("agent_id", "nonce"),)

    agent_id: str = Field(foreign_key="agent.id")
    nonce: str
    used_at: datetime = Field(sa_type=UtcDateTime, index=True)
