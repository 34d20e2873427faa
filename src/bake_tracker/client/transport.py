"""Send requests and retry them: every change carries a key, so sending it again records nothing twice."""

import json
import random
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from time import sleep
from typing import Any
from uuid import UUID, uuid4

import httpx2

from bake_tracker.client.errors import UnreachableError, problem

LONGEST_WAIT_S = 30.0
FIRST_WAIT_S = 0.2
AGAIN = frozenset({429, 503})
"""Statuses worth retrying: too many requests, or an unknown outcome."""

Key = UUID | str | None


class Sender:
    """Send requests with the token, each up to ``tries`` times."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        tries: int,
        timeout_s: float,
        traceparent: Callable[[], str | None] | None,
        transport: httpx2.BaseTransport | None,
    ) -> None:
        self.tries, self.traceparent = max(tries, 1), traceparent
        self.http = httpx2.Client(
            base_url=base_url.rstrip("/") + "/api/v1",
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=timeout_s,
            transport=transport,
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        key: Key = None,
    ) -> httpx2.Response:
        """Send a request and return the answer.

        Raises:
            ProblemError: the server refused.
            UnreachableError: no answer after the last try.
        """
        headers = {} if key is None else {"Idempotency-Key": str(key)}
        if self.traceparent and (traceparent := self.traceparent()):
            headers["traceparent"] = traceparent
        content = None
        if body is not None:
            content = json.dumps(_sent(body), allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        params = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        for attempt in range(1, self.tries + 1):
            try:
                answer = self.http.request(method, path, params=params, content=content, headers=headers)
            except httpx2.TransportError as error:
                if attempt == self.tries:
                    told = f"{method} {path}: {type(error).__name__} after {attempt} tries"
                    raise UnreachableError(told, None if key is None else str(key)) from error
                sleep(_wait_s(attempt))
                continue
            if answer.status_code in AGAIN and attempt < self.tries:
                sleep(_wait_s(attempt, answer.headers.get("retry-after")))
                continue
            if answer.is_error:
                raise problem(answer.status_code, _json(answer))
            return answer
        raise AssertionError("the last try answers or raises")


def new_key() -> str:
    """A key for a new operation."""
    return str(uuid4())


def _wait_s(attempt: int, asked: str | None = None) -> float:
    if asked is not None and asked.isdigit():
        return min(float(asked), LONGEST_WAIT_S)
    longest = min(FIRST_WAIT_S * float(2**attempt), LONGEST_WAIT_S)
    return longest * random.uniform(0.5, 1)  # spreads out the clients that lost their connection at the same moment


def _json(answer: httpx2.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _sent(value: Any) -> Any:
    """JSON-ready values, with exact numbers as strings."""
    if isinstance(value, Mapping):
        return {str(name): _sent(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_sent(one) for one in value]
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float, which is not exact; use a Decimal, an int or a string")
    return _text(value) if isinstance(value, Decimal | date | UUID) else value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)
