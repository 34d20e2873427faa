"""Why each draw was made, and the lots that it passed over."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.models.types import UuidText

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HELD = sa.text("remaining_micros > 0 AND on_hold = true")


def upgrade() -> None:
    op.add_column("movement", sa.Column("reason", sa.String(length=8), nullable=True))
    op.create_table(
        "passed_over_lot",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("lot_id", KEY, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("usable_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_passed_over_lot_lot_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_passed_over_lot_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passed_over_lot")),
    )
    op.create_index("ix_passed_over_lot_operation_id", "passed_over_lot", ["operation_id"], unique=False)
    op.create_index(
        "ix_lot_held",
        "lot",
        ["item_id", "pick_on", "received_on", "id"],
        unique=False,
        sqlite_where=HELD,
        postgresql_where=HELD,
    )
    guard_history(op.get_bind())
