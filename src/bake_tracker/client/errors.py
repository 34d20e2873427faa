"""The client's errors, made from the server's problem details (RFC 9457)."""

from collections.abc import Mapping
from typing import Any

from bake_tracker.client.results import Shortage, read


class BakeTrackerError(Exception):
    """Base class of the client's errors."""


class UnreachableError(BakeTrackerError):
    """No answer after several tries. Send the change again with ``idempotency_key``; it is recorded only once."""

    def __init__(self, message: str, idempotency_key: str | None) -> None:
        self.idempotency_key = idempotency_key
        super().__init__(message)


class ProblemError(BakeTrackerError):
    """The server refused: ``code`` is for programs, the message for people, ``details`` holds the whole answer."""

    def __init__(self, status: int, details: Mapping[str, Any]) -> None:
        self.status, self.details = status, dict(details)
        self.code = str(details.get("code", "http_error"))
        self.errors: list[dict[str, str]] = list(details.get("errors", []))
        self.shortages = [read(Shortage, one) for one in details.get("shortages", [])]
        self.operation_id: str | None = details.get("operation_id")
        self.request_id: str | None = details.get("request_id")
        super().__init__(f"{self.code}: {details.get('detail', status)}")


class NotAllowedError(ProblemError):
    """The token is not valid, or its role does not allow it (401, 403)."""


class NotFoundError(ProblemError):
    """Not found (404)."""


class InvalidError(ProblemError):
    """Some arguments are not allowed; ``errors`` lists each field and its problem (422)."""


class ConflictError(ProblemError):
    """The request contradicts what is recorded (409)."""


class ShortageError(ConflictError):
    """Not enough stock; ``shortages`` lists every shortage, and nothing was taken (409)."""


_BY_STATUS = {401: NotAllowedError, 403: NotAllowedError, 404: NotFoundError, 409: ConflictError, 422: InvalidError}


def problem(status: int, details: Any) -> ProblemError:
    """The exception for an error response."""
    known = details if isinstance(details, Mapping) else {"detail": str(details)[:200]}
    kind = ShortageError if status == 409 and known.get("shortages") else _BY_STATUS.get(status, ProblemError)
    return kind(status, known)
