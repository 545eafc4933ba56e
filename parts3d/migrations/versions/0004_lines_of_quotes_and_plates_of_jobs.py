"""lines of quotes, plates of jobs.

Revision ID: 0004
Revises: 0003
"""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SUM = op.f("ck_quote_components_sum_to_net")
_OLD_SUM = "material_cents + machine_cents + handling_cents + share_cents = net_cents"
_NEW_SUM = (
    "material_cents + machine_cents + handling_cents + quantity_discount_cents + "
    "rush_cents + share_cents + royalty_cents + voucher_cents = net_cents"
)
_ADDED = (
    "quantity_discount_cents",
    "rush_cents",
    "royalty_cents",
    "voucher_cents",
    "voucher_total_cents",
)


def upgrade() -> None:
    op.create_table(
        "quote_line",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("quote_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.String(), nullable=False),
        sa.Column("slice_id", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("plates", sa.JSON(), nullable=False),
        sa.Column("filament_mg", sa.Integer(), nullable=False),
        sa.Column("print_seconds", sa.Integer(), nullable=False),
        sa.Column("total_cents", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_quote_line_at_least_one_copy")),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_quote_line_quote_id")),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_quote_line_revision_id")
        ),
        sa.ForeignKeyConstraint(["slice_id"], ["slice.id"], name=op.f("fk_quote_line_slice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_line")),
        sa.UniqueConstraint("quote_id", "position", name="uq_quote_line_position"),
    )
    with op.batch_alter_table("quote_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_quote_line_quote_id"), ["quote_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_quote_line_revision_id"), ["revision_id"], unique=False
        )
    _lines_of_known_quotes()
    _drop_sum_on_postgresql()
    with op.batch_alter_table("quote", schema=None) as batch_op:
        for column in _ADDED:
            batch_op.add_column(sa.Column(column, sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("voucher_code", sa.String(), nullable=True))
        batch_op.create_check_constraint(_SUM, _NEW_SUM)
        batch_op.drop_index(batch_op.f("ix_quote_revision_id"))
        batch_op.drop_constraint(batch_op.f("fk_quote_revision_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_quote_slice_id"), type_="foreignkey")
        batch_op.drop_column("revision_id")
        batch_op.drop_column("slice_id")
        batch_op.drop_column("quantity")
        batch_op.add_column(sa.Column("seal", sa.String(), nullable=True))
    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.add_column(sa.Column("position", sa.Integer(), server_default="1", nullable=False))
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.add_column(sa.Column("copies", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(
            sa.Column("rejected_copies", sa.Integer(), server_default="0", nullable=False)
        )
        batch_op.add_column(sa.Column("remade_from", sa.String(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_job_remade_from"), "job", ["remade_from"], ["id"]
        )
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("copy_number", sa.Integer(), server_default="1", nullable=False)
        )
        batch_op.drop_constraint(batch_op.f("uq_unit_attempt_id"), type_="unique")
        batch_op.create_unique_constraint("uq_unit_attempt_copy", ["attempt_id", "copy_number"])
        batch_op.create_index(batch_op.f("ix_unit_attempt_id"), ["attempt_id"], unique=False)
    _copy_numbers_of_known_units()


def _drop_sum_on_postgresql() -> None:
    # SQLite rebuilds the table, and the new check takes the place of the one of the same name.
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(_SUM, "quote", type_="check")


def _lines_of_known_quotes() -> None:
    """Give each quote of one part the line that it was."""
    bind = op.get_bind()
    lines = sa.table(
        "quote_line",
        *(sa.column(name) for name in ("id", "quote_id", "position", "revision_id", "slice_id")),
        *(sa.column(name) for name in ("quantity", "filament_mg", "print_seconds", "total_cents")),
        sa.column("plates", sa.JSON()),
    )
    known = bind.execute(
        sa.text(
            "SELECT quote.id, quote.revision_id, quote.slice_id, quote.quantity, "
            "quote.total_cents, slice.gcode_sha256, slice.filament_mg, slice.print_seconds "
            "FROM quote JOIN slice ON slice.id = quote.slice_id"
        )
    ).all()
    for row in known:
        filament_mg, print_seconds = row.filament_mg or 0, row.print_seconds or 0
        bind.execute(
            lines.insert().values(
                id=uuid4().hex,
                quote_id=row.id,
                position=1,
                revision_id=row.revision_id,
                slice_id=row.slice_id,
                quantity=row.quantity,
                filament_mg=filament_mg * row.quantity,
                print_seconds=print_seconds * row.quantity,
                total_cents=row.total_cents,
                plates=[
                    {
                        "copies": 1,
                        "prints": row.quantity,
                        "slice_id": row.slice_id,
                        "gcode_sha256": row.gcode_sha256 or "",
                        "filament_mg": filament_mg,
                        "print_seconds": print_seconds,
                    }
                ],
            )
        )


def _copy_numbers_of_known_units() -> None:
    op.execute(
        "UPDATE unit SET copy_number = (SELECT job.copy_number FROM job WHERE job.id = unit.job_id)"
    )


def downgrade() -> None:
    """Go back; only where every quote has one line and four components, and no plate exists."""
    with op.batch_alter_table("unit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unit_attempt_id"))
        batch_op.drop_constraint("uq_unit_attempt_copy", type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_unit_attempt_id"), ["attempt_id"])
        batch_op.drop_column("copy_number")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_job_remade_from"), type_="foreignkey")
        batch_op.drop_column("remade_from")
        batch_op.drop_column("rejected_copies")
        batch_op.drop_column("copies")
    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.drop_column("position")
    _drop_sum_on_postgresql()
    with op.batch_alter_table("quote", schema=None) as batch_op:
        batch_op.create_check_constraint(_SUM, _OLD_SUM)
        batch_op.drop_column("seal")
        batch_op.drop_column("voucher_code")
        for column in _ADDED:
            batch_op.drop_column(column)
        batch_op.add_column(sa.Column("revision_id", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("slice_id", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("quantity", sa.Integer(), nullable=True))
    for column in ("revision_id", "slice_id", "quantity"):
        op.execute(
            f"UPDATE quote SET {column} = (SELECT quote_line.{column} FROM quote_line "  # noqa: S608 - names of our own
            "WHERE quote_line.quote_id = quote.id AND quote_line.position = 1)"
        )
    with op.batch_alter_table("quote", schema=None) as batch_op:
        batch_op.alter_column("revision_id", nullable=False, existing_type=sa.String())
        batch_op.alter_column("slice_id", nullable=False, existing_type=sa.String())
        batch_op.alter_column("quantity", nullable=False, existing_type=sa.Integer())
        batch_op.create_foreign_key(
            batch_op.f("fk_quote_revision_id"), "revision", ["revision_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_quote_slice_id"), "slice", ["slice_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_quote_revision_id"), ["revision_id"], unique=False)
    op.drop_table("quote_line")
