"""What plans go by, beside orders and stock."""

from fractions import Fraction

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, Key
from bake_tracker.models.types import ExactRatio


class ParLevel(Base):
    """How much of an item is to be on the shelf at opening on a weekday: 0 is Monday, 7 every day without its own."""

    __tablename__ = "par_level"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 7", name="weekday"),
        CheckConstraint("quantity_micros >= 0", name="not_negative"),
    )

    item_id: Mapped[int] = mapped_column(Key, ForeignKey("item.id"), primary_key=True, autoincrement=False)
    weekday: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    quantity_micros: Mapped[int] = mapped_column(BigInteger)


class RecipeBatch(Base):
    """What one mix of a recipe may be: whole, half or quarter batches, from the smallest to the largest."""

    __tablename__ = "recipe_batch"
    __table_args__ = (CheckConstraint("parts IN (1, 2, 4)", name="parts"),)

    recipe_id: Mapped[int] = mapped_column(Key, ForeignKey("recipe.id"), primary_key=True, autoincrement=False)
    parts: Mapped[int]
    smallest: Mapped[Fraction | None] = mapped_column(ExactRatio())
    largest: Mapped[Fraction | None] = mapped_column(ExactRatio())
