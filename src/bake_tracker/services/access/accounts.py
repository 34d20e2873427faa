"""Users and their API tokens; no password or token appears in a row, a log line or an answer."""

from datetime import datetime
from typing import NotRequired, TypedDict, cast
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from bake_tracker.domain.access import Opens, Role, password_problem, secret_sha256, user_name_key
from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ConflictError
from bake_tracker.models import tables
from bake_tracker.queries.bakery import lock_bakery
from bake_tracker.queries.catalog.people import (
    KnownUser,
    count_other_owners,
    find_user,
    has_users,
    load_token_owner,
    load_user,
    set_later,
)
from bake_tracker.services.access.passwords import hash_password, verify_password
from bake_tracker.services.operation import Kind, Operation, recording

USER = Kind("record_user", "access_service", "Added a user", success_fields=("user_id", "role"))
CHANGE = Kind(
    "record_user_change", "access_service", "Changed a user", success_fields=("user_id", "role", "is_disabled")
)
PASSWORD = Kind("record_password", "access_service", "Changed a password", success_fields=("user_id",))
TOKEN = Kind(
    "record_api_token", "access_service", "Created an API token", success_fields=("api_token_id", "user_id", "role")
)
REVOCATION = Kind(
    "record_api_token_revocation", "access_service", "Revoked an API token", success_fields=("api_token_id", "user_id")
)

SHORTEST_TOKEN = 40


class UserResult(TypedDict):
    """A user's current state."""

    operation_id: str
    user_id: int
    name: str
    role: str
    is_disabled: bool


class PasswordResult(TypedDict):
    """The user whose password was changed."""

    operation_id: str
    user_id: int


class ApiTokenResult(TypedDict):
    """A new token. The token itself is not stored anywhere; only its creator knows it.

    ``opens`` is there if it does not open the API.
    """

    operation_id: str
    api_token_id: int
    user_id: int
    name: str
    role: str
    expires_at: str | None
    opens: NotRequired[str]


class RevocationResult(TypedDict):
    """A revoked token."""

    operation_id: str
    api_token_id: int
    user_id: int


def record_user(
    name: str,
    password: str,
    role: str,
    *,
    session: Session,
    is_first: bool = False,
    operation_id: UUID | str | None = None,
) -> UserResult:
    """Add a user; with ``is_first``, add the owner if there are no users yet.

    The password is stored only as its hash, with which a repeated call is compared while it is the user's latest.

    Raises:
        ValidationError: an argument is not allowed.
        ConflictError: the name is taken, users already exist, or ``operation_id`` was used for something else.
    """
    with recording(USER, session, locals()) as operation:
        given = Arguments()
        asked = {
            "name": given.name("name", name, limit=100),
            "role": given.choice("role", role, [one.value for one in Role]),
        }
        first = given.flag("is_first", is_first)
        _check_password(given, password, asked["name"])
        if first and asked["role"] != Role.OWNER.value:
            given.refuse("role", "must be owner for the first user")
        given.done()
        if done := operation.claim(asked):
            _check_same_password(operation, done["user_id"], password)
            return cast(UserResult, done)
        lock_bakery(session)
        if first and has_users(session):
            raise ConflictError("this bakery already has users; sign in")
        if find_user(session, asked["name"]):
            raise ConflictError(
                f"there is already a user named {asked['name']}; choose another name", name=asked["name"]
            )
        row = {
            **asked,
            "name_key": user_name_key(asked["name"]),
            "password_hash": hash_password(password),
            "is_disabled": False,
            "created_at": operation.now,
        }
        user_id = operation.connection.execute(
            insert(tables.bakery_user).returning(tables.bakery_user.c.id), row
        ).scalar_one()
        return operation.succeed(
            UserResult(
                operation_id=operation.id, user_id=user_id, name=asked["name"], role=asked["role"], is_disabled=False
            )
        )


def record_user_change(
    user_id: int,
    *,
    session: Session,
    role: str | None = None,
    is_disabled: bool | None = None,
    operation_id: UUID | str | None = None,
) -> UserResult:
    """Change a user's role, or disable or enable the account. Disabling signs the user out everywhere.

    Raises:
        ValidationError: an argument is not allowed.
        UserNotFoundError: there is no such user.
        ConflictError: no owner would be left, or ``operation_id`` was used for something else.
    """
    with recording(CHANGE, session, locals()) as operation:
        given = Arguments()
        key = given.key("user_id", user_id)
        new_role = None if role is None else given.choice("role", role, [one.value for one in Role])
        off = None if is_disabled is None else given.flag("is_disabled", is_disabled)
        if role is None and is_disabled is None:
            given.refuse("role", "is missing; give role, is_disabled or both")
        given.done()
        if done := operation.claim({"user_id": key, "role": new_role, "is_disabled": off}):
            return cast(UserResult, done)
        user = _hold_user(session, key)
        now_role = Role(new_role or user.role)
        now_off = user.is_disabled if off is None else off
        is_owner = user.role is Role.OWNER and not user.is_disabled
        if is_owner and (now_off or now_role is not Role.OWNER) and not count_other_owners(session, key):
            raise ConflictError("no owner would be left; make another user an owner first", user_id=key)
        changed = {"role": now_role.value, "is_disabled": now_off}
        operation.connection.execute(update(tables.bakery_user).where(tables.bakery_user.c.id == key).values(changed))
        if now_off:
            sign_out_everywhere(session, key)
        return operation.succeed(
            UserResult(operation_id=operation.id, user_id=key, name=user.name, role=now_role.value, is_disabled=now_off)
        )


