"""How much of an item is to be on the shelf at opening, by weekday."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "par_level",
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("quantity_micros", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 7", name=op.f("ck_par_level_weekday")),
        sa.CheckConstraint("quantity_micros >= 0", name=op.f("ck_par_level_not_negative")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_par_level_item_id")),
        sa.PrimaryKeyConstraint("item_id", "weekday", name=op.f("pk_par_level")),
    )
