"""PostgreSQL URLs, which may name several hosts: in SQLAlchemy's form, or in libpq's, as in ``//a:5432,b/NAME``."""

import re
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bake_tracker.domain.errors import ValidationError

HIGHEST_PORT = 65_535
_STANDBY_CONNECT_TIMEOUT_S = "2"
_DRIVER = "postgresql+psycopg"
_NAMES = frozenset({"postgresql", "postgres", _DRIVER})
_SEVERAL = re.compile(r"(?P<before>[\w+]+://(?:[^/?]*@)?)(?P<hosts>[^/?@]+,[^/?@]*)(?P<after>[/?].*|)", re.DOTALL)
_HOST = re.compile(r"[^:\[\]]+(?::(?P<port>\d+))?")


def read_postgresql_url(url: str) -> URL:
    """Read a URL; those of several hosts in SQLAlchemy's form, whichever form they are given in.

    Raises:
        ValidationError: it is not PostgreSQL's, a host or a port is not one, or a password is not encoded.
    """
    try:
        parsed = make_url(_in_one_form(url))
    except ArgumentError:
        raise unknown_kind() from None
    except ValueError:
        raise bad_port() from None
    if parsed.port is not None and not 0 < parsed.port <= HIGHEST_PORT:
        raise bad_port()
    if parsed.drivername not in _NAMES:
        raise unknown_kind()
    if "@" in (parsed.host or ""):  # the password goes on before the last one, and would be shown as a part of the host
        written = "write each @ of the user and the password as %40, or put the password in ~/.pgpass"
        raise ValidationError.of("database", f"must have one @, before the host; {written}")
    return parsed.set(drivername=_DRIVER)


def _in_one_form(url: str) -> str:
    if (several := _SEVERAL.fullmatch(url)) is None:
        return url
    query = "".join(f"&host={_checked(host)}" for host in several["hosts"].split(","))[1:]
    name, _, rest = several["after"].partition("?")
    return f"{several['before']}{name or '/'}?{query}{'&' if rest else ''}{rest}"


def _checked(host: str) -> str:
    if (read := _HOST.fullmatch(host)) is None or not 0 < int(read["port"] or 1) <= HIGHEST_PORT:
        raise ValidationError.of(
            "database",
            "must name its hosts as in postgresql://USER@HOST:5432,HOST:5432/NAME, with ports from 1 to"
            f" {HIGHEST_PORT}",
        )
    return host


def names_several_hosts(url: URL) -> bool:
    """Whether the URL names more than one server, so that one of them may take over from another."""
    stated = [value for name in ("host", "hostaddr") for value in _texts(url.query.get(name, ()))]
    return len(stated) > 1 or any("," in text for text in (url.host or "", *stated))


def standby_url(resolved: str) -> str:
    """The URL with what a standby needs: no long wait for one that is away, and a standby of several hosts."""
    parsed = make_url(resolved)
    ours = {"connect_timeout": _STANDBY_CONNECT_TIMEOUT_S}
    if names_several_hosts(parsed):
        ours["target_session_attrs"] = "prefer-standby"
    missing = {name: value for name, value in ours.items() if name not in parsed.query}
    return parsed.update_query_dict(missing).render_as_string(hide_password=False)


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def unknown_kind() -> ValidationError:
    return ValidationError.of("database", "must be sqlite:///FILE or postgresql://USER@HOST/NAME")


def bad_port() -> ValidationError:
    example = "postgresql://USER@HOST:5432/NAME"
    return ValidationError.of("database", f"must have a port from 1 to {HIGHEST_PORT}, as in {example}")
