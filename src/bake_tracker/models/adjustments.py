"""Stock changes other than receiving, baking and packing; and stocktakes."""

from datetime import datetime
from fractions import Fraction

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import ExactRatio, UtcDateTime, UuidText

KINDS = (
    *("waste", "spoilage", "sample", "gift", "sale", "correction", "stocktake"),
    *("return", "sent back"),
)


class Adjustment(Base):
    """One change to one lot, with its kind and reason; the movement of the same operation and lot holds its cost.

    A return names the operation whose goods it returns: the hand-over, or the receipt if they go back to a supplier.
    """

    __tablename__ = "adjustment"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="kind"),
        CheckConstraint("quantity_micros <> 0", name="changes_something"),
        Index("ix_adjustment_operation_id", "operation_id"),
        Index("ix_adjustment_lot_id", "lot_id"),
        Index("ix_adjustment_happened_at", "happened_at", "id"),
        Index("ix_adjustment_recipient_id", "recipient_id"),
        Index("ix_adjustment_event_id", "event_id"),
        Index("ix_adjustment_of_operation_id", "of_operation_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    kind: Mapped[str] = mapped_column(String(16))
    quantity_micros: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(Text)
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("recipient.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime())
    of_operation_id: Mapped[str | None] = mapped_column(UuidText(), ForeignKey("operation.id"))
    credit_micros: Mapped[int | None] = mapped_column(BigInteger)


class Stocktake(Base):
    """One stocktake."""

    __tablename__ = "stocktake"
    __table_args__ = (Index("uq_stocktake_operation_id", "operation_id", unique=True),)

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime())
    notes: Mapped[str | None] = mapped_column(Text)


class StocktakeLine(Base):
    """The ledger's quantity of a lot and the quantity found, entered as a quantity or as the percentage left."""

    __tablename__ = "stocktake_line"
    __table_args__ = (
        Index("uq_stocktake_line_lot", "stocktake_id", "lot_id", unique=True),
        Index("ix_stocktake_line_operation_id", "operation_id"),
        Index("ix_stocktake_line_lot_id", "lot_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    stocktake_id: Mapped[int] = mapped_column(ForeignKey("stocktake.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    expected_micros: Mapped[int] = mapped_column(BigInteger)
    counted_micros: Mapped[int] = mapped_column(BigInteger)
    percent_left: Mapped[Fraction | None] = mapped_column(ExactRatio())


class CountAnswer(Base):
    """What a person said about a count when they recorded something older: whether the count had seen it.

    ``before``: the count had seen it, so this operation posts ``quantity_micros`` at the count, and the counted
    quantity stands. ``after``: it had not, so the lot differs from the count by ``quantity_micros``.
    """

    __tablename__ = "count_answer"
    __table_args__ = (
        CheckConstraint("saw IN ('before', 'after')", name="saw"),
        Index("ix_count_answer_operation_id", "operation_id"),
        Index("ix_count_answer_stocktake_line_id", "stocktake_line_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    stocktake_line_id: Mapped[int] = mapped_column(ForeignKey("stocktake_line.id"))
    saw: Mapped[str] = mapped_column(String(8))
    quantity_micros: Mapped[int] = mapped_column(BigInteger)
