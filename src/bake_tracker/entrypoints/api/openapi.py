"""The API's OpenAPI 3.1 description, made once."""

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
    401: "Not signed in, or the token is not valid",
    403: "The role does not allow it",
    404: "Not found",
    409: "It conflicts with what is recorded, or there is too little stock; `shortages` lists every shortage",
    413: "The body is too large",
    422: "An argument is not allowed; `errors` lists every problem",
    429: "Too many requests; `Retry-After` says when to try again",
    500: "Something broke; nothing was recorded",
    503: "The database is busy or unavailable, or the outcome is unknown: repeat with the same key",
    507: "The disk of the database is full; nothing was recorded",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {JSON_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, text in _WHEN.items()
}
_PROBLEM = {
    "title": "Problem",
    "description": "RFC 9457 problem details. Some codes have further members, such as `shortages`.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "stable, for programs to compare"},
        "request_id": {"type": ["string", "null"], "description": "also on every log line of the request"},
        "operation_id": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
        "remedy": {"$ref": "#/components/schemas/Remedy"},
        "shortages": {"type": "array", "items": {"type": "object"}},
        "retry_after_s": {"type": "integer"},
    },
}
_REMEDY = {
    "route": {"type": "string", "description": "the request that fixes it, such as `POST /api/v1/releases`"},
    "field": {"type": "string", "description": "the field of the request that fixes it, such as `skip_bad`"},
}
_LED_TO = {
    "operation_id": "get_operation",
    "item_id": "get_item",
    "lot_id": "get_lot",
    "recipe_id": "get_recipe",
    "finished_good_id": "get_good",
}
"""For a field of an answer, the route that shows the thing it names; the path parameter has the same name."""

_SENT_TO: dict[str, dict[str, Any]] = {
    "operation_id": {
        "undo": {"reversed_operation_id": "$response.body#/operation_id", "reason": "mistyped"},
        "check_undoing": {"reversed_operation_id": "$response.body#/operation_id"},
    },
    "item_id": {"receive": {"item_id": "$response.body#/item_id"}},
    "lot_id": {"recall": {"lot_id": "$response.body#/lot_id"}},
}
"""For a field of an answer, the operations that may follow, and the parameter that takes it."""

_HEADERS = {
    "200": {"ETag": "the answer's tag; send it as `If-None-Match`"},
    "201": {"Location": "where to read what was recorded"},
    "429": {"Retry-After": "in seconds"},
    "503": {"Retry-After": "in seconds"},
}
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "a user's API token"},
    "page": {
        "type": "apiKey",
        "in": "cookie",
        "name": SIGN_IN,
        "description": f"a signed-in browser; to change something, it also sends {CSRF_HEADER}",
    },
}


@router.get("/openapi.json", dependencies=[PUBLIC])
async def description(request: Request) -> Response:
    """The OpenAPI description of this API."""
    return JSONResponse(describe(request.app))


def describe(app: Any) -> dict[str, Any]:
    """Describe an application's API."""
    if not (known := getattr(app.state, "openapi", None)):
        known = get_openapi(title="Bake Tracker", version=__version__, openapi_version="3.1.0", routes=app.routes)
        parts = known.setdefault("components", {})
        parts.setdefault("schemas", {})["Problem"] = _PROBLEM
        parts["schemas"]["Remedy"]["properties"] |= _REMEDY
        parts["securitySchemes"] = _SCHEMES
        for path in known["paths"].values():
            for operation in path.values():
                _tell_headers(operation)
                _link(operation, parts["schemas"])
        known["security"] = [{name: []} for name in _SCHEMES]
        app.state.openapi = known
    return known


def _tell_headers(operation: dict[str, Any]) -> None:
    has_tag = "304" in operation["responses"]
    for status, headers in _HEADERS.items():
        if status in operation["responses"] and (status != "200" or has_tag):
            operation["responses"][status]["headers"] = {
                name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()
            }


def _link(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Add links from an answer to the things it names and to possible next steps."""
    made = operation["responses"].get("201")
    if made is None:
        return
    shape = made["content"]["application/json"]["schema"]
    fields = schemas[shape["$ref"].rpartition("/")[2]]["properties"]
    links: dict[str, Any] = {}
    for field, route in _LED_TO.items():
        if field in fields:
            links[route] = {"operationId": route, "parameters": {f"path.{field}": f"$response.body#/{field}"}}
    for field, following in _SENT_TO.items():
        if field in fields:
            links |= {route: {"operationId": route, "requestBody": body} for route, body in following.items()}
    made["links"] = links
