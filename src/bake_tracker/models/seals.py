"""Seals: a chain of hashes over the operations that reveals later changes to history."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, Key
from bake_tracker.models.types import UtcDateTime, UuidText


class Seal(Base):
    """One link: the operation that made it, what it covers, and a hash over that and the previous link.

    Like an operation's row, it is inserted when its number is taken and completed with its hash in the same savepoint;
    after that, a database trigger refuses any change.
    """

    __tablename__ = "seal"
    __table_args__ = (Index("uq_seal_operation_id", "operation_id", unique=True),)

    number: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime())
    actor: Mapped[str | None] = mapped_column(String(200))
    previous_sha256: Mapped[str | None] = mapped_column(String(64))
    operation_count: Mapped[int | None] = mapped_column(BigInteger)
    last_operation_id: Mapped[str | None] = mapped_column(UuidText())
    sha256: Mapped[str | None] = mapped_column(String(64))


class SealedOperation(Base):
    """An operation covered by a seal, with a hash of every row it owned at the time."""

    __tablename__ = "sealed_operation"
    __table_args__ = (Index("ix_sealed_operation_seal_number", "seal_number", "operation_id"),)

    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"), primary_key=True)
    seal_number: Mapped[int] = mapped_column(ForeignKey("seal.number"))
    sha256: Mapped[str] = mapped_column(String(64))
