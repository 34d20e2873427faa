"""The layer around every request: ids for its log lines, security headers, and its duration."""

import asyncio
import re
import time
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bake_tracker.clock import uuid7
from bake_tracker.entrypoints.http import metrics
from bake_tracker.entrypoints.http.problems import TOLD, cut_off, too_large
from bake_tracker.log.spans import accept_traceparent
from bake_tracker.log.tell import bound_log_context

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # without a policy the browser sends the origin of our own forms as "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
HSTS = "max-age=31536000"
BODY_WITHIN_S = 120.0
"""How long a request may take to send its body."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{8,128}")


class RequestContext:
    """The outermost layer; plain ASGI, so that everything inside sees what it binds."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self.app, self.max_body_bytes = app, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request inside its context."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid7()
        status, is_answered = 500, False
        began_at = time.perf_counter()

        async def send_on(message: Message) -> None:
            nonlocal status, is_answered
            if message["type"] == "http.response.start":
                status, is_answered = message["status"], True
                _add_headers(MutableHeaders(scope=message), scope, request_id)
            await send(message)

        with bound_log_context(request_id=request_id, actor="nobody"), accept_traceparent(headers.get("traceparent")):
            try:
                # A body that declares its size is not read; the framework stops reading the others.
                app = too_large() if self._is_too_large(headers) else self.app
                await app(scope, _in_time(receive), send_on)
            except Exception:
                if TOLD not in scope:
                    raise
            except asyncio.CancelledError:
                # The server ends before the request has; its thread may still commit.
                if is_answered or not scope["app"].state.is_stopping:
                    raise
                await cut_off(scope["method"])(scope, receive, send_on)
            finally:
                metrics.count(scope["method"], _route(scope), status, time.perf_counter() - began_at)

    def _is_too_large(self, headers: Headers) -> bool:
        length = headers.get("content-length", "")
        return length.isascii() and length.isdigit() and int(length[:20]) > self.max_body_bytes


def _in_time(receive: Receive) -> Receive:
    """The same messages, as long as the body is complete in time: a slow one would keep its connection for ever."""
    is_whole, ends_at = False, time.monotonic() + BODY_WITHIN_S

    async def receive_in_time() -> Message:
        nonlocal is_whole
        if is_whole:
            return await receive()
        try:
            async with asyncio.timeout(max(ends_at - time.monotonic(), 0)):
                message = await receive()
        except TimeoutError:
            detail = f"the body did not arrive within {BODY_WITHIN_S:g} seconds; send it again"
            raise HTTPException(408, detail, {"Connection": "close"}) from None
        is_whole = not message.get("more_body", False)
        return message

    return receive_in_time


def _add_headers(headers: MutableHeaders, scope: MutableMapping[str, Any], request_id: str) -> None:
    headers["X-Request-ID"] = request_id
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")
    if scope["app"].state.is_stopping:
        headers["Connection"] = "close"  # a client that keeps asking would keep the server from stopping
    if scope.get("scheme") == "https":
        headers["Strict-Transport-Security"] = HSTS


def _route(scope: Scope) -> str:
    """The route's template, never the requested path: made-up paths must not fill the memory."""
    known: dict[object, str] = scope["app"].state.paths
    return known.get(scope.get("endpoint"), "none")
