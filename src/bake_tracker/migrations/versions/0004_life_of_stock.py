"""Reversals, adjustments, stocktakes, holds, moves, deliveries, measures, allergens, labels and rates."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.domain.seals import ids_sha256
from bake_tracker.migrations.guards import guard_history, writing_marks
from bake_tracker.models.types import ExactRatio, UtcDateTime, UuidText

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_tables()
    _create_more_tables()
    _add_columns()
    _name_what_was_restored()
    guard_history(op.get_bind())


def _create_tables() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("supplier_id", KEY, nullable=True),
        sa.Column("document", sa.String(length=120), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_delivery_operation_id")),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_delivery_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index("ix_delivery_supplier_id", "delivery", ["supplier_id", "id"], unique=False)
    op.create_index("uq_delivery_operation_id", "delivery", ["operation_id"], unique=True)
    op.create_table(
        "item_allergen",
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("allergen", sa.String(length=24), nullable=False),
        sa.Column("presence", sa.String(length=12), nullable=False),
        sa.CheckConstraint("presence IN ('contains', 'may_contain')", name=op.f("ck_item_allergen_presence")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_item_allergen_item_id")),
        sa.PrimaryKeyConstraint("item_id", "allergen", name=op.f("pk_item_allergen")),
    )
    op.create_table(
        "product_allergen",
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("allergen", sa.String(length=24), nullable=False),
        sa.Column("presence", sa.String(length=12), nullable=False),
        sa.CheckConstraint("presence IN ('contains', 'may_contain')", name=op.f("ck_product_allergen_presence")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_product_allergen_product_id")),
        sa.PrimaryKeyConstraint("product_id", "allergen", name=op.f("pk_product_allergen")),
    )
    op.create_table(
        "item_label",
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("ingredients", sa.Text(), nullable=False),
        sa.Column("allergens", sa.Text(), nullable=False),
        sa.Column("filed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_item_label_item_id")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_item_label")),
    )
    op.create_table(
        "item_measure",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", ExactRatio(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("measured_on", sa.Date(), nullable=False),
        sa.CheckConstraint("kind IN ('density', 'piece')", name=op.f("ck_item_measure_kind")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_item_measure_item_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_item_measure_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_measure")),
    )
    op.create_index("ix_item_measure_item_id", "item_measure", ["item_id", "kind", "id"], unique=False)
    op.create_index("ix_item_measure_operation_id", "item_measure", ["operation_id"], unique=False)
    op.create_table(
        "name_mapping",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_name_mapping_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_name_mapping")),
    )
    op.create_index("uq_name_mapping_name", "name_mapping", ["name"], unique=True)
    op.create_table(
        "recipe_rate",
        sa.Column("recipe_id", KEY, nullable=False),
        sa.Column("labour_micros", sa.BigInteger(), nullable=False),
        sa.Column("overhead_micros", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("labour_micros >= 0 AND overhead_micros >= 0", name=op.f("ck_recipe_rate_not_negative")),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipe.id"], name=op.f("fk_recipe_rate_recipe_id")),
        sa.PrimaryKeyConstraint("recipe_id", name=op.f("pk_recipe_rate")),
    )


def _create_more_tables() -> None:
    op.create_table(
        "reversal",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("reversed_operation_id", UuidText(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_reversal_operation_id")),
        sa.ForeignKeyConstraint(
            ["reversed_operation_id"], ["operation.id"], name=op.f("fk_reversal_reversed_operation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reversal")),
    )
    op.create_index("uq_reversal_operation_id", "reversal", ["operation_id"], unique=True)
    op.create_index("uq_reversal_reversed_operation_id", "reversal", ["reversed_operation_id"], unique=True)
    op.create_table(
        "stocktake",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("counted_at", UtcDateTime(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_stocktake_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stocktake")),
    )
    op.create_index("uq_stocktake_operation_id", "stocktake", ["operation_id"], unique=True)
    op.create_table(
        "adjustment",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("lot_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("quantity_micros", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("recipient_id", KEY, nullable=True),
        sa.Column("event_id", KEY, nullable=True),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('waste', 'spoilage', 'sample', 'gift', 'sale', 'correction', 'stocktake')",
            name=op.f("ck_adjustment_kind"),
        ),
        sa.CheckConstraint("quantity_micros <> 0", name=op.f("ck_adjustment_changes_something")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_adjustment_event_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_adjustment_lot_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_adjustment_operation_id")),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"], name=op.f("fk_adjustment_recipient_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjustment")),
    )
    op.create_index("ix_adjustment_event_id", "adjustment", ["event_id"], unique=False)
    op.create_index("ix_adjustment_happened_at", "adjustment", ["happened_at", "id"], unique=False)
    op.create_index("ix_adjustment_lot_id", "adjustment", ["lot_id"], unique=False)
    op.create_index("ix_adjustment_operation_id", "adjustment", ["operation_id"], unique=False)
    op.create_index("ix_adjustment_recipient_id", "adjustment", ["recipient_id"], unique=False)
    op.create_table(
        "lot_hold",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("lot_id", KEY, nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("usable_until", sa.Date(), nullable=True),
        sa.Column("was_on_hold", sa.Boolean(), nullable=False),
        sa.Column("was_usable_until", sa.Date(), nullable=True),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("action IN ('hold', 'release')", name=op.f("ck_lot_hold_action")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_lot_hold_lot_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_lot_hold_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_hold")),
    )
    op.create_index("ix_lot_hold_lot_id", "lot_hold", ["lot_id", "id"], unique=False)
    op.create_index("ix_lot_hold_operation_id", "lot_hold", ["operation_id"], unique=False)
    op.create_table(
        "stocktake_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("stocktake_id", KEY, nullable=False),
        sa.Column("lot_id", KEY, nullable=False),
        sa.Column("expected_micros", sa.BigInteger(), nullable=False),
        sa.Column("counted_micros", sa.BigInteger(), nullable=False),
        sa.Column("percent_left", ExactRatio(), nullable=True),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_stocktake_line_lot_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_stocktake_line_operation_id")),
        sa.ForeignKeyConstraint(["stocktake_id"], ["stocktake.id"], name=op.f("fk_stocktake_line_stocktake_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stocktake_line")),
    )
    op.create_index("ix_stocktake_line_operation_id", "stocktake_line", ["operation_id"], unique=False)
    op.create_index("uq_stocktake_line_lot", "stocktake_line", ["stocktake_id", "lot_id"], unique=True)
    op.create_table(
        "transfer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("lot_id", KEY, nullable=False),
        sa.Column("new_lot_id", KEY, nullable=True),
        sa.Column("quantity_micros", sa.BigInteger(), nullable=True),
        sa.Column("from_location", sa.String(length=120), nullable=True),
        sa.Column("to_location", sa.String(length=120), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(new_lot_id IS NULL) = (quantity_micros IS NULL)", name=op.f("ck_transfer_whole_or_split")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_transfer_lot_id")),
        sa.ForeignKeyConstraint(["new_lot_id"], ["lot.id"], name=op.f("fk_transfer_new_lot_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_transfer_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
    )
    op.create_index("ix_transfer_lot_id", "transfer", ["lot_id"], unique=False)
    op.create_index("ix_transfer_new_lot_id", "transfer", ["new_lot_id"], unique=False)
    op.create_index("uq_transfer_operation_id", "transfer", ["operation_id"], unique=True)
    op.create_table(
        "run_rate",
        sa.Column("production_run_id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("labour_micros", sa.BigInteger(), nullable=False),
        sa.Column("overhead_micros", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("labour_micros >= 0 AND overhead_micros >= 0", name=op.f("ck_run_rate_not_negative")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_run_rate_operation_id")),
        sa.ForeignKeyConstraint(
            ["production_run_id"], ["production_run.id"], name=op.f("fk_run_rate_production_run_id")
        ),
        sa.PrimaryKeyConstraint("production_run_id", name=op.f("pk_run_rate")),
    )
    op.create_index("uq_run_rate_operation_id", "run_rate", ["operation_id"], unique=True)
    op.create_table(
        "catalog_change",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("thing", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_catalog_change_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_change")),
    )
    op.create_index("ix_catalog_change_operation_id", "catalog_change", ["operation_id"], unique=False)
    op.create_index("ix_catalog_change_thing", "catalog_change", ["thing", "key", "id"], unique=False)


def _add_columns() -> None:
    op.add_column("bakery", sa.Column("label_policy", sa.String(length=8), server_default="warn", nullable=False))
    op.add_column("item", sa.Column("g_per_each", ExactRatio(), nullable=True))
    op.add_column("lot", sa.Column("usable_until", sa.Date(), nullable=True))
    # Alembic would add the reference as a separate constraint, which SQLite does not support.
    key = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(f"ALTER TABLE lot ADD COLUMN parent_lot_id {key} CONSTRAINT fk_lot_parent_lot_id REFERENCES lot (id)")
    op.create_index("ix_lot_parent_lot_id", "lot", ["parent_lot_id"], unique=False)
    op.execute("UPDATE lot SET usable_until = expires_on")


def _name_what_was_restored() -> None:
    """Mark the operations that earlier versions considered restored: all recorded up to ``last_recorded_at``."""
    op.add_column("restoration", sa.Column("operations_sha256", sa.String(64), server_default="", nullable=False))
    op.create_table(
        "restored_operation",
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("restoration_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_restored_operation_operation_id")),
        sa.ForeignKeyConstraint(
            ["restoration_id"], ["restoration.id"], name=op.f("fk_restored_operation_restoration_id")
        ),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("pk_restored_operation")),
    )
    op.create_index(
        "ix_restored_operation_restoration_id", "restored_operation", ["restoration_id", "operation_id"], unique=False
    )
    connection = op.get_bind()
    with writing_marks(connection):
        for mark in connection.execute(sa.text("SELECT id FROM restoration ORDER BY id")).all():
            connection.execute(
                sa.text(
                    "INSERT INTO restored_operation (operation_id, restoration_id) SELECT o.id, r.id FROM operation o "
                    "JOIN restoration r ON o.recorded_at <= r.last_recorded_at WHERE r.id = :mark "
                    "AND NOT EXISTS (SELECT 1 FROM restored_operation d WHERE d.operation_id = o.id)"
                ),
                {"mark": mark.id},
            )
            named = connection.execute(
                sa.text("SELECT operation_id FROM restored_operation WHERE restoration_id = :mark ORDER BY 1"),
                {"mark": mark.id},
            )
            connection.execute(
                sa.text("UPDATE restoration SET operations_sha256 = :sha256 WHERE id = :mark"),
                {"sha256": ids_sha256(str(row.operation_id) for row in named), "mark": mark.id},
            )
