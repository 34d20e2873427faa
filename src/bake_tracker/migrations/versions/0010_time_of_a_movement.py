"""The time of every movement, and what people said about counts when they recorded something older."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from bake_tracker.migrations.guards import guard_history
from bake_tracker.models.types import UtcDateTime, UuidText

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_OWN_TIME = """
UPDATE movement SET happened_at = coalesce(
    (SELECT produced_at FROM production_run o WHERE o.operation_id = movement.operation_id),
    (SELECT assembled_at FROM assembly_run o WHERE o.operation_id = movement.operation_id),
    (SELECT min(happened_at) FROM adjustment o WHERE o.operation_id = movement.operation_id),
    (SELECT min(happened_at) FROM transfer o WHERE o.operation_id = movement.operation_id),
    (SELECT recorded_at FROM operation o WHERE o.id = movement.operation_id))
"""
_TIME_OF_A_DAY = """
UPDATE movement SET happened_at = :start WHERE operation_id IN (
    SELECT o.id FROM operation o JOIN lot ON lot.operation_id = o.id
    WHERE o.name IN ('record_receipt', 'record_delivery') AND lot.received_on = :day AND o.recorded_at > :start)
"""
_TIME_OF_WHAT_IT_UNDOES = """
UPDATE movement SET happened_at = (
    SELECT min(m.happened_at) FROM reversal r JOIN movement m ON m.operation_id = r.reversed_operation_id
    WHERE r.operation_id = movement.operation_id)
WHERE operation_id IN (SELECT operation_id FROM reversal)
"""


def upgrade() -> None:
    connection = op.get_bind()
    op.create_table(
        "count_answer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("operation_id", UuidText(), nullable=False),
        sa.Column("stocktake_line_id", KEY, nullable=False),
        sa.Column("saw", sa.String(length=8), nullable=False),
        sa.Column("quantity_micros", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("saw IN ('before', 'after')", name=op.f("ck_count_answer_saw")),
        sa.ForeignKeyConstraint(["operation_id"], ["operation.id"], name=op.f("fk_count_answer_operation_id")),
        sa.ForeignKeyConstraint(
            ["stocktake_line_id"], ["stocktake_line.id"], name=op.f("fk_count_answer_stocktake_line_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_answer")),
    )
    op.create_index("ix_count_answer_operation_id", "count_answer", ["operation_id"], unique=False)
    op.create_index("ix_count_answer_stocktake_line_id", "count_answer", ["stocktake_line_id"], unique=False)
    op.create_index("ix_stocktake_line_lot_id", "stocktake_line", ["lot_id"], unique=False)
    op.add_column("movement", sa.Column("happened_at", UtcDateTime(), nullable=True))
    _fill(connection)
    with op.batch_alter_table("movement") as movement:
        movement.alter_column("happened_at", existing_type=UtcDateTime(), nullable=False)
    op.drop_index("ix_movement_lot_id", "movement")
    op.create_index("ix_movement_lot_id_happened_at", "movement", ["lot_id", "happened_at"], unique=False)
    guard_history(connection)


def _fill(connection: sa.Connection) -> None:
    """Give every movement the time of its operation, and a reversal the time of what it undoes."""
    is_postgresql = connection.dialect.name == "postgresql"
    connection.execute(sa.text("DROP TRIGGER movement_refuses_update" + (" ON movement" if is_postgresql else "")))
    connection.execute(sa.text(_OWN_TIME))
    zone = ZoneInfo(connection.execute(sa.text("SELECT time_zone FROM bakery")).scalar() or "UTC")
    received = sa.select(sa.column("received_on", sa.Date())).select_from(sa.text("lot")).distinct()
    start = sa.bindparam("start", type_=UtcDateTime())
    of_a_day = sa.text(_TIME_OF_A_DAY).bindparams(sa.bindparam("day", type_=sa.Date()), start)
    for day in connection.execute(received.where(sa.text("NOT is_made"))).scalars().all():
        connection.execute(of_a_day, {"day": day, "start": datetime.combine(day, time(), zone).astimezone(UTC)})
    connection.execute(sa.text(_TIME_OF_WHAT_IT_UNDOES))
