"""Customers' orders, their changes and what was handed over."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.migrations.history import KEY, create_history
from bake_tracker.models.types import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_history("customer_order", [], {})
    create_history(
        "order_version",
        [
            sa.Column("order_id", KEY, nullable=False),
            sa.Column("status", sa.String(length=16), nullable=False),
            sa.Column("recipient_id", KEY, nullable=True),
            sa.Column("event_id", KEY, nullable=True),
            sa.Column("due_on", sa.Date(), nullable=False),
            sa.Column("due_time", sa.String(length=5), nullable=True),
            sa.Column("how", sa.String(length=16), nullable=False),
            sa.Column("place", sa.String(length=200), nullable=True),
            sa.Column("reference", sa.String(length=120), nullable=True),
            sa.Column("note", sa.Text(), nullable=True),
            sa.Column("reason", sa.Text(), nullable=True),
            sa.CheckConstraint("status IN ('ordered', 'cancelled')", name=op.f("ck_order_version_status")),
            sa.CheckConstraint("how IN ('pick-up', 'delivery', 'counter')", name=op.f("ck_order_version_how")),
        ],
        {"order_id": "customer_order", "recipient_id": "recipient", "event_id": "event"},
    )
    create_history(
        "order_line",
        [
            sa.Column("order_version_id", KEY, nullable=False),
            sa.Column("line", sa.Integer(), nullable=False),
            sa.Column("item_id", KEY, nullable=False),
            sa.Column("quantity_micros", sa.BigInteger(), nullable=False),
            sa.Column("price_micros", sa.BigInteger(), nullable=True),
            sa.CheckConstraint("quantity_micros > 0", name=op.f("ck_order_line_wants_something")),
        ],
        {"order_version_id": "order_version", "item_id": "item"},
        is_alone=False,
    )
    create_history(
        "hand_over",
        [
            sa.Column("order_id", KEY, nullable=True),
            sa.Column("order_version_id", KEY, nullable=True),
            sa.Column("recipient_id", KEY, nullable=True),
            sa.Column("event_id", KEY, nullable=True),
            sa.Column("happened_at", UtcDateTime(), nullable=False),
            sa.Column("note", sa.Text(), nullable=True),
            sa.CheckConstraint(
                "(order_id IS NULL) = (order_version_id IS NULL)", name=op.f("ck_hand_over_order_and_version")
            ),
        ],
        {
            "order_id": "customer_order",
            "order_version_id": "order_version",
            "recipient_id": "recipient",
            "event_id": "event",
        },
    )
    create_history(
        "hand_over_line",
        [
            sa.Column("hand_over_id", KEY, nullable=False),
            sa.Column("line", sa.Integer(), nullable=True),
            sa.Column("item_id", KEY, nullable=False),
            sa.Column("quantity_micros", sa.BigInteger(), nullable=False),
            sa.Column("price_micros", sa.BigInteger(), nullable=True),
            sa.Column("amount_micros", sa.BigInteger(), nullable=True),
            sa.CheckConstraint("quantity_micros > 0", name=op.f("ck_hand_over_line_gives_something")),
            sa.CheckConstraint(
                "(price_micros IS NULL) = (amount_micros IS NULL)", name=op.f("ck_hand_over_line_price_and_amount")
            ),
        ],
        {"hand_over_id": "hand_over", "item_id": "item"},
        is_alone=False,
    )
    for table, columns in (
        ("order_version", ["order_id", "id"]),
        ("order_version", ["due_on"]),
        ("order_version", ["recipient_id", "reference"]),
        ("order_version", ["event_id"]),
        ("order_line", ["item_id"]),
        ("hand_over", ["order_id"]),
        ("hand_over", ["order_version_id"]),
        ("hand_over", ["recipient_id"]),
        ("hand_over", ["event_id"]),
        ("hand_over", ["happened_at", "id"]),
        ("hand_over_line", ["hand_over_id"]),
        ("hand_over_line", ["item_id"]),
    ):
        op.create_index(f"ix_{table}_{columns[0]}", table, columns, unique=False)
    op.create_index("uq_order_line_version_id", "order_line", ["order_version_id", "line"], unique=True)
    guard_history(op.get_bind())
