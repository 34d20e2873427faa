"""Labour and overhead, kept apart from the cost of stock."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base
from bake_tracker.models.types import UuidText


class RecipeRate(Base):
    """Labour and overhead for one batch of a recipe, in millionths of the currency."""

    __tablename__ = "recipe_rate"
    __table_args__ = (CheckConstraint("labour_micros >= 0 AND overhead_micros >= 0", name="not_negative"),)

    recipe_id: Mapped[int] = mapped_column(ForeignKey("recipe.id"), primary_key=True)
    labour_micros: Mapped[int] = mapped_column(BigInteger)
    overhead_micros: Mapped[int] = mapped_column(BigInteger)


class RunRate(Base):
    """A run's labour and overhead, at the rates of its day."""

    __tablename__ = "run_rate"
    __table_args__ = (
        CheckConstraint("labour_micros >= 0 AND overhead_micros >= 0", name="not_negative"),
        Index("uq_run_rate_operation_id", "operation_id", unique=True),
    )

    production_run_id: Mapped[int] = mapped_column(ForeignKey("production_run.id"), primary_key=True)
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    labour_micros: Mapped[int] = mapped_column(BigInteger)
    overhead_micros: Mapped[int] = mapped_column(BigInteger)
