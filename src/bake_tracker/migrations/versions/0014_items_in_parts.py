"""Items kept by the piece of which parts may be recorded, such as half a cake: those that already have parts."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.models.types import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PIECE_MICROS = 1_000_000


def upgrade() -> None:
    in_parts = op.create_table(
        "item_in_parts",
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("allowed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_item_in_parts_item_id")),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_item_in_parts")),
    )
    assert in_parts is not None
    item = sa.table("item", sa.column("id"), sa.column("base_unit"))
    lot = sa.table("lot", *map(sa.column, ("id", "item_id", "quantity_micros", "parent_lot_id")))
    line = sa.table("stocktake_line", *map(sa.column, ("lot_id", "counted_micros", "percent_left")))
    change = sa.table("adjustment", *map(sa.column, ("lot_id", "kind", "quantity_micros")))
    came_in = sa.select(lot.c.item_id).where(lot.c.parent_lot_id.is_(None), _is_part(lot.c.quantity_micros))
    counted = (
        sa.select(lot.c.item_id)
        .join(line, line.c.lot_id == lot.c.id)
        .where(line.c.percent_left.is_(None), _is_part(line.c.counted_micros))
    )
    sold = (
        sa.select(lot.c.item_id)
        .join(change, change.c.lot_id == lot.c.id)
        .where(change.c.kind == "sale", _is_part(change.c.quantity_micros))
    )
    bakery = sa.table("bakery", sa.column("created_at"))
    since = sa.select(bakery.c.created_at).scalar_subquery()
    found = sa.select(item.c.id, since).where(
        item.c.base_unit == "each", item.c.id.in_(sa.union(came_in, counted, sold))
    )
    op.execute(sa.insert(in_parts).from_select(["item_id", "allowed_at"], found))


def _is_part(micros: sa.ColumnClause[int]) -> sa.ColumnElement[bool]:
    return sa.type_coerce(micros, sa.BigInteger()) % PIECE_MICROS != 0
