"""What API routes share: exact bodies, idempotency keys, pagination and ETags."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, NotRequired, TypedDict
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request
from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import SkipJsonSchema
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.domain.errors import DoubtfulError
from bake_tracker.domain.slice_keys import read_key
from bake_tracker.domain.slices import Ask
from bake_tracker.domain.stock.doubts import codes_in, told_in
from bake_tracker.entrypoints.api.fields import Amount, Id, Millionths, Reason, Share, UnitText
from bake_tracker.entrypoints.api.remedies import in_words
from bake_tracker.entrypoints.api.schemas import schema_of
from bake_tracker.entrypoints.http.access import BAKER, VIEWER
from bake_tracker.entrypoints.http.downloads import TYPES
from bake_tracker.entrypoints.http.json_bodies import ExactRoute
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.database import Session, run_in_transaction
from bake_tracker.services.operation import is_replay

PREFIX = "/api/v1"
MOST_ON_A_PAGE = 200
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Not modified: what you have is current"}}

IdempotencyKey = Annotated[
    UUID | SkipJsonSchema[None],
    Header(description="becomes the operation's id; repeating the key changes nothing and returns the first answer"),
]
Limit = Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE, description="at most this many")]
After = Annotated[str | None, Query(max_length=400, description="`next` from the previous answer")]
IfNoneMatch = Annotated[str | None, Header(description="the `ETag` of your copy")]
Key = Annotated[int, Path(ge=1, le=MAX_KEY)]
OperationId = Annotated[str, Path(max_length=36, description="a unique beginning is enough")]
SameCode = Annotated[bool, Query(description="all lots with the code of this one, as in a supplier's recall")]
Search = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="part of the name or slug")]
Strict = Annotated[bool, Query(description="refuse, with 422, what would be recorded with `warnings`")]
Since = Annotated[date | None, Query(description="the first day, in the bakery's time zone")]
Until = Annotated[date | None, Query(description="the last day")]


class Body(BaseModel):
    """A request body. Unknown fields are refused, since they may be misspelled."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def given(self) -> dict[str, Any]:
        """Only the fields that were sent; the service has the defaults."""
        return {name: _given(getattr(self, name)) for name in type(self).model_fields if name in self.model_fields_set}


def _given(value: Any) -> Any:
    """Without ``model_dump``, which would turn fractions into text."""
    if isinstance(value, Body):
        return value.given()
    if isinstance(value, list):
        return [_given(one) for one in value]
    return {name: _given(one) for name, one in value.items()} if isinstance(value, dict) else value


class ReallyUsed(Body):
    """A lot that was really used; see ``record_batch_production``."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"lot_id": 7, "quantity": "120", "unit": "ml"}]})

    lot_id: Id
    quantity: Amount
    unit: UnitText | None = None
    instead_of: Id | None = None
    reason: Reason | None = None


class AlsoMade(Body):
    """A further product of a production; see ``record_batch_production``."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"finished_unit_id": 4, "actual_yield": "500"}]})

    finished_unit_id: Id
    actual_yield: Millionths
    share: Share | None = None


class Page(TypedDict):
    """The end of a page: the cursor of the next page, or None on the last."""

    next: str | None


class Warned(TypedDict):
    """An answer with a code for each thing that looks mistyped."""

    warnings: NotRequired[list[str]]


def routes(prefix: str, tag: str) -> APIRouter:
    """A router of one feature."""
    return APIRouter(
        prefix=prefix, tags=[tag], route_class=ExactRoute, generate_unique_id_function=lambda route: route.name
    )


def _has_already(if_none_match: IfNoneMatch = None) -> None:
    """Document the header that ``tagged`` reads."""


def reads(kind: Any, role: Any = VIEWER) -> dict[str, Any]:
    """The declarations of a route that answers with ``tagged``."""
    return {
        "dependencies": [role, Depends(_has_already)],
        "response_model": schema_of(kind),
        "responses": NOT_MODIFIED,
    }


def sends(kind: str) -> dict[str, Any]:
    """The declarations of a route that answers with a file."""
    content = {TYPES[kind].partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}}
    return {
        "dependencies": [VIEWER],
        "response_class": Response,
        "responses": {200: {"description": "The file", "content": content}},
    }


def writes(kind: Any, role: Any = BAKER, status: int = 201) -> dict[str, Any]:
    """The declarations of a route that answers with ``recorded``."""
    return {"dependencies": [role], "response_model": schema_of(kind), "status_code": status}


def checks(kind: Any, role: Any = VIEWER) -> dict[str, Any]:
    """The declarations of a route that checks a body and records nothing."""
    return {"dependencies": [role], "response_model": schema_of(kind)}


def recorded(
    request: Request,
    key: UUID | None,
    record: Callable[..., Mapping[str, Any]],
    *,
    at: str | None = "/operations/{operation_id}",
    strict: bool | None = None,
    **arguments: Any,
) -> Response:
    """Record in a transaction of its own; answer with the result and, for something new, its location.

    With ``strict`` True or False, the answer has ``warnings`` if something in it looks mistyped.

    Raises:
        DoubtfulError: there are warnings and ``strict`` is True; nothing is recorded. A replay gets the first answer.
    """

    def work(session: Session) -> Mapping[str, Any]:
        done = record(session=session, operation_id=key, **arguments)
        codes = [] if strict is None else codes_in(done)
        if codes and strict and not (key is not None and is_replay(session, key)):
            raise DoubtfulError(told_in(done), codes)
        return {**done, "warnings": codes} if codes else done

    result = run_in_transaction(work)
    headers = {} if at is None else {"Location": root_path(request) + PREFIX + at.format_map(result)}
    return Response(as_json(in_words(result)), 200 if at is None else 201, headers, "application/json")


def today(session: Session) -> date:
    """Today's date in the bakery's time zone."""
    return load_bakery(session).local_day(now())


def asked(sort: str, limit: int, after: str | None, search: str | None = None, *, descending: bool = False) -> Ask:
    """The slice to load from a list that is paged by one field and a key."""
    return Ask(sort, descending, search or "", None if after is None else (*read_key(after),), limit)


def root_path(request: Request) -> str:
    """The path prefix that a proxy serves us under."""
    return str(request.scope.get("app_root_path") or request.scope.get("root_path") or "").rstrip("/")


def as_json(answer: Any) -> bytes:
    """The answer as JSON; a log line is passed on as it is, even with a number that JSON does not allow."""
    try:
        return orjson.dumps(answer)
    except TypeError:
        return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def checked(answer: Any) -> Response:
    """The answer to a check that was sent in a body, with a remedy for each problem."""
    return Response(as_json(in_words(answer)), media_type="application/json")


def tagged(request: Request, answer: Any) -> Response:
    """The answer with an ETag; 304 without a body if the caller has it already."""
    body = as_json(answer)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    had = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if tag in had or "*" in had:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
