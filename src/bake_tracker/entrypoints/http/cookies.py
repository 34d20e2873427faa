"""The cookies: the sign-in, the device it was on, and a random value that binds the forms of visitors."""

import hashlib
import hmac

from starlette.requests import HTTPConnection
from starlette.responses import Response

from bake_tracker.services.access.passwords import new_secret

SIGN_IN = "bake_sign_in"
VISITOR = "bake_visitor"
DEVICE = "bake_device"
LASTS_S = 12 * 60 * 60
DEVICE_LASTS_S = 400 * 24 * 60 * 60
"""As long as browsers keep a cookie."""


def sign_in_token(request: HTTPConnection) -> str | None:
    """The sign-in token from the browser's cookie, if any."""
    return request.cookies.get(_name(request, SIGN_IN)) or None


def visitor_token(request: HTTPConnection) -> str | None:
    """The random value that identifies a visitor's browser."""
    return request.cookies.get(_name(request, VISITOR)) or None


def device(request: HTTPConnection) -> str | None:
    """The cookie by which a user's device is known, if any; anybody can make one up."""
    return request.cookies.get(_name(request, DEVICE)) or None


def csrf_token(request: HTTPConnection) -> str | None:
    """The token in each of our forms; another site can neither read nor guess it."""
    secret = sign_in_token(request) or visitor_token(request) or getattr(request.state, "new_visitor", None)
    return None if secret is None else hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def begin_visit(request: HTTPConnection) -> None:
    """Give this visit a random value for the forms of its pages; ``keep_visit`` sets the cookie."""
    if csrf_token(request) is None:
        request.state.new_visitor = new_secret()


def keep_visit(request: HTTPConnection, response: Response) -> None:
    """Set the cookie that a new visitor's form is bound to."""
    if token := getattr(request.state, "new_visitor", None):
        _set(request, response, VISITOR, token)


def sign_in(request: HTTPConnection, response: Response, token: str, device: str) -> None:
    """Set the cookies of the sign-in and of the device, which stays known after signing out."""
    _set(request, response, SIGN_IN, token)
    _set(request, response, DEVICE, device, DEVICE_LASTS_S)
    _forget(request, response, VISITOR)


def sign_out(request: HTTPConnection, response: Response) -> None:
    """Remove the sign-in cookie."""
    _forget(request, response, SIGN_IN)


def _name(request: HTTPConnection, name: str) -> str:
    """The cookie's name; behind TLS its prefix binds it to this host, so that no sibling domain can set it."""
    if request.url.scheme != "https":
        return name
    return f"__Host-{name}" if _path(request) == "/" else f"__Secure-{name}"


def _path(request: HTTPConnection) -> str:
    return (request.scope.get("app_root_path") or request.scope.get("root_path") or "").rstrip("/") + "/"


def _set(request: HTTPConnection, response: Response, name: str, value: str, lasts_s: int = LASTS_S) -> None:
    response.set_cookie(
        _name(request, name),
        value,
        max_age=lasts_s,
        path=_path(request),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def _forget(request: HTTPConnection, response: Response, name: str) -> None:
    response.delete_cookie(
        _name(request, name),
        path=_path(request),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
