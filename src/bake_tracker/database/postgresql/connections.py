"""PostgreSQL connection settings, and advice for connection errors."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import DBAPIError

from bake_tracker.config import Settings

_SESSION = {
    # An idle transaction must not keep the flour locked for ever.
    "idle_in_transaction_session_timeout": "5min",
    "TimeZone": "UTC",
    "DateStyle": "ISO,MDY",
}
_CONNECTION = {
    "application_name": "bake-tracker",
    "client_encoding": "utf8",
    "connect_timeout": 10,
    # Notices within a minute that a server has silently gone.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_MISSING = "does not exist"
_CHANGED = "another program changed the database or put another one in its place; restore a backup"
_DAMAGED = "the file is damaged or not a bakery; stop every program that uses it, and restore a backup into a new file"
_ADVICE = {
    "permission denied": "the user in the URL must own the database, or have every right on its tables",
    "no such table": _CHANGED,
    "no such column": _CHANGED,
    "relation ": _CHANGED,
    "column ": _CHANGED,
    "malformed": _DAMAGED,
    "not a database": _DAMAGED,
    "statement timeout": "raise the server's statement_timeout, or ask for less at once",
    "session is read-only": "no host in the URL lets anybody write now; try again when one of them is the primary",
    "password": "check the user and password in the URL, or put the password in ~/.pgpass",
    _MISSING: "create the role and the database first (createuser, createdb)",
    "starting up": "the server is starting; try again in a moment",
    "Connection refused": "start the server, or check the host and port in the URL",
    "No such file": "start the server, or check the socket directory in the URL",
    "too many": "raise the server's max_connections, or use fewer processes",
}


def connect_arguments(
    settings: Settings, stated: Mapping[str, Any], patience_s: float, *, several: bool = False
) -> dict[str, Any]:
    """The driver's arguments, with how long to wait for a lock; those in the URL take precedence.

    Of ``several`` hosts, the one that can be written is used.
    """
    session = {"lock_timeout": f"{round(patience_s * 1000)}ms", **_SESSION}
    if settings.isolation is not None:
        session["default_transaction_isolation"] = settings.isolation.replace(" ", "\\ ")
    options = " ".join(f"-c {name}={value}" for name, value in session.items())
    ours = {**_CONNECTION, **({"target_session_attrs": "read-write"} if several else {})}
    connection = {name: value for name, value in ours.items() if name not in stated}
    return {**connection, "options": f"{options} {stated.get('options', '')}"}


def refusal(error: DBAPIError) -> str:
    """The driver's error on one line, with advice for known errors."""
    said = " ".join(str(error.orig).split())
    advice = next((advice for sign, advice in _ADVICE.items() if sign in said), None)
    return f"{said}; {advice}" if advice else said


def is_missing(error: DBAPIError) -> bool:
    """Whether there is no such database, or no such role, yet."""
    return _MISSING in str(error.orig)
