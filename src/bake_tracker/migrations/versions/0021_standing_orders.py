"""Standing orders, the days without them, and the orders taken for their days."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.migrations.history import KEY, create_history

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_history(
        "standing_order",
        [
            sa.Column("recipient_id", KEY, nullable=True),
            sa.Column("starts_on", sa.Date(), nullable=False),
            sa.Column("rule", sa.String(length=120), nullable=False),
            sa.Column("due_time", sa.String(length=5), nullable=True),
            sa.Column("how", sa.String(length=16), nullable=False),
            sa.Column("place", sa.String(length=200), nullable=True),
            sa.Column("note", sa.Text(), nullable=True),
            sa.CheckConstraint("how IN ('pick-up', 'delivery', 'counter')", name=op.f("ck_standing_order_how")),
        ],
        {"recipient_id": "recipient"},
    )
    create_history(
        "standing_order_line",
        [
            sa.Column("standing_order_id", KEY, nullable=False),
            sa.Column("line", sa.Integer(), nullable=False),
            sa.Column("item_id", KEY, nullable=False),
            sa.Column("quantity_micros", sa.BigInteger(), nullable=False),
            sa.Column("price_micros", sa.BigInteger(), nullable=True),
            sa.CheckConstraint("quantity_micros > 0", name=op.f("ck_standing_order_line_wants_something")),
        ],
        {"standing_order_id": "standing_order", "item_id": "item"},
        is_alone=False,
    )
    create_history(
        "standing_order_stop",
        [
            sa.Column("standing_order_id", KEY, nullable=False),
            sa.Column("since", sa.Date(), nullable=False),
            sa.Column("until", sa.Date(), nullable=True),
            sa.Column("reason", sa.Text(), nullable=True),
        ],
        {"standing_order_id": "standing_order"},
    )
    create_history(
        "standing_order_day",
        [
            sa.Column("standing_order_id", KEY, nullable=False),
            sa.Column("day", sa.Date(), nullable=False),
            sa.Column("order_id", KEY, nullable=False),
        ],
        {"standing_order_id": "standing_order", "order_id": "customer_order"},
    )
    for table, columns in (
        ("standing_order", ["recipient_id"]),
        ("standing_order_line", ["item_id"]),
        ("standing_order_stop", ["standing_order_id"]),
        ("standing_order_day", ["standing_order_id", "day"]),
        ("standing_order_day", ["order_id"]),
    ):
        op.create_index(f"ix_{table}_{columns[0]}", table, columns, unique=False)
    op.create_index(
        "uq_standing_order_line_standing_order_id", "standing_order_line", ["standing_order_id", "line"], unique=True
    )
    guard_history(op.get_bind())
