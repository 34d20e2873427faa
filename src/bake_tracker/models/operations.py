"""One row per successful operation: its id joins the ledger, the log line, the answer and any retry; and reversals."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UtcDateTime, UuidText


class Operation(Base):
    """An operation's id, its arguments with their fingerprint, and its result.

    Claiming the id inserts the row; the same savepoint adds the result. After that, a database trigger refuses any
    change.
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
