"""Items that are now kept in another unit."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.models.types import ExactRatio, UtcDateTime, UuidText

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAMED = {"operation_id": "operation", "item_id": "item", "new_item_id": "item", "lot_id": "lot", "new_lot_id": "lot"}


def upgrade() -> None:
    op.create_table(
        "unit_change",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("new_item_id", KEY, nullable=False),
        sa.Column("factor", ExactRatio(), nullable=False),
        sa.Column("lot_id", KEY, nullable=True),
        sa.Column("new_lot_id", KEY, nullable=True),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(lot_id IS NULL) = (new_lot_id IS NULL)", name=op.f("ck_unit_change_both_lots")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_unit_change_{column}"))
            for column, table in _NAMED.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_change")),
    )
    op.create_index("uq_unit_change_operation_id", "unit_change", ["operation_id"], unique=True)
    for column in ("item_id", "new_item_id", "lot_id", "new_lot_id"):
        op.create_index(f"ix_unit_change_{column}", "unit_change", [column], unique=False)
    guard_history(op.get_bind())
