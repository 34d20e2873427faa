"""Who may sign in, and what other programs sign in with; for owners, who sign in themselves to change it."""

from typing import Literal
from uuid import UUID

from fastapi import Request
from pydantic import Field
from starlette.responses import JSONResponse, Response

from bake_tracker.entrypoints.api.common import (
    PREFIX,
    Body,
    IdempotencyKey,
    Key,
    Moment,
    reads,
    recorded,
    root_path,
    routes,
    tagged,
    writes,
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
    """Somebody to let in."""

    name: str
    password: str = Field(json_schema_extra={"format": "password", "writeOnly": True})
    role: RoleName


class ChangedUser(Body):
    """What is to be otherwise."""

    role: RoleName | None = None
    is_disabled: bool | None = None


class NewPassword(Body):
    """A password in place of the one there is."""

    password: str = Field(json_schema_extra={"format": "password", "writeOnly": True})


class NewToken(Body):
    """A token of a user's program; ``role`` is the most it may do."""

    name: str
    role: RoleName
    expires_at: Moment | None = None


class TokenMade(ApiTokenResult):
    """The token itself, told this once; None where the same key was answered before."""

    token: str | None


@router.get("/users", **reads(list[UserRow], OWNER))
def list_users(request: Request) -> Response:
    """Everyone who may sign in, by name."""
    with read_scope() as session:
        return tagged(request, load_users(session))


@router.post("/users", **writes(UserResult, OWNER))
def add_user(request: Request, body: NewUser, idempotency_key: IdempotencyKey = None) -> Response:
    """Let somebody in."""
    in_person(request)
    return recorded(request, idempotency_key, record_user, **body.given())


@router.patch("/users/{user_id}", **writes(UserResult, OWNER, status=200))
def change_user(request: Request, user_id: Key, body: ChangedUser, idempotency_key: IdempotencyKey = None) -> Response:
    """Give a user another role, or switch them off or on; whoever is switched off is out at once."""
    in_person(request)
    return recorded(request, idempotency_key, record_user_change, at=None, user_id=user_id, **body.given())


@router.put("/users/{user_id}/password", **writes(PasswordResult, OWNER, status=200))
def set_password(request: Request, user_id: Key, body: NewPassword, idempotency_key: IdempotencyKey = None) -> Response:
    """Set a password; every browser of this user is signed out."""
    in_person(request)
    return recorded(request, idempotency_key, record_password, at=None, user_id=user_id, **body.given())


@router.get("/users/{user_id}/api-tokens", **reads(list[ApiTokenRow], OWNER))
def list_api_tokens(request: Request, user_id: Key) -> Response:
    """The API tokens of a user, the newest first; never the tokens themselves, which nobody knows."""
    with read_scope() as session:
        load_user(session, user_id)
        return tagged(request, load_api_tokens(session, user_id))


@router.post("/users/{user_id}/api-tokens", **writes(TokenMade, OWNER))
def make_api_token(request: Request, user_id: Key, body: NewToken, idempotency_key: IdempotencyKey = None) -> Response:
    """Make a token for a user's program; it is told in this answer, and never again."""
    in_person(request)
    token = new_secret("bake_")
    made = run_in_transaction(lambda session: _make(user_id, token, body, idempotency_key, session))
    with read_scope() as session:
        is_new = has_api_token(session, token)
    headers = {"Location": f"{root_path(request)}{PREFIX}/operations/{made['operation_id']}"}
    return JSONResponse({**made, "token": token if is_new else None}, 201, headers)


@router.delete("/api-tokens/{api_token_id}", **writes(RevocationResult, OWNER, status=200))
def revoke_api_token(request: Request, api_token_id: Key, idempotency_key: IdempotencyKey = None) -> Response:
    """Make a token good for nothing, from now on."""
    return recorded(request, idempotency_key, record_api_token_revocation, at=None, api_token_id=api_token_id)


def _make(user_id: int, token: str, body: NewToken, key: UUID | None, session: Session) -> ApiTokenResult:
    return record_api_token(user_id, token=token, session=session, operation_id=key, **body.given())
