"""The components of finished goods."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base


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
