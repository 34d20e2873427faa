"""Items that are now kept in another unit."""

from datetime import datetime
from fractions import Fraction

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import ExactRatio, UtcDateTime, UuidText


class UnitChange(Base):
    """An item and the item in another unit that followed it; or, with both lots, a lot that was carried over.

    ``factor`` is how much of the new unit is in one of the old.
    """

    __tablename__ = "unit_change"
    __table_args__ = (
        CheckConstraint("(lot_id IS NULL) = (new_lot_id IS NULL)", name="both_lots"),
        Index("uq_unit_change_operation_id", "operation_id", unique=True),
        Index("ix_unit_change_item_id", "item_id"),
        Index("ix_unit_change_new_item_id", "new_item_id"),
        Index("ix_unit_change_lot_id", "lot_id"),
        Index("ix_unit_change_new_lot_id", "new_lot_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    new_item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    factor: Mapped[Fraction] = mapped_column(ExactRatio())
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    new_lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime())
