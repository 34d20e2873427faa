"""Holds, releases and moves of lots, and the deliveries they came with."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UtcDateTime, UuidText


class LotHold(Base):
    """A hold, or a release for use until ``usable_until``; a reversal restores the ``was_*`` values."""

    __tablename__ = "lot_hold"
    __table_args__ = (
        CheckConstraint("action IN ('hold', 'release')", name="action"),
        Index("ix_lot_hold_operation_id", "operation_id"),
        Index("ix_lot_hold_lot_id", "lot_id", "id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    action: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(Text)
    usable_until: Mapped[date | None] = mapped_column(Date)
    was_on_hold: Mapped[bool]
    was_usable_until: Mapped[date | None] = mapped_column(Date)
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime())


class Transfer(Base):
    """A lot, or ``quantity_micros`` of it as a new lot (``new_lot_id``), moved to another place."""

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("(new_lot_id IS NULL) = (quantity_micros IS NULL)", name="whole_or_split"),
        Index("uq_transfer_operation_id", "operation_id", unique=True),
        Index("ix_transfer_lot_id", "lot_id"),
        Index("ix_transfer_new_lot_id", "new_lot_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    new_lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    quantity_micros: Mapped[int | None] = mapped_column(BigInteger)
    from_location: Mapped[str | None] = mapped_column(String(120))
    to_location: Mapped[str | None] = mapped_column(String(120))
    reason: Mapped[str | None] = mapped_column(Text)
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime())


class Delivery(Base):
    """A supplier's document whose lines became lots."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("uq_delivery_operation_id", "operation_id", unique=True),
        Index("ix_delivery_supplier_id", "supplier_id", "id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("supplier.id"))
    document: Mapped[str | None] = mapped_column(String(120))
    delivered_on: Mapped[date]
    notes: Mapped[str | None] = mapped_column(Text)
