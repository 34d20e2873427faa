"""What a success is worth on PostgreSQL: where in the server's write-ahead log it stands, and who keeps it."""

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy.engine.interfaces import Dialect

Durability = Literal["memory", "disk", "standby"]
"""Who has it at least: only the server's memory, its disk, or a second server too."""

SETTINGS = (
    "concat_ws(' ', current_setting('fsync'), current_setting('synchronous_commit'),"
    " current_setting('synchronous_standby_names'))"
)
WRITTEN_AT = (
    "concat_ws(' ', pg_current_xact_id(), pg_current_wal_insert_lsn(),"
    f" left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), {SETTINGS})"
)
"""An expression that any user may ask for, within a statement of the transaction that has written something."""
_SHOW_NAMES = b"SHOW synchronous_standby_names"
_AWAITED = ("on", "remote_write", "remote_apply")
"""The values of synchronous_commit with which a COMMIT waits for the standby."""

_NEVER = ("INS", "UPD", "DEL")


class WrittenAt(NamedTuple):
    """A transaction's number, and a place in the write-ahead log that lies before its COMMIT."""

    xid: int
    lsn: str
    timeline: int


def read_written_at(text: str) -> tuple[WrittenAt, str]:
    """The answer to ``WRITTEN_AT``, and the settings in it."""
    xid, lsn, timeline, settings = text.split(" ", 3)
    return WrittenAt(int(xid), lsn, int(timeline, 16)), settings


@lru_cache(64)
def least_durability(settings: str) -> Durability:
    """What these settings promise of a COMMIT that has returned, without a word about the standby."""
    fsync, commit, _ = settings.split(" ", 2)
    return "disk" if fsync == "on" and commit != "off" else "memory"


@lru_cache(64)
def awaits_standby(settings: str) -> bool:
    """Whether these settings let a COMMIT wait for a standby."""
    _, commit, names = settings.split(" ", 2)
    return commit in _AWAITED and bool(names.strip())


def may_change_settings(statement: str) -> bool:
    """Whether a statement may change what a COMMIT promises."""
    if statement[:3] in _NEVER:
        return False
    return "synchronous_commit" in statement.lower() or statement[:5].lower() == "reset"


class Awaiting:
    """A COMMIT that should wait for the standby: what the server says meanwhile, and afterwards."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._notices: list[Any] = []

    def send(self, commit: Callable[[], Any]) -> Any:
        hear = self._notices.append
        self._raw.add_notice_handler(hear)
        try:
            return commit()
        finally:
            self._raw.remove_notice_handler(hear)

    def was_awaited(self) -> bool:
        """Whether the standby has it.

        The server warns if the wait was cancelled. It says nothing if its administrator, or a program that manages it,
        switched waiting off in the meantime, so we ask.
        """
        if self._notices:
            return False
        with suppress(Exception):
            return bool(self._raw.pgconn.exec_(_SHOW_NAMES).get_value(0, 0))
        return False


def awaiting(dialect: Dialect, raw: Any, settings: str) -> Awaiting | None:
    """A COMMIT that waits for the standby, if this driver lets us hear whether it did."""
    if settings and dialect.driver == "psycopg" and not dialect.is_async and awaits_standby(settings):
        return Awaiting(raw)
    return None
