"""Access control in one place: every route declares the role it needs, checked before the route runs.

``VIEWER``, ``BAKER``, ``OWNER``, ``PUBLIC`` and ``HEALTH`` go into a route's or a router's ``dependencies``. A route
without one of them is refused when the application is made.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.routing import Mount

from bake_tracker.clock import now
from bake_tracker.domain.access import CALENDARS, Opens, Role, device_secret, network_of, secret_sha256
from bake_tracker.domain.errors import (
    DatabaseUnavailableError,
    ForbiddenError,
    SignInNeededError,
    TooManyAttemptsError,
    ValidationError,
)
from bake_tracker.entrypoints.http import cookies
from bake_tracker.entrypoints.http.limits import Limiter
from bake_tracker.log.tell import bound_log_context
from bake_tracker.queries.catalog.people import Caller, find_signed_in, find_token_caller
from bake_tracker.services.access.sign_in import is_worth_noting, note_use
from bake_tracker.services.database import MOST_WRITERS, read_scope, run_at_once

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
NOBODY = "nobody"
"""The actor of a request that is not signed in."""

WRITES_WITHIN_S = 30
"""How long a request may wait for others that record something, before it is refused with a 503."""

CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"


class RouteWithoutRoleError(Exception):
    """A route does not say who may use it."""


class Needs:
    """The dependency that every route declares: let a request in if its role allows it."""

    def __init__(self, role: Role | None, *, is_limited: bool = True) -> None:
        self.role, self.is_limited = role, is_limited

    async def __call__(self, request: Request) -> AsyncIterator[None]:
        """Identify the caller, then check rate limit, role and origin; what follows is logged in the caller's name.

        Raises:
            SignInNeededError, ForbiddenError, TooManyAttemptsError: the request is not let in.
        """
        if not self.is_limited:
            yield
            return
        caller = await run_in_threadpool(_identify_within_limits, request)
        with bound_log_context(actor=actor_of(request)):
            if self.role is not None and caller is None:
                raise SignInNeededError
            if self.role is not None and caller is not None and not caller.role.allows(self.role):
                raise ForbiddenError(f"this needs the role {self.role}; {caller.name} is {caller.role} here")
            if request.method in SAFE_METHODS:
                yield
                return
            if caller is None or caller.api_token_id is None:
                await _check_is_our_page(request)
            async with _turn_to_write(request.app.state.writers):
                yield


HEALTH = Depends(Needs(None, is_limited=False))
"""For health checks: nobody is identified, and nothing is counted."""
PUBLIC, VIEWER, BAKER, OWNER = (Depends(Needs(role)) for role in (None, Role.VIEWER, Role.BAKER, Role.OWNER))


def caller_of(request: Request) -> Caller | None:
    """The caller, or None on a public route when nobody is signed in."""
    found: Caller | None = getattr(request.state, "caller", None)
    return found


def actor_of(request: HTTPConnection) -> str:
    """The actor of a request's log lines: the caller's name, or ``NOBODY``."""
    caller: Caller | None = getattr(request.state, "caller", None)
    return caller.name if caller else NOBODY


def in_person(request: Request) -> Caller:
    """The caller, who must be signed in: a token that makes tokens or users would outlive its own revocation.

    Raises:
        ValidationError: the caller uses an API token.
    """
    caller = caller_of(request)
    if caller is None:
        raise SignInNeededError
    if caller.api_token_id is not None:
        raise ValidationError.of("api_token", "cannot do this; sign in with a password")
    return caller


def _identify_within_limits(request: Request) -> Caller | None:
    """Identify the caller, and count the request for the user, or for the address of somebody unknown.

    An address that has used up its requests is refused before the database is asked, unless its token or cookie was
    valid a moment ago: many requests with a wrong token must not lock out the people at the same address. A device
    where somebody has signed in counts by itself, so that they can sign in there again.

    Raises:
        SignInNeededError, TooManyAttemptsError: the request is not let in.
    """
    limiter: Limiter = request.app.state.limiter
    secret = calendar_token_of(request) or bearer_of(request) or cookies.sign_in_token(request)
    key = secret_sha256(secret) if secret else ""
    device = _device_key(cookies.device(request) or "")
    address = device if limiter.is_trusted(device) else network_of(address_of(request))
    if not limiter.is_trusted(key) and (wait_s := limiter.wait_s(address, take=0)):
        raise TooManyAttemptsError(wait_s)
    refused = None
    try:
        caller = identify(request)
    except SignInNeededError as error:
        caller, refused = None, error
    request.state.caller = caller
    limiter.trust(key, is_valid=caller is not None)
    if wait_s := limiter.wait_s(str(caller.user_id) if caller else address):
        raise TooManyAttemptsError(wait_s)
    if refused is not None:
        raise refused
    return caller


def trust_device(request: Request, device: str) -> None:
    """Count the requests of this device by themselves from now on, apart from others at its address."""
    limiter: Limiter = request.app.state.limiter
    limiter.trust(_device_key(device), is_valid=True)


def _device_key(device: str) -> str:
    return secret_sha256(f"device\n{device_secret(device)}")


def identify(request: HTTPConnection) -> Caller | None:
    """Identify the caller by token or cookie.

    Raises:
        SignInNeededError: the token is empty, unknown, expired or revoked.
    """
    if (token := calendar_token_of(request)) is not None:
        return _with_token(token, CALENDARS)
    if (token := bearer_of(request)) is not None:
        return _with_token(token, (Opens.API,))
    if not (token := cookies.sign_in_token(request)):
        return None
    with read_scope() as session:
        return find_signed_in(session, token, now())


def _with_token(token: str, opens: Collection[Opens]) -> Caller:
    with read_scope() as session:
        caller = find_token_caller(session, token, now(), opens)
    if caller is None:
        raise SignInNeededError
    if is_worth_noting(caller):
        run_at_once(lambda session: note_use(session, caller))
    return caller


def calendar_token_of(request: HTTPConnection) -> str | None:
    """The token in the path of a calendar link: there a browser's cookie opens nothing, and elsewhere this token."""
    token: str | None = request.path_params.get("calendar_token")
    return token


