"""How suppliers sell their products: numbers, lead time, order days and prices."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "product_terms",
        sa.Column("product_id", KEY, autoincrement=False, nullable=False),
        sa.Column("least_packs", sa.Integer(), nullable=True),
        sa.Column("multiple_packs", sa.Integer(), nullable=True),
        sa.Column("lead_days", sa.Integer(), nullable=True),
        sa.Column("order_days", sa.String(length=60), nullable=True),
        sa.Column("prices", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "least_packs >= 1 AND multiple_packs >= 1 AND lead_days >= 0", name=op.f("ck_product_terms_in_range")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_product_terms_product_id")),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_product_terms")),
    )
