"""The bakery, its catalogue, recipes and goods, the ledger and its runs."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.models.types import ExactRatio, UtcDateTime, UuidText

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_roots()
    _create_catalog()
    _create_ledger()
    guard_history(op.get_bind())


def _create_roots() -> None:
    op.create_table(
        "bakery",
        sa.Column("id", KEY, nullable=False),
        sa.Column("database_id", UuidText(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_bakery_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bakery")),
    )
    op.create_table(
        "event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("happens_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index("uq_event_slug", "event", ["slug"], unique=True)
    op.create_table(
        "item",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("base_unit", sa.String(length=4), nullable=False),
        sa.Column("pick_policy", sa.String(length=4), nullable=False),
        sa.Column("shelf_life_days", sa.Integer(), nullable=True),
        sa.Column("g_per_ml", ExactRatio(), nullable=True),
        sa.Column("parent_id", KEY, nullable=True),
        sa.Column("is_category", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("lot_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("base_unit IN ('g', 'ml', 'each', 'cm')", name=op.f("ck_item_base_unit")),
        sa.CheckConstraint(
            "kind IN ('ingredient', 'material', 'finished_unit', 'finished_good')", name=op.f("ck_item_kind")
        ),
        sa.CheckConstraint("pick_policy IN ('fefo', 'fifo')", name=op.f("ck_item_pick_policy")),
        sa.ForeignKeyConstraint(["parent_id"], ["item.id"], name=op.f("fk_item_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
    )
    op.create_index("ix_item_parent_id", "item", ["parent_id"], unique=False)
    op.create_index("uq_item_slug", "item", ["slug"], unique=True)
    op.create_table(
        "operation",
        sa.Column("id", UuidText(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("parent_id", UuidText(), nullable=True),
        sa.Column("transaction_id", UuidText(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["operation.id"], name=op.f("fk_operation_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation")),
    )
    op.create_index("ix_operation_parent_id", "operation", ["parent_id"], unique=False)
    op.create_index("ix_operation_recorded_at", "operation", ["recorded_at"], unique=False)
    op.create_index("ix_operation_transaction_id", "operation", ["transaction_id"], unique=False)
    op.create_table(
        "recipe",
        sa.Column("id", KEY, nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("category", sa.String(length=120), nullable=True),
        sa.Column("source", sa.String(length=300), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipe")),
    )
    op.create_index("uq_recipe_slug", "recipe", ["slug"], unique=True)
    op.create_table(
        "recipe_snapshot",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_recipe_snapshot")),
    )
    op.create_table(
        "recipient",
        sa.Column("id", KEY, nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("household", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipient")),
    )
    op.create_index("uq_recipient_slug", "recipient", ["slug"], unique=True)
    op.create_table(
        "supplier",
        sa.Column("id", KEY, nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier")),
    )
    op.create_index("uq_supplier_slug", "supplier", ["slug"], unique=True)


def _create_catalog() -> None:
    op.create_table(
        "good_component",
        sa.Column("good_id", KEY, nullable=False),
        sa.Column("component_id", KEY, nullable=False),
        sa.Column("quantity_micros", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity_micros > 0", name=op.f("ck_good_component_above_zero")),
        sa.ForeignKeyConstraint(["component_id"], ["item.id"], name=op.f("fk_good_component_component_id")),
        sa.ForeignKeyConstraint(["good_id"], ["item.id"], name=op.f("fk_good_component_good_id")),
        sa.PrimaryKeyConstraint("good_id", "component_id", name=op.f("pk_good_component")),
    )
    op.create_index("ix_good_component_component_id", "good_component", ["component_id"], unique=False)
    op.create_table(
        "product",
        sa.Column("id", KEY, nullable=False),
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("brand", sa.String(length=200), nullable=True),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("package_type", sa.String(length=60), nullable=True),
        sa.Column("package_quantity", ExactRatio(), nullable=True),
        sa.Column("package_unit", sa.String(length=40), nullable=False),
        sa.Column("gtin", sa.String(length=20), nullable=True),
        sa.Column("supplier_id", KEY, nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_product_item_id")),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_product_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
    )
    op.create_index("ix_product_item_id", "product", ["item_id"], unique=False)
    op.create_index("uq_product_identity", "product", ["identity"], unique=True)
    op.create_table(
        "recipe_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("recipe_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_id", KEY, nullable=True),
        sa.Column("sub_recipe_id", KEY, nullable=True),
        sa.Column("quantity", ExactRatio(), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.CheckConstraint("(item_id IS NULL) <> (sub_recipe_id IS NULL)", name=op.f("ck_recipe_line_one_thing")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_recipe_line_item_id")),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipe.id"], name=op.f("fk_recipe_line_recipe_id")),
        sa.ForeignKeyConstraint(["sub_recipe_id"], ["recipe.id"], name=op.f("fk_recipe_line_sub_recipe_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipe_line")),
    )
    op.create_index("ix_recipe_line_item_id", "recipe_line", ["item_id"], unique=False)
    op.create_index("ix_recipe_line_sub_recipe_id", "recipe_line", ["sub_recipe_id"], unique=False)
    op.create_index("uq_recipe_line_position", "recipe_line", ["recipe_id", "position"], unique=True)
    op.create_table(
        "recipe_yield",
        sa.Column("recipe_id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("quantity_micros", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity_micros > 0", name=op.f("ck_recipe_yield_above_zero")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_recipe_yield_item_id")),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipe.id"], name=op.f("fk_recipe_yield_recipe_id")),
        sa.PrimaryKeyConstraint("recipe_id", "item_id", name=op.f("pk_recipe_yield")),
    )
    op.create_index("ix_recipe_yield_item_id", "recipe_yield", ["item_id"], unique=False)


def _create_ledger() -> None:
    op.create_table(
        "lot",
        sa.Column("id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("code", sa.String(length=160), nullable=False),
        sa.Column("is_made", sa.Boolean(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("pick_on", sa.Date(), nullable=False),
        sa.Column("quantity_micros", sa.BigInteger(), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=True),
        sa.Column("remaining_micros", sa.BigInteger(), nullable=False),
        sa.Column("remaining_cost_micros", sa.BigInteger(), nullable=True),
        sa.Column("on_hold", sa.Boolean(), nullable=False),
        sa.Column("location", sa.String(length=120), nullable=True),
        sa.Column("supplier_id", KEY, nullable=True),
        sa.Column("product_id", KEY, nullable=True),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.CheckConstraint("remaining_cost_micros >= 0", name=op.f("ck_lot_remaining_cost")),
        sa.CheckConstraint("remaining_micros >= 0", name=op.f("ck_lot_remaining")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_lot_item_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_lot_operation_id")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_lot_product_id")),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_lot_supplier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot")),
    )
    op.create_index("ix_lot_code", "lot", ["code"], unique=False)
    op.create_index("ix_lot_item_id_id", "lot", ["item_id", "id"], unique=False)
    op.create_index(
        "ix_lot_open",
        "lot",
        ["item_id", "pick_on", "received_on", "id"],
        unique=False,
        sqlite_where=sa.text("remaining_micros > 0 AND on_hold = false"),
        postgresql_where=sa.text("remaining_micros > 0 AND on_hold = false"),
    )
    op.create_index("ix_lot_operation_id", "lot", ["operation_id"], unique=False)
    op.create_index(
        "uq_lot_made_code",
        "lot",
        ["code"],
        unique=True,
        sqlite_where=sa.text("is_made = true"),
        postgresql_where=sa.text("is_made = true"),
    )
    op.create_table(
        "assembly_run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("finished_good_id", KEY, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("lot_id", KEY, nullable=False),
        sa.Column("total_cost_micros", sa.BigInteger(), nullable=True),
        sa.Column("assembled_at", UtcDateTime(), nullable=False),
        sa.Column("event_id", KEY, nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_assembly_run_event_id")),
        sa.ForeignKeyConstraint(["finished_good_id"], ["item.id"], name=op.f("fk_assembly_run_finished_good_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_assembly_run_lot_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_assembly_run_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assembly_run")),
    )
    op.create_index("ix_assembly_run_event_id", "assembly_run", ["event_id"], unique=False)
    op.create_index("ix_assembly_run_assembled_at", "assembly_run", ["assembled_at", "id"], unique=False)
    op.create_index("ix_assembly_run_finished_good_id", "assembly_run", ["finished_good_id", "id"], unique=False)
    op.create_index("uq_assembly_run_operation_id", "assembly_run", ["operation_id"], unique=True)
    op.create_table(
        "movement",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("lot_id", KEY, nullable=False),
        sa.Column("quantity_micros", sa.BigInteger(), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("quantity_micros <> 0", name=op.f("ck_movement_moves_something")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_movement_lot_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_movement_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movement")),
    )
    op.create_index("ix_movement_lot_id", "movement", ["lot_id"], unique=False)
    op.create_index("ix_movement_operation_id", "movement", ["operation_id"], unique=False)
    op.create_table(
        "production_run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("recipe_id", KEY, nullable=False),
        sa.Column("finished_unit_id", KEY, nullable=False),
        sa.Column("num_batches", sa.Integer(), nullable=False),
        sa.Column("scale_factor", sa.String(length=80), nullable=False),
        sa.Column("expected_yield_micros", sa.BigInteger(), nullable=False),
        sa.Column("actual_yield_micros", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("lot_id", KEY, nullable=True),
        sa.Column("total_cost_micros", sa.BigInteger(), nullable=True),
        sa.Column("loss_cost_micros", sa.BigInteger(), nullable=True),
        sa.Column("produced_at", UtcDateTime(), nullable=False),
        sa.Column("event_id", KEY, nullable=True),
        sa.Column("loss_reason", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("snapshot_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_production_run_event_id")),
        sa.ForeignKeyConstraint(["finished_unit_id"], ["item.id"], name=op.f("fk_production_run_finished_unit_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_production_run_lot_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_production_run_operation_id")),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipe.id"], name=op.f("fk_production_run_recipe_id")),
        sa.ForeignKeyConstraint(
            ["snapshot_sha256"], ["recipe_snapshot.sha256"], name=op.f("fk_production_run_snapshot_sha256")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_production_run")),
    )
    op.create_index("ix_production_run_event_id", "production_run", ["event_id"], unique=False)
    op.create_index("ix_production_run_produced_at", "production_run", ["produced_at", "id"], unique=False)
    op.create_index("ix_production_run_recipe_id", "production_run", ["recipe_id", "id"], unique=False)
    op.create_index("uq_production_run_operation_id", "production_run", ["operation_id"], unique=True)
