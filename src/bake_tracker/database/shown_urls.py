"""Database URLs for people and logs, without secrets."""

from pathlib import Path
from urllib.parse import quote, unquote

from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url

from bake_tracker.config import sqlite_url

HIDDEN = "***"
_SHOWN = frozenset(
    {
        *("host", "hostaddr", "port", "dbname", "user", "sslmode"),
        *("connect_timeout", "application_name", "target_session_attrs"),
    }
)
"""The parameters of a URL that are not secret; a password may be among the others, or inside them."""


def shown_url(url: URL | str) -> str:
    """A database URL without anything that may be a secret in any place that a driver reads; a file's path as it is."""
    if isinstance(url, str) and url.startswith("sqlite"):
        return url
    parsed = make_url(url)
    query = {name: value if name in _SHOWN else HIDDEN for name, value in parsed.query.items()}
    is_name = "=" not in (name := unquote(parsed.database or "")) and "://" not in name
    parsed = parsed.set(query=query, database=parsed.database if is_name else HIDDEN)
    return parsed.render_as_string().replace(quote(HIDDEN), HIDDEN)


def name_of(engine: Engine) -> str:
    """The engine's database as its URL, without secrets; a file's path is not encoded."""
    if engine.name == "sqlite":
        return sqlite_url(Path(engine.url.database)) if engine.url.database else engine.url.render_as_string()
    return shown_url(engine.url)


def without_secrets(text: str, url: URL) -> str:
    """A driver's message, which may repeat what it could not read, without the values that ``shown_url`` hides."""
    for secret in _secrets_of(url):
        text = text.replace(secret, HIDDEN)
    return text


def _secrets_of(url: URL) -> list[str]:
    """The hidden values, and the words of a database name that is hidden."""
    found = [str(url.password or "")]
    if url.drivername != "sqlite":
        found += [str(value) for name, value in url.query.items() if name not in _SHOWN]
        name = unquote(url.database or "")
        found += [word for part in name.split() for word in part.split("=")[1:]]
    return sorted(filter(None, found), key=len, reverse=True)
