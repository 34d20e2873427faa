"""Seals: a chain of hashes over the operations."""

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.models.types import UtcDateTime, UuidText

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "seal",
        sa.Column("number", KEY, autoincrement=False, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("sealed_at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=True),
        sa.Column("previous_sha256", sa.String(length=64), nullable=True),
        sa.Column("operation_count", sa.BigInteger(), nullable=True),
        sa.Column("last_operation_id", UuidText(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_seal_operation_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seal")),
    )
    op.create_index("uq_seal_operation_id", "seal", ["operation_id"], unique=True)
    op.create_table(
        "sealed_operation",
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("seal_number", KEY, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_sealed_operation_operation_id")),
        sa.ForeignKeyConstraint(["seal_number"], ["seal.number"], name=op.f("fk_sealed_operation_seal_number")),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("pk_sealed_operation")),
    )
    op.create_index(
        "ix_sealed_operation_seal_number", "sealed_operation", ["seal_number", "operation_id"], unique=False
    )
    guard_history(op.get_bind())
