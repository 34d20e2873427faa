"""Assembly runs: goods packed from finished units, finished goods and materials."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UtcDateTime, UuidText


class AssemblyRun(Base):
    """One assembly of a finished good; the operation's movements show what it consumed."""

    __tablename__ = "assembly_run"
    __table_args__ = (
        Index("uq_assembly_run_operation_id", "operation_id", unique=True),
        Index("ix_assembly_run_finished_good_id", "finished_good_id", "id"),
        Index("ix_assembly_run_event_id", "event_id"),
        Index("ix_assembly_run_assembled_at", "assembled_at", "id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    finished_good_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    quantity: Mapped[int]
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    total_cost_micros: Mapped[int | None] = mapped_column(BigInteger)
    assembled_at: Mapped[datetime] = mapped_column(UtcDateTime())
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    notes: Mapped[str | None] = mapped_column(Text)
