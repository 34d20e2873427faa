"""The products of a production that made several."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.models.types import UuidText

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "production_output",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("production_run_id", KEY, nullable=False),
        sa.Column("finished_unit_id", KEY, nullable=False),
        sa.Column("share", sa.Text(), nullable=False),
        sa.Column("expected_yield_micros", sa.BigInteger(), nullable=False),
        sa.Column("actual_yield_micros", sa.BigInteger(), nullable=False),
        sa.Column("lot_id", KEY, nullable=True),
        sa.Column("total_cost_micros", sa.BigInteger(), nullable=True),
        sa.Column("loss_cost_micros", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["finished_unit_id"], ["item.id"], name=op.f("fk_production_output_finished_unit_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_production_output_lot_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_production_output_operation_id")),
        sa.ForeignKeyConstraint(
            ["production_run_id"], ["production_run.id"], name=op.f("fk_production_output_production_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_production_output")),
    )
    op.create_index("ix_production_output_operation_id", "production_output", ["operation_id"], unique=False)
    op.create_index(
        "uq_production_output_of_run", "production_output", ["production_run_id", "finished_unit_id"], unique=True
    )
    op.create_index("ix_production_output_lot_id", "production_output", ["lot_id"], unique=False)
    guard_history(op.get_bind())
