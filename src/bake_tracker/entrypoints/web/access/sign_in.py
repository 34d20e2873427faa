"""Sign in and out."""

import logging
from typing import Annotated, Any

from fastapi import Form, Query, Request
from starlette.responses import RedirectResponse, Response

from bake_tracker.domain.access import SHORTEST_PASSWORD
from bake_tracker.domain.errors import AccessError, SignInRefusedError, TooManyAttemptsError
from bake_tracker.entrypoints.http import cookies
from bake_tracker.entrypoints.http.access import PUBLIC, VIEWER, address_of, caller_of, safe_next, trust_device
from bake_tracker.entrypoints.http.problems import status_of, when_to_try_again
from bake_tracker.entrypoints.web.pages import go_to, pages, path_for, render
from bake_tracker.log.redaction import REDACTED
from bake_tracker.queries.catalog.people import KnownUser, has_users
from bake_tracker.services import get_service_logger, log_operation
from bake_tracker.services.access.passwords import new_secret, turn, verify_password
from bake_tracker.services.access.sign_in import close_sign_in, open_sign_in, take_attempt
from bake_tracker.services.database import Session, read_scope, run_in_transaction

router = pages()
_log = get_service_logger("sign_in_service")
LONGEST_NAME = 100

Next = Annotated[str | None, Query(max_length=2_000)]


@router.get("/sign-in", name="sign_in", dependencies=[PUBLIC])
def form(request: Request, next: Next = None) -> Response:
    """Show the sign-in form, or go to the set-up if there are no users yet."""
    with read_scope() as session:
        if not has_users(session):
            return go_to(request, "set_up")
    return render(request, "sign_in.html", next=safe_next(next), name="", refusal=None)


@router.post("/sign-in", name="do_sign_in", dependencies=[PUBLIC])
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=400)] = "",
    password: Annotated[str, Form(max_length=400)] = "",
    next: Annotated[str | None, Form(max_length=2_000)] = None,
) -> Response:
    """Sign in, or show the form again with the reason."""
    try:
        user = _check(request, name, password)
    except AccessError as error:
        note_attempt("sign_in", error.outcome, request, name=name, password=password, **error.log_fields())
        page = render(request, "sign_in.html", status_of(error), next=safe_next(next), name=name, refusal=str(error))
        page.headers.update(when_to_try_again(error))
        return page
    return let_in(
        request, user.user_id, user.name, RedirectResponse(safe_next(next) or path_for(request, "today"), 303)
    )


@router.post("/sign-out", name="do_sign_out", dependencies=[VIEWER])
def sign_out(request: Request) -> Response:
    """Sign out."""
    caller, token = caller_of(request), cookies.sign_in_token(request)
    if token is not None:
        run_in_transaction(lambda session: close_sign_in(session, token))
    who: dict[str, Any] = {"user_id": caller.user_id, "user_name": caller.name} if caller else {}
    log_operation(_log, "sign_out", "success", **who, address=address_of(request))
    response = go_to(request, "sign_in")
    cookies.sign_out(request, response)
    return response


def note_attempt(what: str, outcome: str, request: Request, *, name: str, password: str, **more: Any) -> None:
    """Log a refused attempt with the name that was tried and the address it came from.

    The name is redacted if it holds what was typed as the password; a password typed into the field of the name alone
    cannot be told from a name.
    """
    typed = password.strip()
    tried = REDACTED if len(typed) >= SHORTEST_PASSWORD and typed in name else name[:LONGEST_NAME]
    log_operation(_log, what, outcome, level=logging.WARNING, user_name=tried, address=address_of(request), **more)


def take_attempt_of(request: Request, name: str) -> tuple[int, KnownUser | None]:
    """Count an attempt of this browser; return the seconds to wait and the user it may be."""
    return run_in_transaction(lambda session: take_attempt(session, name, address_of(request), cookies.device(request)))


def let_in(request: Request, user_id: int, name: str, response: Response) -> Response:
    """Set the cookie of a new sign-in and end the browser's earlier one."""
    token = new_secret()
    earlier = cookies.sign_in_token(request)

    def work(session: Session) -> str:
        device = open_sign_in(session, user_id, token, name, address_of(request), cookies.device(request))
        if earlier is not None:
            close_sign_in(session, earlier)
        return device

    device = run_in_transaction(work)
    log_operation(_log, "sign_in", "success", user_id=user_id, user_name=name, address=address_of(request))
    trust_device(request, device)
    cookies.sign_in(request, response, token, device)
    return response


def _check(request: Request, name: str, password: str) -> KnownUser:
    """The user for this name and password; the attempt is counted before the password is checked.

    Raises:
        TooBusyError: too many passwords are being checked; this attempt does not count.
        TooManyAttemptsError, SignInRefusedError: there were too many attempts, or no user matches.
    """
    with turn():
        wait_s, user = take_attempt_of(request, name)
        if wait_s:
            raise TooManyAttemptsError(wait_s)
        is_it = verify_password(password, user.password_hash if user else None)
    if user is None or user.is_disabled or not is_it:
        raise SignInRefusedError
    return user