def bearer_of(request: HTTPConnection) -> str | None:
    """The API token of a request, "" if it is empty; None if the request has none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def address_of(request: HTTPConnection) -> str:
    """The address a request comes from; behind a trusted proxy, the address that the proxy reports."""
    return request.client.host if request.client else ""


@asynccontextmanager
async def _turn_to_write(writers: asyncio.Semaphore) -> AsyncIterator[None]:
    """Wait for one of the connections that may write.

    Raises:
        DatabaseUnavailableError: it takes too long.
    """
    try:
        async with asyncio.timeout(WRITES_WITHIN_S):
            await writers.acquire()
    except TimeoutError:
        raise DatabaseUnavailableError(
            f"the server is busy: {MOST_WRITERS} requests that record something are under way; try again in a moment"
        ) from None
    try:
        yield
    finally:
        writers.release()


async def _check_is_our_page(request: Request) -> None:
    """Refuse requests that another site made the browser send, by their origin and by the CSRF token."""
    fetched_from = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    is_ours = fetched_from in ("same-origin", "none") and origin in (
        None,
        f"{request.url.scheme}://{request.url.netloc}",
    )
    if not is_ours:
        raise ForbiddenError("the request came from another site")
    given = request.headers.get(CSRF_HEADER)
    if given is None and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        given = str((await request.form()).get(CSRF_FIELD, ""))
    wanted = cookies.csrf_token(request)
    if wanted is None or not hmac.compare_digest(wanted.encode(), (given or "").encode()):
        raise ForbiddenError("the page was open for too long or in another browser; reload it and send it again")


def safe_next(path: str | None) -> str | None:
    """Where to go after signing in: a path on this server, or None."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or "\\" in path:
        return None
    parts = urlsplit(path)
    return None if parts.scheme or parts.netloc or any(ord(one) < 32 for one in path) else path


def check_every_route_declares(app: FastAPI) -> None:
    """Fail unless every route declares exactly one role.

    Raises:
        RouteWithoutRoleError: names them.
    """
    wrong = [f"{method} {path}" for method, path, needs in _declared(app) if len(needs) != 1]
    if wrong:
        raise RouteWithoutRoleError(
            f"{', '.join(wrong)}: a route has exactly one of PUBLIC, VIEWER, BAKER and OWNER in its dependencies"
        )


def roles_by_route(app: FastAPI) -> dict[tuple[str, str], Role | None]:
    """What each route needs, by method and path; None for a public one."""
    return {(method, path): needs[0].role for method, path, needs in _declared(app)}


def paths_by_endpoint(app: FastAPI) -> dict[Any, str]:
    """The full path of each route's function; FastAPI keeps only the part after the routers' prefixes."""
    return {getattr(route, "endpoint", None): str(route.path) for route in iter_route_contexts(app.routes)}


def _declared(app: FastAPI) -> Iterable[tuple[str, str, list[Needs]]]:
    for route in iter_route_contexts(app.routes):
        path = str(route.path)
        if isinstance(route.original_route, Mount) and path == "/static":
            continue  # our own static files, readable by everybody
        dependant: Any = getattr(route, "dependant", None)
        needs = [one.call for one in getattr(dependant, "dependencies", []) if isinstance(one.call, Needs)]
        is_route = isinstance(route.original_route, APIRoute)
        for method in sorted(route.methods or {"ANY"}):
            yield method, path, needs if is_route else []
