"""Orders to suppliers, and the lots that came for them."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.migrations.history import KEY, create_history

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_history("purchase_order", [], {})
    create_history(
        "purchase_order_version",
        [
            sa.Column("purchase_order_id", KEY, nullable=False),
            sa.Column("status", sa.String(length=16), nullable=False),
            sa.Column("supplier_id", KEY, nullable=False),
            sa.Column("wanted_on", sa.Date(), nullable=False),
            sa.Column("note", sa.Text(), nullable=True),
            sa.Column("reason", sa.Text(), nullable=True),
            sa.CheckConstraint("status IN ('sent', 'cancelled')", name=op.f("ck_purchase_order_version_status")),
        ],
        {"purchase_order_id": "purchase_order", "supplier_id": "supplier"},
    )
    create_history(
        "purchase_order_line",
        [
            sa.Column("purchase_order_version_id", KEY, nullable=False),
            sa.Column("product_id", KEY, nullable=False),
            sa.Column("item_id", KEY, nullable=False),
            sa.Column("packs", sa.Integer(), nullable=False),
            sa.Column("quantity_micros", sa.BigInteger(), nullable=False),
            sa.Column("price_micros", sa.BigInteger(), nullable=True),
            sa.CheckConstraint(
                "packs > 0 AND quantity_micros > 0", name=op.f("ck_purchase_order_line_wants_something")
            ),
        ],
        {"purchase_order_version_id": "purchase_order_version", "product_id": "product", "item_id": "item"},
        is_alone=False,
    )
    create_history(
        "purchase_order_receipt",
        [
            sa.Column("purchase_order_id", KEY, nullable=False),
            sa.Column("purchase_order_version_id", KEY, nullable=False),
            sa.Column("product_id", KEY, nullable=False),
            sa.Column("lot_id", KEY, nullable=False),
        ],
        {
            "purchase_order_id": "purchase_order",
            "purchase_order_version_id": "purchase_order_version",
            "product_id": "product",
            "lot_id": "lot",
        },
        is_alone=False,
    )
    for table, name, columns in (
        ("purchase_order_version", "purchase_order_id", ["purchase_order_id", "id"]),
        ("purchase_order_version", "supplier_id", ["supplier_id"]),
        ("purchase_order_version", "wanted_on", ["wanted_on"]),
        ("purchase_order_line", "product_id", ["product_id"]),
        ("purchase_order_line", "item_id", ["item_id"]),
        ("purchase_order_receipt", "purchase_order_id", ["purchase_order_id", "product_id"]),
        ("purchase_order_receipt", "version_id", ["purchase_order_version_id"]),
        ("purchase_order_receipt", "product_id", ["product_id"]),
    ):
        op.create_index(f"ix_{table}_{name}", table, columns, unique=False)
    of_line = ["purchase_order_version_id", "product_id"]
    op.create_index("uq_purchase_order_line_version_id", "purchase_order_line", of_line, unique=True)
    op.create_index("uq_purchase_order_receipt_lot_id", "purchase_order_receipt", ["lot_id"], unique=True)
    guard_history(op.get_bind())
