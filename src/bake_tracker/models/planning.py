"""What plans go by, beside orders and stock; and accepted plans with every version of each, which are history."""

from datetime import date
from fractions import Fraction

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, Key, PrimaryKey
from bake_tracker.models.types import ExactRatio, UuidText


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


class AcceptedPlan(Base):
    """A plan that somebody accepted; its latest version that was not undone says what it is."""

    __tablename__ = "accepted_plan"
    __table_args__ = (Index("uq_accepted_plan_operation_id", "operation_id", unique=True),)

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))


class AcceptedPlanVersion(Base):
    """An accepted plan as one operation left it: its days, and a code for what it was worked out from."""

    __tablename__ = "accepted_plan_version"
    __table_args__ = (
        CheckConstraint("last_on >= first_on", name="days_in_order"),
        Index("uq_accepted_plan_version_operation_id", "operation_id", unique=True),
        Index("ix_accepted_plan_version_accepted_plan_id", "accepted_plan_id", "id"),
        Index("ix_accepted_plan_version_last_on", "last_on"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    accepted_plan_id: Mapped[int] = mapped_column(ForeignKey("accepted_plan.id"))
    first_on: Mapped[date]
    last_on: Mapped[date]
    inputs: Mapped[str] = mapped_column(String(200))


class AcceptedPlanLine(Base):
    """What a line of one version gives of one item. Without a recipe, these are boxes to pack."""

    __tablename__ = "accepted_plan_line"
    __table_args__ = (
        CheckConstraint("line > 0 AND quantity_micros > 0", name="makes_something"),
        Index("ix_accepted_plan_line_operation_id", "operation_id"),
        Index("uq_accepted_plan_line_version_id", "accepted_plan_version_id", "line", "item_id", unique=True),
        Index("ix_accepted_plan_line_recipe_id", "recipe_id"),
        Index("ix_accepted_plan_line_item_id", "item_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    accepted_plan_version_id: Mapped[int] = mapped_column(ForeignKey("accepted_plan_version.id"))
    line: Mapped[int]
    day: Mapped[date]
    recipe_id: Mapped[int | None] = mapped_column(ForeignKey("recipe.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    batches: Mapped[Fraction] = mapped_column(ExactRatio())
    quantity_micros: Mapped[int] = mapped_column(BigInteger)
