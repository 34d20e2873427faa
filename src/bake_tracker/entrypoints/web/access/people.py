"""Users and their roles; everyone's own password and API tokens."""

from typing import Annotated, Any

from fastapi import Path, Request
from starlette.responses import Response

from bake_tracker.domain.access import CALENDARS, SHORTEST_PASSWORD, Role
from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.domain.errors import (
    ApiTokenNotFoundError,
    ServiceError,
    SignInNeededError,
    TooManyAttemptsError,
    ValidationError,
)
from bake_tracker.domain.slices import slice_of
from bake_tracker.entrypoints.http.access import OWNER, VIEWER, caller_of, in_person
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.access.sign_in import let_in, note_attempt, take_attempt_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.lists import Column, ListOf
from bake_tracker.entrypoints.web.pages import go_to, pages, path_for, render
from bake_tracker.entrypoints.web.stock.words import Done
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.people import Caller, load_api_tokens, load_user, load_users
from bake_tracker.services.access.accounts import (
    record_api_token,
    record_api_token_revocation,
    record_password,
    record_user,
    record_user_change,
)
from bake_tracker.services.access.passwords import new_secret, turn, verify_password
from bake_tracker.services.database import Session, read_scope, run_in_transaction

router = pages()

ROLES = {
    "viewer": "Viewer: can see everything",
    "baker": "Baker: records what happens to stock",
    "owner": "Owner: also manages people and settings",
}
SHORT = {"viewer": "Viewer", "baker": "Baker", "owner": "Owner"}
PEOPLE = ListOf(
    "people",
    (
        Column("name", "Name", link="person", by=("user_id",)),
        Column("role", "Role", words=SHORT),
        Column("is_disabled", "May sign in", words={"False": "yes", "True": "switched off"}),
        Column("created_at", "Since", "moment", narrow=False),
    ),
    sort="name",
)

UserId = Annotated[int, Path(ge=1, le=MAX_KEY)]
TokenId = Annotated[int, Path(ge=1, le=MAX_KEY)]


@router.get("/people", name="people", dependencies=[OWNER])
def people(request: Request) -> Response:
    """List all users, with the form to add one."""
    return _people(request, blank(request, role="baker"))


@router.post("/people", name="do_let_in", dependencies=[OWNER])
def do_let_in(request: Request, form: Sent) -> Response:
    """Add a user."""
    in_person(request)
    try:
        done = run_in_transaction(
            lambda session: record_user(
                form["name"], form["password"], form["role"], session=session, operation_id=form.operation_id
            )
        )
    except ServiceError as error:
        return _people(request, form.refused(error), status_of(error))
    return go_to(request, "person", {"done": done["operation_id"]}, user_id=done["user_id"])


@router.get("/people/{user_id}", name="person", dependencies=[OWNER])
def person(request: Request, user_id: UserId, done: Done = "") -> Response:
    """One user: role, password, API tokens."""
    return _person(request, user_id, blank(request), done=done)


@router.post("/people/{user_id}", name="do_change_person", dependencies=[OWNER])
def do_change_person(request: Request, user_id: UserId, form: Sent) -> Response:
    """Change a user's role, or disable or enable the account."""
    in_person(request)
    is_off = {"off": True, "on": False}.get(form["switch"])
    try:
        done = run_in_transaction(
            lambda session: record_user_change(
                user_id, role=form.text("role"), is_disabled=is_off, session=session, operation_id=form.operation_id
            )
        )
    except ServiceError as error:
        return _person(request, user_id, form.refused(error), status_of(error))
    return go_to(request, "person", {"done": done["operation_id"]}, user_id=user_id)


@router.post("/people/{user_id}/password", name="do_set_password", dependencies=[OWNER])
def do_set_password(request: Request, user_id: UserId, form: Sent) -> Response:
    """Set a user's password and sign the user out."""
    in_person(request)
    try:
        # Without an id: a second password from the same page is set too, instead of being a conflict.
        done = run_in_transaction(lambda session: record_password(user_id, form["password"], session=session))
    except ServiceError as error:
        return _person(request, user_id, form.refused(error), status_of(error))
    return go_to(request, "person", {"done": done["operation_id"]}, user_id=user_id)


@router.post("/people/{user_id}/tokens/{api_token_id}/revoke", name="do_revoke_token_of", dependencies=[OWNER])
def do_revoke_token_of(request: Request, user_id: UserId, api_token_id: TokenId, form: Sent) -> Response:
    """Revoke somebody's API token."""
    done = _revoke(user_id, api_token_id, form)
    return go_to(request, "person", {"done": done["operation_id"]}, user_id=user_id)


@router.get("/me", name="me", dependencies=[VIEWER])
def me(request: Request, done: Done = "") -> Response:
    """Your own password and API tokens."""
    return _me(request, blank(request), done=done)


