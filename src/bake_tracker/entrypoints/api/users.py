"""Routes of users and API tokens, for owners; changes need a personal sign-in."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Request
from starlette.responses import JSONResponse, Response

from bake_tracker.entrypoints.api.common import (
    PREFIX,
    Body,
    IdempotencyKey,
    Key,
    reads,
    recorded,
    root_path,
    routes,
    tagged,
    writes,
)
from bake_tracker.entrypoints.api.fields import (
    Moment,
    Password,
    line,
)
from bake_tracker.entrypoints.http.access import OWNER, in_person
from bake_tracker.queries.catalog.people import (
    ApiTokenRow,
    UserRow,
    has_api_token,
    load_api_tokens,
    load_user,
    load_users,
)
from bake_tracker.services.access.accounts import (
    ApiTokenResult,
    PasswordResult,
    RevocationResult,
    UserResult,
    record_api_token,
    record_api_token_revocation,
    record_password,
    record_user,
    record_user_change,
)
from bake_tracker.services.access.passwords import new_secret
from bake_tracker.services.database import Session, read_scope, run_in_transaction

router = routes("", "people")

RoleName = Literal["viewer", "baker", "owner"]


class NewUser(Body):
    """A user to add."""

    name: Annotated[str, line(100)]
    password: Password
    role: RoleName


class ChangedUser(Body):
    """The fields to change."""

    role: RoleName | None = None
    is_disabled: bool | None = None


class NewPassword(Body):
    """A new password."""

    password: Password


class NewToken(Body):
    """A token to make; ``role`` limits what it may do.

    ``opens`` is ``api``; or ``calendar``, or ``calendar_with_names`` of customers and places, for a program that
    shows calendars and subscribes to ``/calendar/{token}.ics``. Then the role is ``viewer``.
    """

    name: Annotated[str, line(100)]
    role: RoleName
    expires_at: Moment | None = None
    opens: Literal["api", "calendar", "calendar_with_names"] = "api"


class TokenMade(ApiTokenResult):
    """A new token, shown only once; None when the same key is sent again."""

    token: str | None


@router.get("/users", **reads(list[UserRow], OWNER))
def list_users(request: Request) -> Response:
    """All users, by name."""
    with read_scope() as session:
        return tagged(request, load_users(session))


@router.post("/users", **writes(UserResult, OWNER))
def add_user(request: Request, body: NewUser, idempotency_key: IdempotencyKey = None) -> Response:
    """Add a user."""
    in_person(request)
    return recorded(request, idempotency_key, record_user, **body.given())


@router.patch("/users/{user_id}", **writes(UserResult, OWNER, status=200))
def change_user(request: Request, user_id: Key, body: ChangedUser, idempotency_key: IdempotencyKey = None) -> Response:
    """Change a user's role, or disable or enable the account. Disabling signs the user out at once."""
    in_person(request)
    return recorded(request, idempotency_key, record_user_change, at=None, user_id=user_id, **body.given())


@router.put("/users/{user_id}/password", **writes(PasswordResult, OWNER, status=200))
def set_password(request: Request, user_id: Key, body: NewPassword, idempotency_key: IdempotencyKey = None) -> Response:
    """Set a password and sign out all of the user's browsers."""
    in_person(request)
    return recorded(request, idempotency_key, record_password, at=None, user_id=user_id, **body.given())


@router.get("/users/{user_id}/api-tokens", **reads(list[ApiTokenRow], OWNER))
def list_api_tokens(request: Request, user_id: Key) -> Response:
    """A user's API tokens, newest first, without the secrets, which are not stored."""
    with read_scope() as session:
        load_user(session, user_id)
        return tagged(request, load_api_tokens(session, user_id))


@router.post("/users/{user_id}/api-tokens", **writes(TokenMade, OWNER))
def make_api_token(request: Request, user_id: Key, body: NewToken, idempotency_key: IdempotencyKey = None) -> Response:
    """Make an API token for a user. Only this answer shows it."""
    in_person(request)
    token = new_secret("bake_")
    made = run_in_transaction(lambda session: _make(user_id, token, body, idempotency_key, session))
    with read_scope() as session:
        is_new = has_api_token(session, token)
    headers = {"Location": f"{root_path(request)}{PREFIX}/operations/{made['operation_id']}"}
    return JSONResponse({**made, "token": token if is_new else None}, 201, headers)


@router.delete("/api-tokens/{api_token_id}", **writes(RevocationResult, OWNER, status=200))
def revoke_api_token(request: Request, api_token_id: Key, idempotency_key: IdempotencyKey = None) -> Response:
    """Revoke an API token."""
    return recorded(request, idempotency_key, record_api_token_revocation, at=None, api_token_id=api_token_id)


def _make(user_id: int, token: str, body: NewToken, key: UUID | None, session: Session) -> ApiTokenResult:
    return record_api_token(user_id, token=token, session=session, operation_id=key, **body.given())
