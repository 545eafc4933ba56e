"""silences of agents, and since when the sweep has watched.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_silence",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("point_id", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_silence_agent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_silence")),
    )
    op.create_index(op.f("ix_agent_silence_began_at"), "agent_silence", ["began_at"])
    op.create_index(
        "uq_agent_silence_open",
        "agent_silence",
        ["agent_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    with op.batch_alter_table("learning", schema=None) as batch_op:
        batch_op.add_column(sa.Column("watched_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("watched_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("learning", schema=None) as batch_op:
        batch_op.drop_column("watched_until")
        batch_op.drop_column("watched_since")
    op.drop_index("uq_agent_silence_open", table_name="agent_silence")
    op.drop_index(op.f("ix_agent_silence_began_at"), table_name="agent_silence")
    op.drop_table("agent_silence")