@router.post("/me/password", name="do_own_password", dependencies=[VIEWER])
def do_own_password(request: Request, form: Sent) -> Response:
    """Change your own password after confirming the old one; all other browsers are signed out."""
    caller = in_person(request)
    try:
        _check_own_password(request, caller, form["current"])
        done = run_in_transaction(lambda session: record_password(caller.user_id, form["password"], session=session))
    except ServiceError as error:
        return _me(request, form.refused(error), status_of(error))
    return let_in(request, caller.user_id, caller.name, go_to(request, "me", {"done": done["operation_id"]}))


@router.post("/me/tokens", name="do_make_token", dependencies=[VIEWER])
def do_make_token(request: Request, form: Sent) -> Response:
    """Make an API token and show it once."""
    caller = in_person(request)
    token = new_secret("bake_")
    try:
        if form["role"] in SHORT and not caller.role.allows(Role(form["role"])):
            raise ValidationError.of("role", f"must not be above your own, which is {caller.role}")
        # Without an id: if it is sent twice, it makes two tokens, and the one shown works.
        run_in_transaction(
            lambda session: record_api_token(caller.user_id, form["name"], form["role"], token, session=session)
        )
    except ServiceError as error:
        return _me(request, form.refused(error), status_of(error))
    return _me(request, blank(request), token=token, token_name=form["name"])


@router.post("/me/calendar", name="do_make_calendar", dependencies=[VIEWER])
def do_make_calendar(request: Request, form: Sent) -> Response:
    """Make a link to the calendar and show it once."""
    caller = in_person(request)
    token = new_secret("cal_")
    try:
        if form["opens"] not in CALENDARS:
            raise ValidationError.of("opens", "must be chosen: with or without names")
        run_in_transaction(
            lambda session: record_api_token(
                caller.user_id, form["name"], Role.VIEWER.value, token, session=session, opens=form["opens"]
            )
        )
    except ServiceError as error:
        return _me(request, form.refused(error), status_of(error))
    link = f"{request.url.scheme}://{request.url.netloc}{path_for(request, 'calendar', calendar_token=token)}"
    return _me(request, blank(request), token=link, token_name=form["name"])


@router.post("/me/tokens/{api_token_id}/revoke", name="do_revoke_token", dependencies=[VIEWER])
def do_revoke_token(request: Request, api_token_id: TokenId, form: Sent) -> Response:
    """Revoke one of your own API tokens."""
    done = _revoke(in_person(request).user_id, api_token_id, form)
    return go_to(request, "me", {"done": done["operation_id"]})


def _check_own_password(request: Request, caller: Caller, password: str) -> None:
    """Raise unless this is the caller's password; a wrong guess counts like a failed sign-in."""
    refused: ServiceError | None = None
    with turn():
        wait_s, known = take_attempt_of(request, caller.name)
        if wait_s:
            refused = TooManyAttemptsError(wait_s)
        elif not verify_password(password, known.password_hash if known else None):
            refused = ValidationError.of("current", "is not right")
    if refused is not None:
        note_attempt("confirm_password", refused.outcome, request, name=caller.name, password="")
        raise refused


def _revoke(user_id: int, api_token_id: int, form: Form) -> Any:
    def work(session: Session) -> Any:
        done = record_api_token_revocation(api_token_id, session=session, operation_id=form.operation_id)
        if done["user_id"] != user_id:
            raise ApiTokenNotFoundError(api_token_id)  # rolls the revocation back
        return done

    return run_in_transaction(work)


def _people(request: Request, form: Form, status: int = 200) -> Response:
    ask = PEOPLE.ask(request)
    with read_scope() as session:
        house = load_bakery(session)
        rows = load_users(session)
    found = slice_of(rows, ask, key="user_id", search_in=("name", "role"))
    return PEOPLE.answer(
        request,
        "people.html",
        found,
        status=status,
        form=form,
        roles=list(ROLES.items()),
        shortest=SHORTEST_PASSWORD,
        time_zone=house.time_zone,
    )


def _person(request: Request, user_id: int, form: Form, status: int = 200, *, done: str = "") -> Response:
    with read_scope() as session:
        house = load_bakery(session)
        user = load_user(session, user_id)
        tokens = load_api_tokens(session, user_id)
    if "role" not in form:
        form.put(role=user.role.value)
    return render(
        request,
        "person.html",
        status,
        form=form,
        user_id=user_id,
        name=user.name,
        is_disabled=user.is_disabled,
        tokens=tokens,
        roles=list(ROLES.items()),
        role_words=SHORT,
        shortest=SHORTEST_PASSWORD,
        time_zone=house.time_zone,
        done=done,
    )


def _me(
    request: Request,
    form: Form,
    status: int = 200,
    *,
    done: str = "",
    token: str | None = None,
    token_name: str = "",
) -> Response:
    caller = caller_of(request)
    if caller is None:
        raise SignInNeededError
    with read_scope() as session:
        house = load_bakery(session)
        tokens = load_api_tokens(session, caller.user_id)
    return render(
        request,
        "me.html",
        status,
        form=form,
        tokens=tokens,
        token=token,
        token_name=token_name,
        roles=[(role, words) for role, words in ROLES.items() if caller.role.allows(Role(role))],
        role_words=SHORT,
        shortest=SHORTEST_PASSWORD,
        time_zone=house.time_zone,
        done=done,
    )
