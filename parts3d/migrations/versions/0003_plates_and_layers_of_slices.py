"""plates and layers of slices.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CONTENT = [
    "model_sha256",
    "recipe_sha256",
    "printer_model",
    "profile_sha256",
    "material",
    "engine",
    "engine_version",
]


def upgrade() -> None:
    with op.batch_alter_table("slice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("copies", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("part_x_mm", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("part_y_mm", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("part_z_mm", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("layers_sha256", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("first_layer_sha256", sa.String(), nullable=True))
        batch_op.drop_constraint("uq_slice_content", type_="unique")
        batch_op.create_unique_constraint("uq_slice_content", [*_CONTENT, "copies"])


def downgrade() -> None:
    op.execute("DELETE FROM slice WHERE copies > 1 AND status <> 'ready'")
    with op.batch_alter_table("slice", schema=None) as batch_op:
        batch_op.drop_constraint("uq_slice_content", type_="unique")
        batch_op.create_unique_constraint("uq_slice_content", _CONTENT)
        batch_op.drop_column("first_layer_sha256")
        batch_op.drop_column("layers_sha256")
        batch_op.drop_column("part_z_mm")
        batch_op.drop_column("part_y_mm")
        batch_op.drop_column("part_x_mm")
        batch_op.drop_column("copies")
