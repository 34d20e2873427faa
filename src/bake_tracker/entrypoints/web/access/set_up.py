"""The first visit: create the owner's account."""

import hmac
from typing import Annotated

from fastapi import Form, Query, Request
from starlette.responses import Response

from bake_tracker.config import load_settings
from bake_tracker.domain.access import SHORTEST_PASSWORD, Role
from bake_tracker.domain.errors import ServiceError, TooManyAttemptsError, ValidationError
from bake_tracker.entrypoints.http.access import PUBLIC, address_of
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.access.sign_in import let_in, note_attempt
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.queries.catalog.people import has_users
from bake_tracker.services.access.accounts import record_user
from bake_tracker.services.access.sign_in import take_attempt
from bake_tracker.services.database import read_scope, run_in_transaction

router = pages()

_NO_USER = "set-up code"
"""Counts the attempts to guess the code, under a name that no user would choose."""


@router.get("/set-up", name="set_up", dependencies=[PUBLIC])
def form(request: Request, code: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Show the set-up form as long as there are no users."""
    with read_scope() as session:
        if has_users(session):
            return go_to(request, "sign_in")
    return _form(request, code=code)


@router.post("/set-up", name="do_set_up", dependencies=[PUBLIC])
def set_up(
    request: Request,
    code: Annotated[str, Form(max_length=200)] = "",
    name: Annotated[str, Form(max_length=400)] = "",
    password: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Create the owner's account and sign it in."""
    try:
        _check_code(request, code)
        owner = run_in_transaction(
            lambda session: record_user(name, password, Role.OWNER.value, session=session, is_first=True)
        )
    except ServiceError as error:
        if not hasattr(error, "bake_operation_id"):  # the code is wrong, or was tried too often
            note_attempt("set_up", error.outcome, request, name=name, password=password, **error.log_fields())
        return _form(request, status_of(error), code=code, name=name, refusal=error)
    return let_in(request, owner["user_id"], owner["name"], go_to(request, "today"))


def _check_code(request: Request, code: str) -> None:
    wait_s, _ = run_in_transaction(lambda session: take_attempt(session, _NO_USER, address_of(request)))
    if wait_s:
        raise TooManyAttemptsError(wait_s)
    wanted = load_settings().setup_code
    if wanted is None or not hmac.compare_digest(wanted.get_secret_value().encode(), code.strip().encode()):
        raise ValidationError.of("code", "is not the code that the server printed when it started")


def _form(
    request: Request, status: int = 200, *, code: str, name: str = "", refusal: ServiceError | None = None
) -> Response:
    problems = refusal.problems if isinstance(refusal, ValidationError) else []
    return render(
        request,
        "set_up.html",
        status,
        code=code,
        name=name,
        shortest=SHORTEST_PASSWORD,
        problems={problem["field"]: problem["problem"] for problem in problems},
        refusal=str(refusal) if refusal and not problems else None,
    )