def record_password(
    user_id: int, password: str, *, session: Session, operation_id: UUID | str | None = None
) -> PasswordResult:
    """Set a password and sign out all of the user's browsers. The password appears in no row, log line or answer.

    Raises:
        ValidationError: an argument is not allowed.
        UserNotFoundError: there is no such user.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(PASSWORD, session, locals()) as operation:
        given = Arguments()
        key = given.key("user_id", user_id)
        _check_password(given, password, "")
        given.done()
        if done := operation.claim({"user_id": key}):
            _check_same_password(operation, key, password)
            return cast(PasswordResult, done)
        user = _hold_user(session, key)
        _check_not_the_name(password, user)
        changed = {"password_hash": hash_password(password)}
        operation.connection.execute(update(tables.bakery_user).where(tables.bakery_user.c.id == key).values(changed))
        sign_out_everywhere(session, key)
        return operation.succeed(PasswordResult(operation_id=operation.id, user_id=key))


def record_api_token(
    user_id: int,
    name: str,
    role: str,
    token: str,
    *,
    session: Session,
    expires_at: datetime | None = None,
    opens: str = Opens.API.value,
    operation_id: UUID | str | None = None,
) -> ApiTokenResult:
    """Create a token for a user; only its hash is stored. ``role`` limits what it may do.

    It opens the API, or only the calendar, which a viewer's token reads: without or with the names of customers.

    Raises:
        ValidationError: an argument is not allowed.
        UserNotFoundError: there is no such user.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(TOKEN, session, locals()) as operation:
        given = Arguments()
        ends = given.moment("expires_at", expires_at, operation.time_zone)
        key = given.key("user_id", user_id)
        asked = {
            "name": given.name("name", name, limit=100),
            "role": given.choice("role", role, [one.value for one in Role]),
        }
        if given.choice("opens", opens, [one.value for one in Opens]) != Opens.API:
            asked["opens"] = opens
            if asked["role"] != Role.VIEWER:
                given.refuse("role", "must be viewer for a calendar, which can only be read")
        if not isinstance(token, str) or len(token) < SHORTEST_TOKEN:
            given.refuse("token", f"must be a random text of at least {SHORTEST_TOKEN} characters")
        given.done()
        if done := operation.claim({**asked, "user_id": key, "expires_at": ends}):
            return cast(ApiTokenResult, done)
        _hold_user(session, key)
        row = {
            **asked,
            "user_id": key,
            "token_sha256": secret_sha256(token),
            "created_at": operation.now,
            "expires_at": ends,
        }
        token_id = operation.connection.execute(
            insert(tables.api_token).returning(tables.api_token.c.id), row
        ).scalar_one()
        result = ApiTokenResult(
            operation_id=operation.id,
            api_token_id=token_id,
            user_id=key,
            name=asked["name"],
            role=asked["role"],
            expires_at=ends.isoformat() if ends else None,
        )
        if "opens" in asked:
            result["opens"] = asked["opens"]
        return operation.succeed(result)


def record_api_token_revocation(
    api_token_id: int, *, session: Session, operation_id: UUID | str | None = None
) -> RevocationResult:
    """Revoke an API token; it stops working at the commit.

    Raises:
        ValidationError: the id is not allowed.
        ApiTokenNotFoundError: there is no such token, or it was already revoked.
        ConflictError: ``operation_id`` was used for something else.
    """
    with recording(REVOCATION, session, locals()) as operation:
        given = Arguments()
        key = given.key("api_token_id", api_token_id)
        given.done()
        if done := operation.claim({"api_token_id": key}):
            return cast(RevocationResult, done)
        lock_bakery(session)
        user_id = load_token_owner(session, key)
        operation.connection.execute(
            update(tables.api_token).where(tables.api_token.c.id == key).values(revoked_at=operation.now)
        )
        return operation.succeed(RevocationResult(operation_id=operation.id, api_token_id=key, user_id=user_id))


def sign_out_everywhere(session: Session, user_id: int) -> None:
    """End all of a user's sign-ins."""
    session.execute(delete(tables.sign_in).where(tables.sign_in.c.user_id == user_id))


def _hold_user(session: Session, user_id: int) -> KnownUser:
    lock_bakery(session)
    return load_user(session, user_id)


def _check_password(given: Arguments, password: object, name: str) -> None:
    if problem := password_problem(password, name):
        given.refuse("password", problem)


def _check_same_password(operation: Operation, user_id: int, password: str) -> None:
    """Refuse a repeated call with another password, as far as the user's hash can tell: the call keeps no password.

    Raises:
        ConflictError: it is another password than the first time.
    """
    if set_later(operation.session, user_id, operation.id):
        return
    user = load_user(operation.session, user_id)
    if not verify_password(password, user.password_hash):
        raise ConflictError(
            f"operation_id: {operation.id} was already used for another password; use a new id for a new request",
            conflicting_operation=operation.kind.name,
        )


def _check_not_the_name(password: str, user: KnownUser) -> None:
    given = Arguments()
    _check_password(given, password, user.name)
    given.done()
