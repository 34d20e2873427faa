"""Read from a standby, and show no less than the primary had committed when the reading began."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import Connection, Engine, Row, TextClause, text
from sqlalchemy.exc import DBAPIError, TimeoutError

from bake_tracker.database.engines import reading
from bake_tracker.database.shown_urls import name_of
from bake_tracker.database.watched_connections import pooled_of
from bake_tracker.domain.errors import DatabaseUnavailableError

WAITS_FOR_S = 0.2
"""How long a reader waits for a standby that is behind, before it reads from the primary."""
LEFT_ALONE_FOR_S = 10
"""How long a standby that does not answer is not asked again."""
_POLL_S = 0.005

_TIMELINE = "('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int"
# A COMMIT returns when its WAL is flushed, unless the server waits for no disk at all.
_LSN = (
    "CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()"
    " ELSE pg_current_wal_flush_lsn() END"
)
_WRITTEN = text(
    f"SELECT CAST(CASE WHEN NOT pg_is_in_recovery() THEN {_LSN} END AS text),"
    f" CASE WHEN NOT pg_is_in_recovery() THEN {_TIMELINE} END"
)
_REPLAYED = text(
    "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END"
    " >= CAST(:lsn AS pg_lsn) AND CASE WHEN pg_is_in_recovery() THEN"
    " (SELECT greatest(timeline_id, min_recovery_end_timeline) FROM pg_control_checkpoint(), pg_control_recovery())"
    f" ELSE {_TIMELINE} END = :timeline"
)
_FAILURES = (DBAPIError, TimeoutError, DatabaseUnavailableError)


_known: WeakSet[Engine] = WeakSet()
"""Standbys that hold the same bakery as their primary."""
_left_alone_until: WeakKeyDictionary[Engine, float] = WeakKeyDictionary()
Identity = Callable[[Connection], object]
"""Reads what only this bakery's database holds."""


@contextmanager
def reading_near(standby: Engine, primary: Callable[[], Engine], identity: Identity) -> Iterator[Connection]:
    """A read-only connection to the standby, or to the primary if the standby is behind or away.

    While no primary answers, a standby that was seen to belong to it shows what it has received.

    Raises:
        DatabaseUnavailableError: neither answers, or the standby holds another bakery.
    """
    with ExitStack() as stack:
        yield _connected(stack, standby, primary, identity)


def _connected(stack: ExitStack, standby: Engine, primary: Callable[[], Engine], identity: Identity) -> Connection:
    failure: Exception | None = None
    lsn = timeline = whose = None
    try:
        with primary().connect() as connection:
            lsn, timeline = _asked(connection, _WRITTEN)
            whose = None if standby in _known else identity(connection)
    except _FAILURES as error:
        failure = error
    may_be_asked = time.monotonic() >= _left_alone_until.get(standby, 0) if failure is None else standby in _known
    if may_be_asked and (near := _near(stack, standby, lsn, timeline)) is not None:
        if whose is not None and identity(near) != whose:
            raise DatabaseUnavailableError(
                f"BAKE_TRACKER_READ_URL names {name_of(standby)}, which is not a standby of {name_of(primary())}: it"
                " holds another bakery"
            )
        _known.add(standby)
        near.rollback()  # the reader's own snapshot begins later
        return near
    if failure is not None:
        raise failure
    return stack.enter_context(reading(primary()))


def _near(stack: ExitStack, standby: Engine, lsn: str | None, timeline: int | None) -> Connection | None:
    """A connection to the standby; None, and it is left alone for a while, if it is away or behind."""
    with suppress(*_FAILURES), ExitStack() as trying:
        near = trying.enter_context(reading(standby))
        if lsn is None or _arrives(near, lsn, timeline):
            stack.push(trying.pop_all())
            return near
    _left_alone_until[standby] = time.monotonic() + LEFT_ALONE_FOR_S
    return None


def _arrives(near: Connection, lsn: str, timeline: int | None) -> bool:
    """Whether the standby follows the primary's timeline, and has replayed this much or soon has."""
    give_up_at = time.monotonic() + WAITS_FOR_S
    while not _asked(near, _REPLAYED, lsn=lsn, timeline=timeline)[0]:
        if time.monotonic() >= give_up_at:
            return False
        time.sleep(_POLL_S)
    return True


def _asked(connection: Connection, question: TextClause, **values: object) -> Row[*tuple[Any, ...]]:
    """The answer outside of a transaction, so that BEGIN and ROLLBACK take no round trips."""
    driver_connection: Any = pooled_of(connection).dbapi_connection
    driver_connection.autocommit = True
    try:
        answer = connection.execute(question, values).one()
        connection.rollback()
        return answer
    finally:
        if not driver_connection.closed:
            driver_connection.autocommit = False
