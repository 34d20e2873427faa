"""Operations that were undone, each at most once, with the reason."""

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UuidText


class Reversal(Base):
    """``operation_id`` posted the opposite of ``reversed_operation_id`` onto the same lots at the same cost."""

    __tablename__ = "reversal"
    __table_args__ = (
        Index("uq_reversal_operation_id", "operation_id", unique=True),
        Index("uq_reversal_reversed_operation_id", "reversed_operation_id", unique=True),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    reversed_operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    reason: Mapped[str] = mapped_column(Text)
