"""The ledger: every stock change, appended once and never changed."""

from datetime import datetime
from typing import cast

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UtcDateTime, UuidText


class Movement(Base):
    """One change to one lot by one operation, in signed millionths; the cost is NULL if the lot's cost is unknown.

    ``happened_at`` is a cache of the operation's time, which ``verify`` recalculates. ``reason`` says why the lot was
    drawn from: ``policy``, ``chosen`` or ``reversal``. It is NULL for what adds to a lot, and for draws from before it
    was recorded. A cost statement changes only the cost.
    """

    __tablename__ = "movement"
    __table_args__ = (
        CheckConstraint(
            "quantity_micros <> 0 OR (cost_micros IS NOT NULL AND cost_micros <> 0)", name="moves_something"
        ),
        Index("ix_movement_operation_id", "operation_id"),
        Index("ix_movement_lot_id_happened_at", "lot_id", "happened_at"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    quantity_micros: Mapped[int] = mapped_column(BigInteger)
    cost_micros: Mapped[int | None] = mapped_column(BigInteger)
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime())
    reason: Mapped[str | None] = mapped_column(String(8))


movements = cast(Table, Movement.__table__)
