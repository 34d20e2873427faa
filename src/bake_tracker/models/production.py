"""Production runs, and the recipes as they were at the time."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UtcDateTime, UuidText


class RecipeSnapshot(Base):
    """A recipe's content as JSON, stored once under its SHA-256, so that later edits do not change history."""

    __tablename__ = "recipe_snapshot"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[str] = mapped_column(Text)


class ProductionRun(Base):
    """One production from a recipe: plan, yield, loss and cost; the operation's movements show what it consumed."""

    __tablename__ = "production_run"
    __table_args__ = (
        Index("uq_production_run_operation_id", "operation_id", unique=True),
        Index("ix_production_run_recipe_id", "recipe_id", "id"),
        Index("ix_production_run_event_id", "event_id"),
        Index("ix_production_run_produced_at", "produced_at", "id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    recipe_id: Mapped[int] = mapped_column(ForeignKey("recipe.id"))
    finished_unit_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    num_batches: Mapped[int]
    scale_factor: Mapped[str] = mapped_column(String(80))
    expected_yield_micros: Mapped[int] = mapped_column(BigInteger)
    actual_yield_micros: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(16))
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    total_cost_micros: Mapped[int | None] = mapped_column(BigInteger)
    loss_cost_micros: Mapped[int | None] = mapped_column(BigInteger)
    produced_at: Mapped[datetime] = mapped_column(UtcDateTime())
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    loss_reason: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[str | None] = mapped_column(Text)
    snapshot_sha256: Mapped[str] = mapped_column(ForeignKey("recipe_snapshot.sha256"))


class ProductionOutput(Base):
    """One product of a run that made several, the first one too; ``share`` is its exact share of
    the dough, or of the cost if they come out together.
    """

    __tablename__ = "production_output"
    __table_args__ = (
        Index("ix_production_output_operation_id", "operation_id"),
        Index("uq_production_output_of_run", "production_run_id", "finished_unit_id", unique=True),
        Index("ix_production_output_lot_id", "lot_id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    production_run_id: Mapped[int] = mapped_column(ForeignKey("production_run.id"))
    finished_unit_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    share: Mapped[str] = mapped_column(Text)
    expected_yield_micros: Mapped[int] = mapped_column(BigInteger)
    actual_yield_micros: Mapped[int] = mapped_column(BigInteger)
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    total_cost_micros: Mapped[int | None] = mapped_column(BigInteger)
    loss_cost_micros: Mapped[int | None] = mapped_column(BigInteger)
