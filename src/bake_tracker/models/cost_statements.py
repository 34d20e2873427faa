"""What goods cost, stated after they were received."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UtcDateTime, UuidText

STATEMENT_KINDS = ("invoice", "credit", "freight", "duty", "correction")


class CostStatement(Base):
    """An invoice, a credit note, or a bill for freight or duty; ``last_movement_id`` is the latest one it could see."""

    __tablename__ = "cost_statement"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in STATEMENT_KINDS)})", name="kind"),
        Index("uq_cost_statement_operation_id", "operation_id", unique=True),
        Index("ix_cost_statement_stated_at", "stated_at", "id"),
        Index("ix_cost_statement_delivery_id", "delivery_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    kind: Mapped[str] = mapped_column(String(16))
    document: Mapped[str | None] = mapped_column(String(120))
    stated_at: Mapped[datetime] = mapped_column(UtcDateTime())
    share_by: Mapped[str | None] = mapped_column(String(8))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    notes: Mapped[str | None] = mapped_column(Text)
    last_movement_id: Mapped[int] = mapped_column(BigInteger)


class CostStatementLine(Base):
    """The signed change, in millionths, to the cost of one earlier movement; 0 if it only made the cost known."""

    __tablename__ = "cost_statement_line"
    __table_args__ = (
        Index("ix_cost_statement_line_operation_id", "operation_id"),
        Index("ix_cost_statement_line_lot_id", "lot_id"),
        Index("ix_cost_statement_line_movement_id", "movement_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    cost_statement_id: Mapped[int] = mapped_column(ForeignKey("cost_statement.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    movement_id: Mapped[int] = mapped_column(ForeignKey("movement.id"))
    cost_micros: Mapped[int] = mapped_column(BigInteger)
