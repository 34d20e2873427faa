"""Users, sign-ins and API tokens."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from bake_tracker.domain.access import Opens, Role, secret_sha256, user_name_key
from bake_tracker.domain.errors import ApiTokenNotFoundError, UserNotFoundError
from bake_tracker.models import tables


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller and their role, from a sign-in or an API token."""

    user_id: int
    name: str
    role: Role
    api_token_id: int | None = None
    api_token_last_used_at: datetime | None = None
    opens: Opens = Opens.API


@dataclass(frozen=True, slots=True)
class KnownUser:
    """A user with the fields that signing in needs."""

    user_id: int
    name: str
    role: Role
    password_hash: str
    is_disabled: bool


class UserRow(TypedDict):
    """A user in a list."""

    user_id: int
    name: str
    role: str
    is_disabled: bool
    created_at: str


class ApiTokenRow(TypedDict):
    """An API token in a list, without the token itself, which is not stored."""

    api_token_id: int
    name: str
    user: str
    role: str
    opens: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


def has_users(session: Session) -> bool:
    """Whether there are any users."""
    return session.execute(select(tables.bakery_user.c.id).limit(1)).first() is not None


def load_users(session: Session) -> list[UserRow]:
    """All users, by name."""
    columns = (
        tables.bakery_user.c.id,
        tables.bakery_user.c.name,
        tables.bakery_user.c.role,
        tables.bakery_user.c.is_disabled,
        tables.bakery_user.c.created_at,
    )
    rows = session.execute(select(*columns).order_by(tables.bakery_user.c.name_key))
    return [UserRow(user_id=i, name=n, role=r, is_disabled=d, created_at=at.isoformat()) for i, n, r, d, at in rows]


def load_user(session: Session, user_id: int) -> KnownUser:
    """One user.

    Raises:
        UserNotFoundError: there is no such user.
    """
    found = _known(session, tables.bakery_user.c.id == user_id)
    if found is None:
        raise UserNotFoundError(user_id)
    return found


def set_later(session: Session, user_id: int, operation_id: str) -> bool:
    """Whether this user's password was set after this operation, or the user is not in this installation yet."""
    first = select(tables.operation.c.recorded_at).where(tables.operation.c.id == operation_id).scalar_subquery()
    result = tables.operation.c.result
    again = select(tables.operation.c.id).where(
        tables.operation.c.name.in_(("record_user", "record_password")),
        or_(result.like(f'%"user_id": {user_id},%'), result.like(f'%"user_id": {user_id}}}')),
        tables.operation.c.recorded_at >= first,
        tables.operation.c.id != operation_id,
    )
    is_here = select(tables.bakery_user.c.id).where(tables.bakery_user.c.id == user_id)
    return session.execute(again.limit(1)).first() is not None or session.execute(is_here).first() is None


def find_user(session: Session, name: str) -> KnownUser | None:
    """The user with this name, ignoring case."""
    return _known(session, tables.bakery_user.c.name_key == user_name_key(name))


def _known(session: Session, condition: ColumnElement[bool]) -> KnownUser | None:
    columns = (
        tables.bakery_user.c.id,
        tables.bakery_user.c.name,
        tables.bakery_user.c.role,
        tables.bakery_user.c.password_hash,
        tables.bakery_user.c.is_disabled,
    )
    row = session.execute(select(*columns).where(condition)).one_or_none()
    return None if row is None else KnownUser(row.id, row.name, Role(row.role), row.password_hash, row.is_disabled)


def count_other_owners(session: Session, user_id: int) -> int:
    """The number of other owners who can still sign in."""
    statement = select(func.count()).where(
        tables.bakery_user.c.role == Role.OWNER.value,
        tables.bakery_user.c.is_disabled.is_(False),
        tables.bakery_user.c.id != user_id,
    )
    return int(session.scalars(statement).one())


# Built once: every request runs it, and building it costs more than running it.
_SIGNED_IN = (
    select(tables.bakery_user.c.id, tables.bakery_user.c.name, tables.bakery_user.c.role)
    .join(tables.sign_in, tables.sign_in.c.user_id == tables.bakery_user.c.id)
    .where(
        tables.sign_in.c.token_sha256 == bindparam("token_sha256"),
        tables.sign_in.c.expires_at > bindparam("now"),
        tables.bakery_user.c.is_disabled.is_(False),
    )
)


def find_signed_in(session: Session, token: str, now: datetime) -> Caller | None:
    """The user signed in with this cookie; None if the cookie is unknown or expired, or the user is disabled."""
    asked = {"token_sha256": secret_sha256(token), "now": now}
    row = session.connection().execute(_SIGNED_IN, asked).one_or_none()
    return None if row is None else Caller(row.id, row.name, Role(row.role))


def find_token_caller(
    session: Session, token: str, now: datetime, opens: Collection[Opens] = (Opens.API,)
) -> Caller | None:
    """The caller with a token that opens one of these; the role is the lower of the token's and the user's."""
    statement = (
        select(
            tables.bakery_user.c.id,
            tables.bakery_user.c.name,
            tables.bakery_user.c.role,
            tables.api_token.c.id,
            tables.api_token.c.role,
            tables.api_token.c.opens,
            tables.api_token.c.last_used_at,
        )
        .join(tables.api_token, tables.api_token.c.user_id == tables.bakery_user.c.id)
        .where(
            tables.api_token.c.token_sha256 == secret_sha256(token),
            tables.api_token.c.opens.in_([one.value for one in opens]),
            tables.api_token.c.revoked_at.is_(None),
            or_(tables.api_token.c.expires_at.is_(None), tables.api_token.c.expires_at > now),
            tables.bakery_user.c.is_disabled.is_(False),
        )
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        return None
    user_id, name, of_user, token_id, of_token, opened, last_used_at = row
    role = Role(of_token) if Role(of_user).allows(Role(of_token)) else Role(of_user)
    return Caller(user_id, name, role, token_id, last_used_at, Opens(opened))


def has_api_token(session: Session, token: str) -> bool:
    """Whether this API token exists, valid or not."""
    statement = select(tables.api_token.c.id).where(tables.api_token.c.token_sha256 == secret_sha256(token))
    return session.execute(statement).first() is not None


def load_api_tokens(session: Session, user_id: int | None = None) -> list[ApiTokenRow]:
    """API tokens of one user or of all, newest first."""
    statement = (
        select(tables.api_token, tables.bakery_user.c.name.label("user"))
        .join(tables.bakery_user)
        .order_by(tables.api_token.c.id.desc())
    )
    if user_id is not None:
        statement = statement.where(tables.bakery_user.c.id == user_id)
    return [
        ApiTokenRow(
            api_token_id=row.id,
            name=row.name,
            user=row.user,
            role=row.role,
            opens=row.opens,
            created_at=row.created_at.isoformat(),
            expires_at=row.expires_at.isoformat() if row.expires_at else None,
            revoked_at=row.revoked_at.isoformat() if row.revoked_at else None,
            last_used_at=row.last_used_at.isoformat() if row.last_used_at else None,
        )
        for row in session.execute(statement)
    ]


def load_token_owner(session: Session, api_token_id: int) -> int:
    """The owner of an API token that is not revoked.

    Raises:
        ApiTokenNotFoundError: there is no such token, or it was revoked.
    """
    statement = select(tables.api_token.c.user_id).where(
        and_(tables.api_token.c.id == api_token_id, tables.api_token.c.revoked_at.is_(None))
    )
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise ApiTokenNotFoundError(api_token_id)
    return int(found)
