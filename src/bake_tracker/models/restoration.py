"""Marks of a restore: this database's log has no lines for operations that came from elsewhere."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UtcDateTime, UuidText


class Restoration(Base):
    """A restore of operations whose lines are in another log.

    It describes this database, not the bakery, so archives leave it out. Only a restore writes it, while the guard
    against new rows is lifted; its hash covers the ids of the operations it brought.
    """

    __tablename__ = "restoration"
    __table_args__ = ({"info": {"is_of_this_place": True}},)

    id: Mapped[PrimaryKey]
    restored_at: Mapped[datetime] = mapped_column(UtcDateTime())
    source: Mapped[str] = mapped_column(String(300))
    operation_count: Mapped[int] = mapped_column(BigInteger)
    last_recorded_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    operations_sha256: Mapped[str] = mapped_column(String(64), server_default="")


class RestoredOperation(Base):
    """An operation that a restore brought, regardless of when it was recorded."""

    __tablename__ = "restored_operation"
    __table_args__ = (
        Index("ix_restored_operation_restoration_id", "restoration_id", "operation_id"),
        {"info": {"is_of_this_place": True}},
    )

    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"), primary_key=True)
    restoration_id: Mapped[int] = mapped_column(ForeignKey("restoration.id"))
