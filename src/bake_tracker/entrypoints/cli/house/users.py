"""Commands for users and API tokens."""

import sys
from typing import Annotated, Any

import typer

from bake_tracker.domain.access import Opens, Role
from bake_tracker.domain.errors import UserNotFoundError
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, ask, say, show_table, write
from bake_tracker.queries.catalog.people import find_user, load_api_tokens, load_users
from bake_tracker.services.access import accounts
from bake_tracker.services.access.passwords import new_secret
from bake_tracker.services.database import Session

User = Annotated[str, typer.Argument(help="the user's name")]
OneRole = Annotated[Role, typer.Option("--role", help="viewer: read; baker: also record; owner: everything")]


def add_user(name: User, role: OneRole = Role.BAKER, operation_id: OperationId = None) -> None:
    """Add a user. Type the password when asked, or pipe it in as the first line."""
    password = _ask_password()
    result = write(
        lambda session: accounts.record_user(name, password, role.value, session=session, operation_id=operation_id)
    )
    answer(result, lambda done: say(f"{done['name']} can now sign in as {done['role']}."))


def list_users() -> None:
    """List all users."""
    answer(ask(load_users), _show_users)


def change_user(
    name: User,
    role: Annotated[Role | None, typer.Option("--role", help="the new role")] = None,
    off: Annotated[bool | None, typer.Option("--off/--on", help="disable the account, or enable it again")] = None,
    operation_id: OperationId = None,
) -> None:
    """Change a user's role, or disable or enable the account."""

    def work(session: Session) -> Any:
        new = None if role is None else role.value
        return accounts.record_user_change(
            _find(session, name), role=new, is_disabled=off, session=session, operation_id=operation_id
        )

    answer(
        write(work), lambda done: say(f"{done['name']}: {done['role']}{', disabled' if done['is_disabled'] else ''}.")
    )


def set_password(name: User, operation_id: OperationId = None) -> None:
    """Set a new password and sign the user out everywhere."""
    password = _ask_password()
    result = write(
        lambda session: accounts.record_password(
            _find(session, name), password, session=session, operation_id=operation_id
        )
    )
    answer(result, lambda _: say(f"{name} has a new password."))


def add_token(
    user: User,
    name: Annotated[str, typer.Argument(help="what the token is for")],
    role: OneRole = Role.VIEWER,
    opens: Annotated[
        Opens, typer.Option(help="what it opens: the API, or a calendar with or without the names of customers")
    ] = Opens.API,
    operation_id: OperationId = None,
) -> None:
    """Create an API token, or the link to a calendar, and print it; it is shown only once."""
    token = new_secret("bake_" if opens is Opens.API else "cal_")
    result = write(
        lambda session: accounts.record_api_token(
            _find(session, user), name, role.value, token, session=session, opens=opens.value, operation_id=operation_id
        )
    )
    shown = token if opens is Opens.API else f"/calendar/{token}.ics"
    answer({**result, "token": token}, lambda done: _show_token(shown, f"{name}, {done['role']}"))


def _show_token(token: str, about: str) -> None:
    say(token)  # on its own line, to be copied
    say(f"This token is shown only once ({about}).")


def list_tokens() -> None:
    """List API tokens, without the secrets."""
    answer(ask(load_api_tokens), _show_tokens)


def revoke_token(
    api_token_id: Annotated[int, typer.Argument(help="the token's id, from bake token list")],
    operation_id: OperationId = None,
) -> None:
    """Revoke an API token."""
    result = write(
        lambda session: accounts.record_api_token_revocation(api_token_id, session=session, operation_id=operation_id)
    )
    answer(result, lambda done: say(f"Token {done['api_token_id']} is revoked."))


def _find(session: Session, name: str) -> int:
    found = find_user(session, name)
    if found is None:
        raise UserNotFoundError(name, [one["name"] for one in load_users(session)][:3])
    return found.user_id


def _ask_password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _show_users(rows: Any) -> None:
    show_table(
        {"name": "left", "role": "left", "": "left"},
        [(row["name"], row["role"], "disabled" if row["is_disabled"] else "") for row in rows],
    )


def _show_tokens(rows: Any) -> None:
    show_table(
        {"id": "right", "name": "left", "user": "left", "opens": "left", "last used": "left", "": "left"},
        [
            (
                str(row["api_token_id"]),
                row["name"],
                row["user"],
                row["role"] if row["opens"] == Opens.API else row["opens"].replace("_", " "),
                row["last_used_at"] or "never",
                "revoked" if row["revoked_at"] else "",
            )
            for row in rows
        ],
    )
