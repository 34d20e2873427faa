"""What a volume or a piece of a lot weighs, where it differs from the item's other lots."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.models.types import ExactRatio

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    for name, of in (("lot_id", "lot"), ("corrects_id", "item_measure")):
        _add_reference(connection, name, of)
        op.create_index(f"ix_item_measure_{name}", "item_measure", [name], unique=False)
    for name in ("since_lot_id", "last_lot_id"):
        op.add_column("item_measure", sa.Column(name, sa.BigInteger(), nullable=True))
    for name in ("g_per_ml", "g_per_each"):
        op.add_column("lot", sa.Column(name, ExactRatio(), nullable=True))
    guard_history(connection)


def _add_reference(connection: sa.Connection, name: str, of: str) -> None:
    """Add an empty column that refers to another table; SQLite takes the reference only with the column."""
    key = op.f(f"fk_item_measure_{name}")
    if connection.dialect.name == "sqlite":
        connection.execute(
            sa.text(f"ALTER TABLE item_measure ADD COLUMN {name} INTEGER CONSTRAINT {key} REFERENCES {of} (id)")
        )
        return
    op.add_column("item_measure", sa.Column(name, sa.BigInteger(), nullable=True))
    op.create_foreign_key(key, "item_measure", of, [name], ["id"])
