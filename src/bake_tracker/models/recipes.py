"""Recipes: the ingredients and yields of a batch."""

from fractions import Fraction

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import ExactRatio


class Recipe(Base):
    """A recipe; its lines and yields describe one batch."""

    __tablename__ = "recipe"
    __table_args__ = (Index("uq_recipe_slug", "slug", unique=True),)

    id: Mapped[PrimaryKey]
    slug: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(200))
    category: Mapped[str | None] = mapped_column(String(120))
    source: Mapped[str | None] = mapped_column(String(300))
    notes: Mapped[str | None] = mapped_column(Text)


class RecipeLine(Base):
    """``quantity`` of ``unit`` of a stocked item, or ``quantity`` batches of a sub-recipe."""

    __tablename__ = "recipe_line"
    __table_args__ = (
        CheckConstraint("(item_id IS NULL) <> (sub_recipe_id IS NULL)", name="one_thing"),
        Index("uq_recipe_line_position", "recipe_id", "position", unique=True),
        Index("ix_recipe_line_item_id", "item_id"),
        Index("ix_recipe_line_sub_recipe_id", "sub_recipe_id"),
    )

    id: Mapped[PrimaryKey]
    recipe_id: Mapped[int] = mapped_column(ForeignKey("recipe.id"))
    position: Mapped[int]
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    sub_recipe_id: Mapped[int | None] = mapped_column(ForeignKey("recipe.id"))
    quantity: Mapped[Fraction] = mapped_column(ExactRatio())
    unit: Mapped[str] = mapped_column(String(40))


class RecipeYield(Base):
    """A finished unit that the recipe makes, and how much of it one batch yields, in millionths of its base unit."""

    __tablename__ = "recipe_yield"
    __table_args__ = (
        CheckConstraint("quantity_micros > 0", name="above_zero"),
        Index("ix_recipe_yield_item_id", "item_id"),
    )

    recipe_id: Mapped[int] = mapped_column(ForeignKey("recipe.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    quantity_micros: Mapped[int] = mapped_column(BigInteger)


class RecipeTogether(Base):
    """A product that comes out of a batch together with the recipe's others, and its share of the cost.

    No recipe has some of its products here and others not. Without shares, the cost is divided by weight.
    """

    __tablename__ = "recipe_together"
    __table_args__ = (Index("ix_recipe_together_item_id", "item_id"),)

    recipe_id: Mapped[int] = mapped_column(ForeignKey("recipe.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    share: Mapped[Fraction | None] = mapped_column(ExactRatio())
