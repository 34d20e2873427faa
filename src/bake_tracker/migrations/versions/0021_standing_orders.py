"""Standing orders, the days without them, and the orders taken for their days."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.models.types import UuidText

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create(
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
    _create(
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
    _create(
        "standing_order_stop",
        [
            sa.Column("standing_order_id", KEY, nullable=False),
            sa.Column("since", sa.Date(), nullable=False),
            sa.Column("until", sa.Date(), nullable=True),
            sa.Column("reason", sa.Text(), nullable=True),
        ],
        {"standing_order_id": "standing_order"},
    )
    _create(
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


def _create(
    table: str, columns: list[sa.Column[object] | sa.CheckConstraint], refers: dict[str, str], *, is_alone: bool = True
) -> None:
    """Create a table of rows that operations own, one each if ``is_alone``, and its index by operation."""
    op.create_table(
        table,
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        *columns,
        *(
            sa.ForeignKeyConstraint([name], [f"{target}.id"], name=op.f(f"fk_{table}_{name}"))
            for name, target in {"operation_id": "operation", **refers}.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
    index = f"{'uq' if is_alone else 'ix'}_{table}_operation_id"
    op.create_index(index, table, ["operation_id"], unique=is_alone)
