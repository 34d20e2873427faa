"""What routes of the API share: exact bodies, keys, pages, and answers that need not be sent again."""

import base64
import binascii
import hashlib
import json
from decimal import Decimal
from typing import Annotated, Any, TypedDict
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from bake_tracker.domain.errors import ValidationError
from bake_tracker.entrypoints.http.json_bodies import ExactRoute

MOST_ON_A_PAGE = 200

IdempotencyKey = Annotated[
    UUID | None,
    Header(description="becomes the operation's id: the same key again changes nothing and gives the first answer"),
]
Limit = Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE, description="how many at most")]
After = Annotated[str | None, Query(max_length=400, description="`next` of the page before")]
IfNoneMatch = Annotated[str | None, Header(description="the `ETag` of what you have")]
Quantity = Annotated[Decimal | int, Field(description="exact; a number or, safer in JavaScript, a text")]


class Body(BaseModel):
    """What a request sends: a field that nobody knows is refused, since it may be mistyped."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(TypedDict):
    """The end of a page: what to ask the next one with, None at the last."""

    next: str | None


def routes(prefix: str, tag: str) -> APIRouter:
    """A router of one feature."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=ExactRoute)


def cursor(key: list[Any] | None) -> str | None:
    """Where a page ends, as one word."""
    return None if key is None else base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def read_cursor(text: str | None, *kinds: type) -> list[Any] | None:
    """Where the next page begins.

    Raises:
        ValidationError: nobody gave this out.
    """
    if text is None:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        key = None
    if not isinstance(key, list) or [type(one) for one in key] != list(kinds):
        raise ValidationError.of("after", "must be the `next` of the page before")
    return key


def tagged(request: Request, answer: Any) -> Response:
    """The answer with a tag of its content; 304 and nothing more for whoever has it already."""
    body = orjson.dumps(answer)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    had = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if tag in had or "*" in had:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
