"""Accepted plans: for which days each is, what it was worked out from, and its lines."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.migrations.history import KEY, create_history
from bake_tracker.models.types import ExactRatio

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_history("accepted_plan", [], {})
    create_history(
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
    create_history(
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
