"""One row per operation that succeeded: the join between ledger, log line, answer and retry."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base
from bake_tracker.models.types import UtcDateTime, UuidText


class Operation(Base):
    """The caller's id, what was asked (and its fingerprint), and what was answered.

    The row is inserted when the id is claimed and completed with its result in the same savepoint; a database trigger
    refuses any later change.
    """

    __tablename__ = "operation"
    __table_args__ = (
        Index("ix_operation_recorded_at", "recorded_at"),
        Index("ix_operation_parent_id", "parent_id"),
        Index("ix_operation_transaction_id", "transaction_id"),
    )

    id: Mapped[str] = mapped_column(UuidText(), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    fingerprint: Mapped[str] = mapped_column(String(64))
    arguments: Mapped[str] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime())
    parent_id: Mapped[str | None] = mapped_column(UuidText(), ForeignKey("operation.id"))
    transaction_id: Mapped[str] = mapped_column(UuidText())
    attempt: Mapped[int] = mapped_column(Integer)
    actor: Mapped[str | None] = mapped_column(String(200))
