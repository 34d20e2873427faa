"""Changes to the catalogue: a thing before and after an operation."""

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UuidText


class CatalogChange(Base):
    """One thing's rows (JSON) before and after; empty before if it was created, empty after if it was removed."""

    __tablename__ = "catalog_change"
    __table_args__ = (
        Index("ix_catalog_change_operation_id", "operation_id"),
        Index("ix_catalog_change_thing", "thing", "key", "id"),
    )

    id: Mapped[PrimaryKey]
    operation_id: Mapped[str] = mapped_column(UuidText(), ForeignKey("operation.id"))
    thing: Mapped[str] = mapped_column(String(24))
    key: Mapped[str] = mapped_column(String(300))
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
