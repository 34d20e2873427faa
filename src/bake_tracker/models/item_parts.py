"""Items kept by the piece of which parts may be recorded."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, Key
from bake_tracker.models.types import UtcDateTime


class ItemInParts(Base):
    """An item of which a person may record a part of a piece, such as half a cake."""

    __tablename__ = "item_in_parts"

    item_id: Mapped[int] = mapped_column(Key, ForeignKey("item.id"), primary_key=True, autoincrement=False)
    allowed_at: Mapped[datetime] = mapped_column(UtcDateTime())
