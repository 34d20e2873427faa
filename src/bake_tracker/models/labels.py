"""Allergens, and the label on file for products that are sold."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base
from bake_tracker.models.types import UtcDateTime


class ItemAllergen(Base):
    """An allergen that an item contains or may contain; ``none`` records that it has no allergens."""

    __tablename__ = "item_allergen"
    __table_args__ = (CheckConstraint("presence IN ('contains', 'may_contain')", name="presence"),)

    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    allergen: Mapped[str] = mapped_column(String(24), primary_key=True)
    presence: Mapped[str] = mapped_column(String(12))


class ProductAllergen(Base):
    """An allergen that a branded package contains or may contain, in addition to its item's."""

    __tablename__ = "product_allergen"
    __table_args__ = (CheckConstraint("presence IN ('contains', 'may_contain')", name="presence"),)

    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), primary_key=True)
    allergen: Mapped[str] = mapped_column(String(24), primary_key=True)
    presence: Mapped[str] = mapped_column(String(12))


class ItemLabel(Base):
    """The ingredient list and allergens (JSON) on an item's printed label, to compare with the ingredients used."""

    __tablename__ = "item_label"

    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    ingredients: Mapped[str] = mapped_column(Text)
    allergens: Mapped[str] = mapped_column(Text)
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime())
