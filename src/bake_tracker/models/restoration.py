"""That this database was filled from a backup or another database: what its own log cannot know of."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UtcDateTime


class Restoration(Base):
    """How many operations came along, and when the last of them was recorded: their lines are in another log.

    It tells of this place and not of the bakery, so an archive leaves it out.
    """

    __tablename__ = "restoration"
    __table_args__ = ({"info": {"is_of_this_place": True}},)

    id: Mapped[PrimaryKey]
    restored_at: Mapped[datetime] = mapped_column(UtcDateTime())
    source: Mapped[str] = mapped_column(String(300))
    operation_count: Mapped[int] = mapped_column(BigInteger)
    last_recorded_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
