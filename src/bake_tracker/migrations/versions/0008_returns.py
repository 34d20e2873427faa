"""Goods that come back from a customer or go back to a supplier.

Old rows are copied as they are; the new columns are empty in them, so no seal changes.
"""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.models.types import UuidText

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('waste', 'spoilage', 'sample', 'gift', 'sale', 'correction', 'stocktake', 'return', 'sent back')"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _rebuild(connection)
    else:
        op.drop_constraint(op.f("ck_adjustment_kind"), "adjustment")
        op.create_check_constraint(op.f("ck_adjustment_kind"), "adjustment", _KINDS)
        op.add_column("adjustment", sa.Column("of_operation_id", UuidText(), nullable=True))
        op.create_foreign_key(
            op.f("fk_adjustment_of_operation_id"), "adjustment", "operation", ["of_operation_id"], ["id"]
        )
        op.add_column("adjustment", sa.Column("credit_micros", sa.BigInteger(), nullable=True))
    op.create_index("ix_adjustment_of_operation_id", "adjustment", ["of_operation_id"], unique=False)


def _rebuild(connection: sa.Connection) -> None:
    """SQLite cannot change a CHECK: rebuild the table from its own definition, with its rows, indexes and guards."""
    definition = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = 'adjustment'"))
    indexes = connection.scalars(
        sa.text("SELECT sql FROM sqlite_master WHERE tbl_name = 'adjustment' AND type = 'index' AND sql IS NOT NULL")
    ).all()
    columns = ", ".join(connection.scalars(sa.text("SELECT name FROM pragma_table_info('adjustment')")))
    head, _, rest = str(definition).partition("CONSTRAINT ck_adjustment_kind CHECK (")
    assert rest, "the constraint that 0004 made"
    _, _, rest = rest.partition(")),")
    new = (
        head.replace("CREATE TABLE adjustment", "CREATE TABLE adjustment_again", 1)
        + f"CONSTRAINT ck_adjustment_kind CHECK ({_KINDS}),"
        + rest
    )
    connection.execute(sa.text(new))
    connection.execute(sa.text(f"INSERT INTO adjustment_again ({columns}) SELECT {columns} FROM adjustment"))
    connection.execute(sa.text("DROP TABLE adjustment"))
    connection.execute(sa.text("ALTER TABLE adjustment_again RENAME TO adjustment"))
    connection.execute(
        sa.text(
            "ALTER TABLE adjustment ADD COLUMN of_operation_id VARCHAR(36) "
            "CONSTRAINT fk_adjustment_of_operation_id REFERENCES operation (id)"
        )
    )
    connection.execute(sa.text("ALTER TABLE adjustment ADD COLUMN credit_micros BIGINT"))
    for index in indexes:
        connection.execute(sa.text(index))
    guard_history(connection)
