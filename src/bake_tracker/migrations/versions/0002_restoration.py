"""The mark of a database that was filled from a backup or another database."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.models.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "restoration",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("restored_at", UtcDateTime(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("operation_count", sa.BigInteger(), nullable=False),
        sa.Column("last_recorded_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restoration")),
    )
