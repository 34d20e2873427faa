"""Accepted plans: for which days each is, what it was worked out from, and its lines."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.models.types import ExactRatio, UuidText

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create("accepted_plan", [], {})
    _create(
        "accepted_plan_version",
        [
            sa.Column("accepted_plan_id", KEY, nullable=False),
            sa.Column("first_on", sa.Date(), nullable=False),
            sa.Column("last_on", sa.Date(), nullable=False),
            sa.Column("inputs", sa.String(length=200), nullable=False),
            sa.CheckConstraint("last_on >= first_on", name=op.f("ck_accepted_plan_version_days_in_order")),
        ],
        {"accepted_plan_id": "accepted_plan"},
    )
    _create(
        "accepted_plan_line",
        [
            sa.Column("accepted_plan_version_id", KEY, nullable=False),
            sa.Column("line", sa.Integer(), nullable=False),
            sa.Column("day", sa.Date(), nullable=False),
            sa.Column("recipe_id", KEY, nullable=True),
            sa.Column("item_id", KEY, nullable=False),
            sa.Column("batches", ExactRatio(), nullable=False),
            sa.Column("quantity_micros", sa.BigInteger(), nullable=False),
            sa.CheckConstraint("line > 0 AND quantity_micros > 0", name=op.f("ck_accepted_plan_line_makes_something")),
        ],
        {"accepted_plan_version_id": "accepted_plan_version", "recipe_id": "recipe", "item_id": "item"},
        is_alone=False,
    )
    for table, name, columns in (
        ("accepted_plan_version", "accepted_plan_id", ["accepted_plan_id", "id"]),
        ("accepted_plan_version", "last_on", ["last_on"]),
        ("accepted_plan_line", "recipe_id", ["recipe_id"]),
        ("accepted_plan_line", "item_id", ["item_id"]),
    ):
        op.create_index(f"ix_{table}_{name}", table, columns, unique=False)
    of_line = ["accepted_plan_version_id", "line", "item_id"]
    op.create_index("uq_accepted_plan_line_version_id", "accepted_plan_line", of_line, unique=True)
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
