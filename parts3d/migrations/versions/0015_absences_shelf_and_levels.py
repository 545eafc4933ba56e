"""absences of printers, parts on the shelf, planned levels.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "printer_absence",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("printer_id", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["printer_id"], ["printer.id"], name=op.f("fk_printer_absence_printer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_printer_absence")),
    )
    op.create_index("ix_printer_absence_of", "printer_absence", ["printer_id", "ends_at"])
    op.create_table(
        "shelf_part",
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("point_id", sa.String(), nullable=False),
        sa.Column("revision_id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("printer_id", sa.String(), nullable=False),
        sa.Column("slice_id", sa.String(), nullable=False),
        sa.Column("print_seconds", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["point_id"], ["point.id"], name=op.f("fk_shelf_part_point_id")),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_shelf_part_revision_id")
        ),
        sa.ForeignKeyConstraint(
            ["printer_id"], ["printer.id"], name=op.f("fk_shelf_part_printer_id")
        ),
        sa.ForeignKeyConstraint(["slice_id"], ["slice.id"], name=op.f("fk_shelf_part_slice_id")),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_shelf_part")),
    )
    op.create_index(op.f("ix_shelf_part_job_id"), "shelf_part", ["job_id"])
    op.create_index("ix_shelf_part_there", "shelf_part", ["point_id", "revision_id", "left_at"])
    op.execute(
        "INSERT INTO shelf_part (unit_id, point_id, revision_id, job_id, serial, printer_id, slice_id, "
        "print_seconds, since, left_at) "
        "SELECT unit.id, job.point_id, unit.revision_id, unit.job_id, unit.serial, attempt.printer_id, "
        "attempt.slice_id, job.print_seconds / job.copies, unit.stocked_at, "
        "COALESCE(unit.stock_left_at, unit.handed_over_at) "
        "FROM unit JOIN job ON job.id = unit.job_id JOIN attempt ON attempt.id = unit.attempt_id "
        "WHERE unit.stocked_at IS NOT NULL"
    )
    with op.batch_alter_table("point", schema=None) as batch_op:
        batch_op.add_column(sa.Column("people", sa.Integer(), server_default="1", nullable=False))
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stock_unit_id", sa.String(), nullable=True))
    with op.batch_alter_table("promise_decision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("planned_level", sa.Float(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("promise_decision", schema=None) as batch_op:
        batch_op.drop_column("planned_level")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_column("stock_unit_id")
    with op.batch_alter_table("point", schema=None) as batch_op:
        batch_op.drop_column("people")
    op.drop_index("ix_shelf_part_there", table_name="shelf_part")
    op.drop_index(op.f("ix_shelf_part_job_id"), table_name="shelf_part")
    op.drop_table("shelf_part")
    op.drop_index("ix_printer_absence_of", table_name="printer_absence")
    op.drop_table("printer_absence")
