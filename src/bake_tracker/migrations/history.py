"""Tables of history, whose rows belong to the operations that wrote them."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.models.types import UuidText

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def create_history(
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
