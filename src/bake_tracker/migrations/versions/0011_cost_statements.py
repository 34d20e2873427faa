"""Costs that are stated after the goods came; a movement may change only a cost."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.models.types import UtcDateTime, UuidText

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOVES_SOMETHING = "quantity_micros <> 0 OR (cost_micros IS NOT NULL AND cost_micros <> 0)"


def upgrade() -> None:
    _let_movements_change_only_a_cost()
    op.create_table(
        "cost_statement",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("document", sa.String(length=120), nullable=True),
        sa.Column("stated_at", UtcDateTime(), nullable=False),
        sa.Column("share_by", sa.String(length=8), nullable=True),
        sa.Column("delivery_id", KEY, nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("last_movement_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('invoice', 'credit', 'freight', 'duty', 'correction')", name=op.f("ck_cost_statement_kind")
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_cost_statement_delivery_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_cost_statement_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cost_statement")),
    )
    op.create_index("uq_cost_statement_operation_id", "cost_statement", ["operation_id"], unique=True)
    op.create_index("ix_cost_statement_stated_at", "cost_statement", ["stated_at", "id"], unique=False)
    op.create_index("ix_cost_statement_delivery_id", "cost_statement", ["delivery_id"], unique=False)
    line = "cost_statement_line"
    op.create_table(
        line,
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("cost_statement_id", KEY, nullable=False),
        sa.Column("lot_id", KEY, nullable=False),
        sa.Column("movement_id", KEY, nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cost_statement_id"], ["cost_statement.id"], name=op.f("fk_cost_statement_line_cost_statement_id")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_cost_statement_line_lot_id")),
        sa.ForeignKeyConstraint(["movement_id"], ["movement.id"], name=op.f("fk_cost_statement_line_movement_id")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_cost_statement_line_operation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cost_statement_line")),
    )
    for name in ("operation_id", "lot_id", "movement_id"):
        op.create_index(f"ix_cost_statement_line_{name}", line, [name], unique=False)
    guard_history(op.get_bind())


def _let_movements_change_only_a_cost() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_movement_moves_something"), "movement", type_="check")
        op.create_check_constraint(op.f("ck_movement_moves_something"), "movement", MOVES_SOMETHING)
        return
    # SQLite cannot change a CHECK: the table is built again as it was, with every row, and takes the old one's place.
    (made,) = connection.execute(sa.text("SELECT sql FROM sqlite_master WHERE name = 'movement'")).one()
    indexes = connection.execute(
        sa.text("SELECT sql FROM sqlite_master WHERE tbl_name = 'movement' AND type = 'index' AND sql IS NOT NULL")
    ).scalars()
    again = [str(index) for index in indexes]
    new = str(made).replace("(quantity_micros <> 0)", f"({MOVES_SOMETHING})", 1).replace("movement", "new_movement", 1)
    assert MOVES_SOMETHING in new, "the table of movements is not as the first version made it"
    connection.execute(sa.text(new))
    connection.execute(sa.text("INSERT INTO new_movement SELECT * FROM movement"))
    connection.execute(sa.text("DROP TABLE movement"))
    connection.execute(sa.text("ALTER TABLE new_movement RENAME TO movement"))
    for index in again:
        connection.execute(sa.text(index))
