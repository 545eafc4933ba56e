"""what does not fit is no failure.

Revision ID: 0011
Revises: 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The sentences of placement.py; nothing else says so.
    op.execute(
        "UPDATE slice SET status = 'unfit' WHERE status = 'failed' AND "
        "(failure LIKE 'The part measures % and needs % mm around it; % prints %' "
        "OR failure LIKE '% copies do not lie on one plate of %')"
    )


def downgrade() -> None:
    op.execute("UPDATE slice SET status = 'failed' WHERE status = 'unfit'")
