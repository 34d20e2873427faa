"""The catalogue: the bakery, its items, their components, suppliers, products, events and customers."""

from datetime import date, datetime
from fractions import Fraction

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, Key, PrimaryKey
from bake_tracker.models.types import ExactRatio, UtcDateTime, UuidText


class Bakery(Base):
    """The one bakery of this database; ``database_id`` distinguishes its log lines from those of other databases."""

    __tablename__ = "bakery"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[PrimaryKey]
    database_id: Mapped[str] = mapped_column(UuidText())
    name: Mapped[str] = mapped_column(String(200))
    currency: Mapped[str] = mapped_column(String(3))
    time_zone: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    label_policy: Mapped[str] = mapped_column(String(8), server_default="warn")


class Item(Base):
    """Anything kept in stock, or a category of such items; ``lot_count`` numbers the item's generated lot codes."""

    __tablename__ = "item"
    __table_args__ = (
        CheckConstraint("kind IN ('ingredient', 'material', 'finished_unit', 'finished_good')", name="kind"),
        CheckConstraint("base_unit IN ('g', 'ml', 'each', 'cm')", name="base_unit"),
        CheckConstraint("pick_policy IN ('fefo', 'fifo')", name="pick_policy"),
        Index("uq_item_slug", "slug", unique=True),
        Index("ix_item_parent_id", "parent_id"),
    )

    id: Mapped[PrimaryKey]
    kind: Mapped[str] = mapped_column(String(16))
    slug: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(200))
    base_unit: Mapped[str] = mapped_column(String(4))
    pick_policy: Mapped[str] = mapped_column(String(4))
    shelf_life_days: Mapped[int | None]
    g_per_ml: Mapped[Fraction | None] = mapped_column(ExactRatio())
    g_per_each: Mapped[Fraction | None] = mapped_column(ExactRatio())
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    is_category: Mapped[bool] = mapped_column(default=False)
    description: Mapped[str | None] = mapped_column(Text)
    lot_count: Mapped[int] = mapped_column(default=0)


class Supplier(Base):
    """A supplier of goods."""

    __tablename__ = "supplier"
    __table_args__ = (Index("uq_supplier_slug", "slug", unique=True),)

    id: Mapped[PrimaryKey]
    slug: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(200))
    details: Mapped[str | None] = mapped_column(Text)


class Product(Base):
    """A branded package of an item; ``package_quantity`` is NULL if the package size is unknown."""

    __tablename__ = "product"
    __table_args__ = (
        Index("uq_product_identity", "identity", unique=True),
        Index("ix_product_item_id", "item_id"),
    )

    id: Mapped[PrimaryKey]
    identity: Mapped[str] = mapped_column(String(64))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    brand: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(300))
    package_type: Mapped[str | None] = mapped_column(String(60))
    package_quantity: Mapped[Fraction | None] = mapped_column(ExactRatio())
    package_unit: Mapped[str] = mapped_column(String(40))
    gtin: Mapped[str | None] = mapped_column(String(20))
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("supplier.id"))
    notes: Mapped[str | None] = mapped_column(Text)


class ProductTerms(Base):
    """How the supplier sells a product; ``order_days`` are weekdays with commas, ``prices`` is JSON in millionths."""

    __tablename__ = "product_terms"
    __table_args__ = (CheckConstraint("least_packs >= 1 AND multiple_packs >= 1 AND lead_days >= 0", name="in_range"),)

    product_id: Mapped[int] = mapped_column(Key, ForeignKey("product.id"), primary_key=True, autoincrement=False)
    least_packs: Mapped[int | None]
    multiple_packs: Mapped[int | None]
    lead_days: Mapped[int | None]
    order_days: Mapped[str | None] = mapped_column(String(60))
    prices: Mapped[str | None] = mapped_column(Text)


class Event(Base):
    """An occasion that the bakery bakes and packs for."""

    __tablename__ = "event"
    __table_args__ = (Index("uq_event_slug", "slug", unique=True),)

    id: Mapped[PrimaryKey]
    slug: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(200))
    happens_on: Mapped[date | None]


class Recipient(Base):
    """A customer or household that receives goods."""

    __tablename__ = "recipient"
    __table_args__ = (Index("uq_recipient_slug", "slug", unique=True),)

    id: Mapped[PrimaryKey]
    slug: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(200))
    household: Mapped[str | None] = mapped_column(String(200))


class ItemInParts(Base):
    """An item of which a person may record a part of a piece, such as half a cake."""

    __tablename__ = "item_in_parts"

    item_id: Mapped[int] = mapped_column(Key, ForeignKey("item.id"), primary_key=True, autoincrement=False)
    allowed_at: Mapped[datetime] = mapped_column(UtcDateTime())


class GoodComponent(Base):
    """A finished unit, finished good or material in one of the good, in millionths of its base unit."""

    __tablename__ = "good_component"
    __table_args__ = (
        CheckConstraint("quantity_micros > 0", name="above_zero"),
        Index("ix_good_component_component_id", "component_id"),
    )

    good_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    quantity_micros: Mapped[int] = mapped_column(BigInteger)
