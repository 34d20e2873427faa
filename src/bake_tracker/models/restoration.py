"""That this database was filled from a backup or another database: what its own log cannot know of."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UtcDateTime, UuidText


class Restoration(Base):
    """That operations came along from another place: their lines are in another log.

    It tells of this place and not of the bakery, so an archive leaves it out. Only a restore writes it, past a guard
    that refuses every other row, and its hash is over the ids of the operations that it stands for.
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
    """That an operation came along, whatever instant it was recorded at, and with which restore."""

    __tablename__ = "restored_operation"
    __table_args__ = (
        Index("ix_restored_operation_restoration_id", "restoration_id", "operation_id"),
        {"info": {"is_of_this_place": True}},
    )

    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"), primary_key=True)
    restoration_id: Mapped[int] = mapped_column(ForeignKey("restoration.id"))
