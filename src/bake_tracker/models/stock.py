"""Stock: every item is held in lots; holds, releases and moves of them."""

from datetime import date, datetime
from fractions import Fraction

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import ExactRatio, UtcDateTime, UuidText

_OPEN = text("remaining_micros > 0 AND on_hold = false")
_HELD = text("remaining_micros > 0 AND on_hold = true")


class Lot(Base):
    """A quantity of one item that came in together.

    ``remaining_micros`` and ``remaining_cost_micros`` are caches of the ledger, which ``verify`` recalculates; the cost
    is NULL if it is unknown. ``pick_on`` is the date by which the item's policy chooses among open lots.
    ``usable_until`` is the expiry date, unless a release set a later one. ``parent_lot_id`` is the lot this one was
    split from. ``g_per_ml`` and ``g_per_each`` are caches of the measures, NULL if the lot weighs what its item does.
    """

    __tablename__ = "lot"
    __table_args__ = (
        CheckConstraint("remaining_micros >= 0", name="remaining"),
        CheckConstraint("remaining_cost_micros >= 0", name="remaining_cost"),
        # Only the walk through the open lots in picking order uses this index.
        Index(
            "ix_lot_open",
            "item_id",
            "pick_on",
            "received_on",
            "id",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        # For the lots that a draw passes over.
        Index(
            "ix_lot_held",
            "item_id",
            "pick_on",
            "received_on",
            "id",
            sqlite_where=_HELD,
            postgresql_where=_HELD,
        ),
        Index("ix_lot_item_id_id", "item_id", "id"),
        Index("ix_lot_code", "code"),
        Index("ix_lot_operation_id", "operation_id"),
        Index("ix_lot_parent_lot_id", "parent_lot_id"),
        Index(
            "uq_lot_made_code",
            "code",
            unique=True,
            sqlite_where=text("is_made = true"),
            postgresql_where=text("is_made = true"),
        ),
    )

    id: Mapped[PrimaryKey]
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    code: Mapped[str] = mapped_column(String(160))
    is_made: Mapped[bool]
    received_on: Mapped[date]
    expires_on: Mapped[date | None]
    usable_until: Mapped[date | None]
    pick_on: Mapped[date]
    quantity_micros: Mapped[int] = mapped_column(BigInteger)
    cost_micros: Mapped[int | None] = mapped_column(BigInteger)
    remaining_micros: Mapped[int] = mapped_column(BigInteger)
    remaining_cost_micros: Mapped[int | None] = mapped_column(BigInteger)
    on_hold: Mapped[bool]
    location: Mapped[str | None] = mapped_column(String(120))
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("supplier.id"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"))
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    parent_lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    g_per_ml: Mapped[Fraction | None] = mapped_column(ExactRatio())
    g_per_each: Mapped[Fraction | None] = mapped_column(ExactRatio())


class PassedOverLot(Base):
    """A lot that came before the last lot drawn by policy but could not be used, and its state then."""

    __tablename__ = "passed_over_lot"
    __table_args__ = (Index("ix_passed_over_lot_operation_id", "operation_id"),)

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    state: Mapped[str] = mapped_column(String(16))
    usable_until: Mapped[date | None]


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
