"""Errors as HTTP: one table from error family to status, and RFC 9457 problem details."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bake_tracker.domain.errors import (
    AccessError,
    ConflictError,
    DatabaseUnavailableError,
    DiskFullError,
    ImportRefusedError,
    InsufficientComponentsError,
    InsufficientInventoryError,
    LabelDiffersError,
    LabelIncompleteError,
    NotFoundError,
    OutcomeUnknownError,
    ServiceError,
    SignInNeededError,
    SignInRefusedError,
    TooBusyError,
    TooManyAttemptsError,
    UnitConversionError,
    ValidationError,
)
from bake_tracker.entrypoints.http.access import SAFE_METHODS, actor_of
from bake_tracker.log.tell import bound_log_context, bound_value, emit, make_event
from bake_tracker.log.values import error_text
from bake_tracker.services import get_service_logger

STATUS: tuple[tuple[type[ServiceError], int], ...] = (
    (ValidationError, 422),
    (UnitConversionError, 422),
    (NotFoundError, 404),
    (InsufficientInventoryError, 409),
    (InsufficientComponentsError, 409),
    (LabelDiffersError, 409),
    (LabelIncompleteError, 409),
    (ConflictError, 409),
    (SignInNeededError, 401),
    (SignInRefusedError, 401),
    (TooManyAttemptsError, 429),
    (TooBusyError, 503),
    (AccessError, 403),
    (DiskFullError, 507),
    (DatabaseUnavailableError, 503),
    (ServiceError, 500),
)
"""An error's status is that of its first matching family."""

JSON_TYPE = "application/problem+json"
RETRY_AFTER_S = "1"
"""The status when the database cannot do something right now."""

TOLD = "bake_tracker.told"
"""Set in the scope of a request whose failure was logged and answered, so that it is not logged again."""
_OF_FRAMEWORK = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 408: "too_slow", 413: "too_large"}

Problem = dict[str, Any]
Renderer = Callable[[Request, Problem, Mapping[str, str]], Response | None]


def status_of(error: ServiceError) -> int:
    """The HTTP status for an error's family."""
    return next(status for family, status in STATUS if isinstance(error, family))


def when_to_try_again(error: ServiceError) -> dict[str, str]:
    """The ``Retry-After`` header, if a later try may succeed."""
    if isinstance(error, TooManyAttemptsError):
        return {"Retry-After": str(error.retry_after_s)}
    return {"Retry-After": RETRY_AFTER_S} if status_of(error) == 503 else {}


def problem_of(error: ServiceError) -> Problem:
    """Problem details of a refusal: code, text, every wrong field and every shortage."""
    problem = _problem(status_of(error), error.code, str(error))
    if error.remedy is not None:
        problem["remedy"] = error.remedy
    problem |= {name: value for name, value in error.log_fields().items() if name not in problem and name != "fields"}
    if isinstance(error, ValidationError | UnitConversionError | LabelIncompleteError):
        problem["errors"] = error.problems
    if isinstance(error, ImportRefusedError):
        problem["report"] = error.report
    if isinstance(error, NotFoundError):
        problem["suggestions"] = error.suggestions
    if operation_id := getattr(error, "bake_operation_id", None):
        problem["operation_id"] = operation_id
    return problem


def _problem(status: int, code: str, detail: str) -> Problem:
    return {
        "type": f"urn:bake-tracker:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": bound_value("request_id"),
    }


def install(app: FastAPI) -> None:
    """Answer every error as problem details in JSON, or as the page that ``app.state.show_problem`` makes."""
    handlers: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
        ServiceError: _refused,
        RequestValidationError: _unreadable,
        HTTPException: _of_framework,
        Exception: _broken,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _refused(request: Request, error: ServiceError) -> Response:
    if not hasattr(error, "bake_operation_id"):  # refused before any service was called
        _tell(request, error.outcome, logging.WARNING, error, **error.log_fields())
    headers = when_to_try_again(error)
    if status_of(error) == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return _answer(request, problem_of(error), headers)


async def _unreadable(request: Request, error: RequestValidationError) -> Response:
    # Never the value that was sent: it may be a password.
    errors = [_no_json(one) if one["type"] == "json_invalid" else _wrong(one) for one in error.errors()]
    detail = "; ".join(f"{one['field']}: {one['problem']}" for one in errors)
    return _answer(request, {**_problem(422, "validation_failed", detail), "errors": errors}, {})


def _wrong(one: Mapping[str, Any]) -> dict[str, str]:
    return {"field": ".".join(map(str, one["loc"][1:])) or "body", "problem": one["msg"].removeprefix("Value error, ")}


def _no_json(one: Mapping[str, Any]) -> dict[str, str]:
    where = f" at character {at + 1}" if (at := one["loc"][1]) else ""
    return {"field": "body", "problem": f"is not valid JSON: {one['ctx']['error']}{where}"}


async def _of_framework(request: Request, error: HTTPException) -> Response:
    code = _OF_FRAMEWORK.get(error.status_code, "http_error")
    return _answer(request, _problem(error.status_code, code, str(error.detail)), error.headers or {})


async def _broken(request: Request, error: Exception) -> Response:
    if not hasattr(error, "bake_operation_id"):
        _tell(request, "error", logging.ERROR, error)
    request.scope[TOLD] = True
    return _answer(
        request, _problem(500, "error", "something broke; the log has the details under this request id"), {}
    )


def too_large() -> Response:
    """The answer to a request whose declared body is too large."""
    return JSONResponse(_problem(413, "too_large", "the body is too large"), 413, None, JSON_TYPE)


def cut_off(method: str) -> Response:
    """The answer to a request that is still running when the server has to end."""
    if method in SAFE_METHODS:
        code, detail = DatabaseUnavailableError.code, "the server is stopping; try again in a moment"
    else:
        code = OutcomeUnknownError.code
        detail = "the server stopped in the meantime: it may or may not be recorded; send it again with the same key"
    return JSONResponse(_problem(503, code, detail), 503, {"Retry-After": RETRY_AFTER_S}, JSON_TYPE)


def _answer(request: Request, problem: Problem, headers: Mapping[str, str]) -> Response:
    show = cast("Renderer | None", getattr(request.app.state, "show_problem", None))
    if show and (shown := show(request, problem, headers)):
        return shown
    if word := cast("Callable[[Problem], Problem] | None", getattr(request.app.state, "word_problem", None)):
        problem = word(problem)
    return JSONResponse(problem, problem["status"], dict(headers), JSON_TYPE)


def _tell(request: Request, outcome: str, level: int, error: Exception, **fields: Any) -> None:
    logger = get_service_logger("http")
    route = request.app.state.paths.get(request.scope.get("endpoint"))
    context = {**fields, "method": request.method, "route": route, "error": error_text(error)}
    with bound_log_context(actor=actor_of(request)):  # what the route had bound is gone
        emit(make_event(logger, level, "request", outcome, context, error if level == logging.ERROR else None))
