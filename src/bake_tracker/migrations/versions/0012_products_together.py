"""The products that come out of a recipe together, with their shares of the cost."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.models.types import ExactRatio

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "recipe_together",
        sa.Column("recipe_id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("share", ExactRatio(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_recipe_together_item_id")),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipe.id"], name=op.f("fk_recipe_together_recipe_id")),
        sa.PrimaryKeyConstraint("recipe_id", "item_id", name=op.f("pk_recipe_together")),
    )
    op.create_index("ix_recipe_together_item_id", "recipe_together", ["item_id"], unique=False)
