"""Items, suppliers, events and customers that are archived: kept in history, and no longer offered."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.models.types import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for name in ("item", "supplier", "event", "recipient"):
        table, column = f"archived_{name}", f"{name}_id"
        op.create_table(
            table,
            sa.Column(column, KEY, nullable=False),
            sa.Column("archived_at", UtcDateTime(), nullable=False),
            sa.ForeignKeyConstraint([column], [f"{name}.id"], name=op.f(f"fk_{table}_{column}")),
            sa.PrimaryKeyConstraint(column, name=op.f(f"pk_{table}")),
        )
