"""What one mix of a recipe may be."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.models.types import ExactRatio

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "recipe_batch",
        sa.Column("recipe_id", KEY, nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("smallest", ExactRatio(), nullable=True),
        sa.Column("largest", ExactRatio(), nullable=True),
        sa.CheckConstraint("parts IN (1, 2, 4)", name=op.f("ck_recipe_batch_parts")),
        sa.ForeignKeyConstraint(["recipe_id"], ["recipe.id"], name=op.f("fk_recipe_batch_recipe_id")),
        sa.PrimaryKeyConstraint("recipe_id", name=op.f("pk_recipe_batch")),
    )
