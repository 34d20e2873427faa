"""Connection poolers such as PgBouncer, which may give each transaction another of the server's sessions.

A setting of a session would be lost there, or would reach somebody else's transaction. So our settings are set at the
beginning of each transaction, and end with it; and statements are not prepared, because that is kept in a session too.
"""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from bake_tracker.database.watched_connections import info_of
from bake_tracker.domain.errors import ValidationError

_POOLED = "bake_tracker.pooled"
"""The key in a connection's info for the settings of each transaction, if a pooler is in between."""
_REFUSED = "unsupported startup parameter"
_WORDS = re.compile(r"(?:\\.|[^\s\\])+", re.DOTALL)
_SETTING = re.compile(r"(?P<name>[A-Za-z_][\w.-]*)=(?P<value>.*)", re.DOTALL)
_ISOLATION = "default_transaction_isolation"
_OF_TRANSACTIONS = "default_transaction_"
_LEVELS = frozenset({"read uncommitted", "read committed", "repeatable read", "serializable"})
_LISTS = frozenset({"search_path", "temp_tablespaces"})
"""Settings whose names would be one long name if they were quoted together."""


def follow_poolers(engine: Engine, options: str) -> None:
    """Set what the ``options`` of the connections say in each transaction, wherever a pooler is in between."""
    dialect = engine.dialect
    do_begin, do_connect = dialect.do_begin, dialect.connect
    were_refused: list[bool] = []

    def connect(*arguments: Any, **named: Any) -> DBAPIConnection:
        if not were_refused:
            try:
                return do_connect(*arguments, **named)
            except dialect.loaded_dbapi.OperationalError as error:
                if _REFUSED not in str(error):
                    raise
            were_refused.append(True)
        return do_connect(*arguments, **{**named, "options": ""})

    def connected(raw: Any, entry: ConnectionPoolEntry) -> None:
        raw.autocommit = True
        pid = raw.execute("SELECT pg_backend_pid()").fetchone()[0]
        raw.autocommit = False
        # A pooler answers in the name of whichever session it has.
        if were_refused or pid != raw.info.backend_pid:
            raw.prepare_threshold = None
            entry.info[_POOLED] = settings = read_options(options)
            raw.execute(_statements(settings, raw))
            raw.rollback()

    def begin(pooled: PoolProxiedConnection) -> None:
        do_begin(pooled)
        settings: Mapping[str, str] | None = info_of(pooled).get(_POOLED)
        raw: Any = pooled.dbapi_connection
        if settings is not None and not raw.autocommit:
            raw.execute(_statements(settings, raw))

    # Wrapped instead of a "do_connect" listener: a program may have one of its own.
    dialect.connect = connect  # type: ignore[method-assign]  # a dialect of this engine alone
    dialect.do_begin = begin  # type: ignore[method-assign, assignment]  # as above
    event.listen(engine, "connect", connected)


def is_pooled(connection: Connection) -> bool:
    """Whether a pooler is between us and the server."""
    return _POOLED in connection.info


def address_of(connection: Connection) -> URL | None:
    """The URL of the one server that a connection leads to, as libpq reads it; None if a pooler is in between."""
    if is_pooled(connection):
        return None
    driver_connection: Any = connection.connection.dbapi_connection
    url = connection.engine.url.set(drivername="postgresql", host=None, port=None)
    named = {"host": driver_connection.info.host, "port": str(driver_connection.info.port)}
    return url.difference_update_query(["hostaddr", "target_session_attrs"]).update_query_dict(named)


def _statements(settings: Mapping[str, str], raw: Any) -> str:
    """Statements that set all of it for this transaction; none of them takes its snapshot, as a SELECT would."""
    local = [f"SET LOCAL {name} = {_literal(name, value)}" for name, value in settings.items() if name != _ISOLATION]
    if _ISOLATION in settings and raw.isolation_level is None:  # readers and migrations have their own
        local.append(f"SET TRANSACTION ISOLATION LEVEL {settings[_ISOLATION]}")
    return "; ".join(local)


def _literal(name: str, value: str) -> str:
    texts = [part.strip().strip('"') for part in value.split(",")] if name in _LISTS else [value]
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)


def read_options(options: str) -> dict[str, str]:
    """The settings in libpq's ``options``, by name; later ones win.

    Raises:
        ValidationError: there is something else among them, or one that a transaction cannot have for itself.
    """
    words = [re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL) for word in _WORDS.findall(options)]
    settings: dict[str, str] = {}
    while words:
        word = words.pop(0)
        text = words.pop(0) if word == "-c" and words else word.removeprefix("--").removeprefix("-c")
        setting = _SETTING.fullmatch(text)
        name = "" if setting is None else setting["name"].lower().replace("-", "_")
        is_level = name == _ISOLATION and setting is not None and setting["value"].lower() in _LEVELS
        if setting is None or text == word or (name.startswith(_OF_TRANSACTIONS) and not is_level):
            raise ValidationError.of(
                "database",
                f"has an option that a connection pooler does not pass on ({text}): leave it out of the URL, or set it"
                " for the role or the database on the server",
            )
        settings[name] = setting["value"]
    return settings
