"""Customers' orders and standing orders: every version of each, and what was handed over. All of it is history."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UtcDateTime, UuidText


class CustomerOrder(Base):
    """An order; its latest version that was not undone says what it is."""

    __tablename__ = "customer_order"
    __table_args__ = (Index("uq_customer_order_operation_id", "operation_id", unique=True),)

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))


class OrderVersion(Base):
    """An order as one operation left it: as it was taken, changed or cancelled.

    ``due_time`` is the time on the bakery's clock; ``reference`` is the customer's own.
    """

    __tablename__ = "order_version"
    __table_args__ = (
        CheckConstraint("status IN ('ordered', 'cancelled')", name="status"),
        CheckConstraint("how IN ('pick-up', 'delivery', 'counter')", name="how"),
        Index("uq_order_version_operation_id", "operation_id", unique=True),
        Index("ix_order_version_order_id", "order_id", "id"),
        Index("ix_order_version_due_on", "due_on"),
        Index("ix_order_version_recipient_id", "recipient_id", "reference"),
        Index("ix_order_version_event_id", "event_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("customer_order.id"))
    status: Mapped[str] = mapped_column(String(16))
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("recipient.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    due_on: Mapped[date]
    due_time: Mapped[str | None] = mapped_column(String(5))
    how: Mapped[str] = mapped_column(String(16))
    place: Mapped[str | None] = mapped_column(String(200))
    reference: Mapped[str | None] = mapped_column(String(120))
    note: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)


class OrderLine(Base):
    """A line of one version; ``line`` is its number in the order, the same in every version."""

    __tablename__ = "order_line"
    __table_args__ = (
        CheckConstraint("quantity_micros > 0", name="wants_something"),
        Index("ix_order_line_operation_id", "operation_id"),
        Index("uq_order_line_version_id", "order_version_id", "line", unique=True),
        Index("ix_order_line_item_id", "item_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    order_version_id: Mapped[int] = mapped_column(ForeignKey("order_version.id"))
    line: Mapped[int]
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    quantity_micros: Mapped[int] = mapped_column(BigInteger)
    price_micros: Mapped[int | None] = mapped_column(BigInteger)


class HandOver(Base):
    """Goods given to a customer, of an order in the version that was in force, or without one."""

    __tablename__ = "hand_over"
    __table_args__ = (
        CheckConstraint("(order_id IS NULL) = (order_version_id IS NULL)", name="order_and_version"),
        Index("uq_hand_over_operation_id", "operation_id", unique=True),
        Index("ix_hand_over_order_id", "order_id"),
        Index("ix_hand_over_order_version_id", "order_version_id"),
        Index("ix_hand_over_recipient_id", "recipient_id"),
        Index("ix_hand_over_event_id", "event_id"),
        Index("ix_hand_over_happened_at", "happened_at", "id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("customer_order.id"))
    order_version_id: Mapped[int | None] = mapped_column(ForeignKey("order_version.id"))
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("recipient.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime())
    note: Mapped[str | None] = mapped_column(Text)


class HandOverLine(Base):
    """A quantity of one item, its price and the amount; ``line`` is the number of the order's line."""

    __tablename__ = "hand_over_line"
    __table_args__ = (
        CheckConstraint("quantity_micros > 0", name="gives_something"),
        CheckConstraint("(price_micros IS NULL) = (amount_micros IS NULL)", name="price_and_amount"),
        Index("ix_hand_over_line_operation_id", "operation_id"),
        Index("ix_hand_over_line_hand_over_id", "hand_over_id"),
        Index("ix_hand_over_line_item_id", "item_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    hand_over_id: Mapped[int] = mapped_column(ForeignKey("hand_over.id"))
    line: Mapped[int | None]
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    quantity_micros: Mapped[int] = mapped_column(BigInteger)
    price_micros: Mapped[int | None] = mapped_column(BigInteger)
    amount_micros: Mapped[int | None] = mapped_column(BigInteger)


class StandingOrder(Base):
    """An order that repeats; ``rule`` is as in RFC 5545, and ``due_time`` on the bakery's clock."""

    __tablename__ = "standing_order"
    __table_args__ = (
        CheckConstraint("how IN ('pick-up', 'delivery', 'counter')", name="how"),
        Index("uq_standing_order_operation_id", "operation_id", unique=True),
        Index("ix_standing_order_recipient_id", "recipient_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("recipient.id"))
    starts_on: Mapped[date]
    rule: Mapped[str] = mapped_column(String(120))
    due_time: Mapped[str | None] = mapped_column(String(5))
    how: Mapped[str] = mapped_column(String(16))
    place: Mapped[str | None] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(Text)


class StandingOrderLine(Base):
    """What a standing order wants each time."""

    __tablename__ = "standing_order_line"
    __table_args__ = (
        CheckConstraint("quantity_micros > 0", name="wants_something"),
        Index("ix_standing_order_line_operation_id", "operation_id"),
        Index("uq_standing_order_line_standing_order_id", "standing_order_id", "line", unique=True),
        Index("ix_standing_order_line_item_id", "item_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    standing_order_id: Mapped[int] = mapped_column(ForeignKey("standing_order.id"))
    line: Mapped[int]
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    quantity_micros: Mapped[int] = mapped_column(BigInteger)
    price_micros: Mapped[int | None] = mapped_column(BigInteger)


class StandingOrderStop(Base):
    """Days without the standing order, the last of them included; without a last day, it has ended."""

    __tablename__ = "standing_order_stop"
    __table_args__ = (
        Index("uq_standing_order_stop_operation_id", "operation_id", unique=True),
        Index("ix_standing_order_stop_standing_order_id", "standing_order_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    standing_order_id: Mapped[int] = mapped_column(ForeignKey("standing_order.id"))
    since: Mapped[date]
    until: Mapped[date | None]
    reason: Mapped[str | None] = mapped_column(Text)


class StandingOrderDay(Base):
    """The order that was taken for a day of a standing order."""

    __tablename__ = "standing_order_day"
    __table_args__ = (
        Index("uq_standing_order_day_operation_id", "operation_id", unique=True),
        Index("ix_standing_order_day_standing_order_id", "standing_order_id", "day"),
        Index("ix_standing_order_day_order_id", "order_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    standing_order_id: Mapped[int] = mapped_column(ForeignKey("standing_order.id"))
    day: Mapped[date]
    order_id: Mapped[int] = mapped_column(ForeignKey("customer_order.id"))
