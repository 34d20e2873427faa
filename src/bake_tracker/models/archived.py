"""Catalogue entries that are archived: kept in history, and no longer offered."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, Key
from bake_tracker.models.types import UtcDateTime


class ArchivedItem(Base):
    """An archived item."""

    __tablename__ = "archived_item"

    item_id: Mapped[int] = mapped_column(Key, ForeignKey("item.id"), primary_key=True, autoincrement=False)
    archived_at: Mapped[datetime] = mapped_column(UtcDateTime())


class ArchivedSupplier(Base):
    """An archived supplier."""

    __tablename__ = "archived_supplier"

    supplier_id: Mapped[int] = mapped_column(Key, ForeignKey("supplier.id"), primary_key=True, autoincrement=False)
    archived_at: Mapped[datetime] = mapped_column(UtcDateTime())


class ArchivedEvent(Base):
    """An archived event."""

    __tablename__ = "archived_event"

    event_id: Mapped[int] = mapped_column(Key, ForeignKey("event.id"), primary_key=True, autoincrement=False)
    archived_at: Mapped[datetime] = mapped_column(UtcDateTime())


class ArchivedRecipient(Base):
    """An archived customer."""

    __tablename__ = "archived_recipient"

    recipient_id: Mapped[int] = mapped_column(Key, ForeignKey("recipient.id"), primary_key=True, autoincrement=False)
    archived_at: Mapped[datetime] = mapped_column(UtcDateTime())
