"""What a PostgreSQL server knows of its timelines and of single transactions."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from bake_tracker.domain.log.failover import Timelines, read_history, read_lsn

_CURRENT = text(
    "SELECT CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())"
    " ELSE CAST(CAST('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS bit(32)) AS integer) END,"
    " CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END"
)
_MAY_READ = text("SELECT has_function_privilege('pg_read_file(text, bigint, bigint, boolean)', 'EXECUTE')")
_HISTORY = text("SELECT pg_read_file(:file, 0, 1000000, true)")
_STATUSES = text(
    "SELECT xid, CASE WHEN CAST(xid AS xid8) < pg_snapshot_xmax(pg_current_snapshot())"
    " THEN pg_xact_status(CAST(xid AS xid8)) ELSE 'new' END FROM unnest(CAST(:xids AS text[])) AS asked (xid)"
)
_AT_ONCE = 10_000


def load_timelines(session: Session) -> Timelines | None:
    """The server's timeline, and where the earlier ones ended, if this user may read that; None on SQLite."""
    if session.get_bind().dialect.name != "postgresql":
        return None
    current, replayed_text = session.execute(_CURRENT).one()
    replayed = None if replayed_text is None else read_lsn(str(replayed_text))
    if current == 1:
        return Timelines(1, {}, replayed)
    if not session.execute(_MAY_READ).scalar():
        return Timelines(current, None, replayed)
    history = session.execute(_HISTORY, {"file": f"pg_wal/{current:08X}.history"}).scalar()
    return Timelines(current, None if history is None else read_history(history), replayed)


def load_statuses(session: Session, xids: Iterable[int]) -> dict[int, str | None]:
    """Whether each transaction is ``committed``, ``aborted`` or ``in progress``, or None if it is too old to say.

    ``new`` means that no later one has ended, so that it is in progress or has not begun; asked about one that has not
    begun, the server raises an error.
    """
    wanted = sorted(set(xids))
    found: dict[int, str | None] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        rows = session.execute(_STATUSES, {"xids": [str(xid) for xid in wanted[start : start + _AT_ONCE]]})
        found |= {int(xid): status for xid, status in rows}
    return found
