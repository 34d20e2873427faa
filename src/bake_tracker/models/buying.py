"""Orders to suppliers with every version of each, and deliveries. All of it is history."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UuidText


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


class PurchaseOrder(Base):
    """An order to a supplier; its latest version that was not undone says what it is."""

    __tablename__ = "purchase_order"
    __table_args__ = (Index("uq_purchase_order_operation_id", "operation_id", unique=True),)

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))


class PurchaseOrderVersion(Base):
    """A purchase order as one operation left it: as it was sent, changed or cancelled."""

    __tablename__ = "purchase_order_version"
    __table_args__ = (
        CheckConstraint("status IN ('sent', 'cancelled')", name="status"),
        Index("uq_purchase_order_version_operation_id", "operation_id", unique=True),
        Index("ix_purchase_order_version_purchase_order_id", "purchase_order_id", "id"),
        Index("ix_purchase_order_version_supplier_id", "supplier_id"),
        Index("ix_purchase_order_version_wanted_on", "wanted_on"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    purchase_order_id: Mapped[int] = mapped_column(ForeignKey("purchase_order.id"))
    status: Mapped[str] = mapped_column(String(16))
    supplier_id: Mapped[int] = mapped_column(ForeignKey("supplier.id"))
    wanted_on: Mapped[date]
    note: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)


class PurchaseOrderLine(Base):
    """Packs of a product in one version, what is in them, and the agreed price of a pack."""

    __tablename__ = "purchase_order_line"
    __table_args__ = (
        CheckConstraint("packs > 0 AND quantity_micros > 0", name="wants_something"),
        Index("ix_purchase_order_line_operation_id", "operation_id"),
        Index("uq_purchase_order_line_version_id", "purchase_order_version_id", "product_id", unique=True),
        Index("ix_purchase_order_line_product_id", "product_id"),
        Index("ix_purchase_order_line_item_id", "item_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    purchase_order_version_id: Mapped[int] = mapped_column(ForeignKey("purchase_order_version.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    packs: Mapped[int]
    quantity_micros: Mapped[int] = mapped_column(BigInteger)
    price_micros: Mapped[int | None] = mapped_column(BigInteger)


class PurchaseOrderReceipt(Base):
    """A lot of a delivery that came for a product of a purchase order, in the version then in force."""

    __tablename__ = "purchase_order_receipt"
    __table_args__ = (
        Index("ix_purchase_order_receipt_operation_id", "operation_id"),
        Index("uq_purchase_order_receipt_lot_id", "lot_id", unique=True),
        Index("ix_purchase_order_receipt_purchase_order_id", "purchase_order_id", "product_id"),
        Index("ix_purchase_order_receipt_version_id", "purchase_order_version_id"),
        Index("ix_purchase_order_receipt_product_id", "product_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    purchase_order_id: Mapped[int] = mapped_column(ForeignKey("purchase_order.id"))
    purchase_order_version_id: Mapped[int] = mapped_column(ForeignKey("purchase_order_version.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
