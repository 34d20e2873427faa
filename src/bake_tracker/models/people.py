"""Users and their sign-ins. Backups and exports leave them out, so that a copy of the data never contains a hash."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bake_tracker.models.base import Base, PrimaryKey
from bake_tracker.models.types import UtcDateTime

_OF_THIS_PLACE = {"info": {"is_of_this_place": True}}


class User(Base):
    """A person with a password and a role. Users are disabled, never deleted, because the history names them."""

    __tablename__ = "bakery_user"
    __table_args__ = (
        CheckConstraint("role IN ('viewer', 'baker', 'owner')", name="role"),
        Index("uq_bakery_user_name_key", "name_key", unique=True),
        _OF_THIS_PLACE,
    )

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(300))
    role: Mapped[str] = mapped_column(String(8))
    password_hash: Mapped[str] = mapped_column(Text)
    is_disabled: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())


class SignIn(Base):
    """A signed-in browser: the hash of its cookie and when that expires."""

    __tablename__ = "sign_in"
    __table_args__ = (
        Index("uq_sign_in_token_sha256", "token_sha256", unique=True),
        Index("ix_sign_in_user_id", "user_id"),
        Index("ix_sign_in_expires_at", "expires_at"),
        _OF_THIS_PLACE,
    )

    id: Mapped[PrimaryKey]
    token_sha256: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int] = mapped_column(ForeignKey("bakery_user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime())


class ApiToken(Base):
    """A token for another program: its hash, a role that is at most its user's, and what it opens."""

    __tablename__ = "api_token"
    __table_args__ = (
        CheckConstraint("role IN ('viewer', 'baker', 'owner')", name="role"),
        CheckConstraint("opens IN ('api', 'calendar', 'calendar_with_names')", name="opens"),
        Index("uq_api_token_token_sha256", "token_sha256", unique=True),
        Index("ix_api_token_user_id", "user_id"),
        _OF_THIS_PLACE,
    )

    id: Mapped[PrimaryKey]
    token_sha256: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[int] = mapped_column(ForeignKey("bakery_user.id"))
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(8))
    opens: Mapped[str] = mapped_column(String(20), server_default="api")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime())
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime())


class SignInAttempts(Base):
    """How many times a name or an address has tried to sign in since a given time; the key is a hash of either."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index("ix_sign_in_attempts_since", "since"), _OF_THIS_PLACE)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    since: Mapped[datetime] = mapped_column(UtcDateTime())
