"""What plans go by, beside orders and stock."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, Key


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
