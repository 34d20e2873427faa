"""Measures of items with their sources, and the names that files and pages use for items."""

from datetime import date
from fractions import Fraction

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import ExactRatio, UuidText


class ItemMeasure(Base):
    """A density (g per ml) or piece weight (g each) with its source; the latest of each kind applies to new lots.

    It holds for one lot, or for the item's lots after ``since_lot_id``, NULL for all. ``last_lot_id`` is the latest lot
    that it could see, NULL if an earlier version recorded it; ``corrects_id`` is the mistyped measure that it replaces.
    """

    __tablename__ = "item_measure"
    __table_args__ = (
        CheckConstraint("kind IN ('density', 'piece')", name="kind"),
        Index("ix_item_measure_item_id", "item_id", "kind", "id"),
        Index("ix_item_measure_operation_id", "operation_id"),
        Index("ix_item_measure_lot_id", "lot_id"),
        Index("ix_item_measure_corrects_id", "corrects_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    kind: Mapped[str] = mapped_column(String(8))
    value: Mapped[Fraction] = mapped_column(ExactRatio())
    source: Mapped[str] = mapped_column(String(300))
    measured_on: Mapped[date]
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("item_measure.id"))
    since_lot_id: Mapped[int | None] = mapped_column(BigInteger)
    last_lot_id: Mapped[int | None] = mapped_column(BigInteger)


class NameMapping(Base):
    """A name used in a file or recipe page, and the item that a person matched it to."""

    __tablename__ = "name_mapping"
    __table_args__ = (Index("uq_name_mapping_name", "name", unique=True),)

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(300))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
