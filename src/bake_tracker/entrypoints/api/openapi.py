"""The API's description, OpenAPI 3.1, made once."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse, Response

from bake_tracker import __version__
from bake_tracker.entrypoints.http.access import CSRF_HEADER, PUBLIC
from bake_tracker.entrypoints.http.cookies import SIGN_IN
from bake_tracker.entrypoints.http.problems import JSON_TYPE

router = APIRouter(include_in_schema=False)

_WHEN = {
    400: "The body cannot be read",
    401: "Nobody is signed in, or the token is not good",
    403: "The role does not allow it",
    404: "There is no such thing",
    409: "It contradicts what is recorded, or the stock does not suffice; `shortages` names all of it",
    413: "The body is too large",
    422: "An argument is not allowed; `errors` names every one",
    429: "Too much was asked; `Retry-After` says when to come back",
    500: "Something broke; nothing of it was recorded",
    503: "The database cannot be used, or whether it was recorded is not known: ask again with the same key",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {JSON_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, text in _WHEN.items()
}
_PROBLEM = {
    "title": "Problem",
    "description": "RFC 9457 problem details; more members by `code`, such as `shortages`.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "stable; made for programs"},
        "request_id": {"type": ["string", "null"], "description": "on every log line of the request"},
        "operation_id": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
        "shortages": {"type": "array", "items": {"type": "object"}},
        "retry_after_s": {"type": "integer"},
    },
}
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "an API token of a user"},
    "page": {
        "type": "apiKey",
        "in": "cookie",
        "name": SIGN_IN,
        "description": f"a browser that is signed in; to change something it sends {CSRF_HEADER} as well",
    },
}


@router.get("/openapi.json", dependencies=[PUBLIC])
async def description(request: Request) -> Response:
    """What this API can do."""
    return JSONResponse(describe(request.app))


def describe(app: Any) -> dict[str, Any]:
    """The description of an application's API."""
    if not (known := getattr(app.state, "openapi", None)):
        known = get_openapi(title="Bake Tracker", version=__version__, openapi_version="3.1.0", routes=app.routes)
        parts = known.setdefault("components", {})
        parts.setdefault("schemas", {})["Problem"] = _PROBLEM
        parts["securitySchemes"] = _SCHEMES
        known["security"] = [{name: []} for name in _SCHEMES]
        app.state.openapi = known
    return known
