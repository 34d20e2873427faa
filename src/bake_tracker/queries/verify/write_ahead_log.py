"""What a PostgreSQL server's write-ahead log says of the operations since its witness began: a replication slot."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from bake_tracker.domain.log.decoding import Committed, committed_rows
from bake_tracker.domain.log.failover import read_lsn

PUBLICATION = "bake_tracker_witness"
SLOT = "(SELECT 'bake_tracker_' || oid FROM pg_database WHERE datname = current_database())"
"""A slot's name is the server's, so it has the database's number."""
Unavailable = Literal["not_postgresql", "standby", "not_begun", "removed", "no_right", "in_use"]
"""Why there is no witness: for ``removed``, the server needed the room that its limit gives to the slot."""

_STATE = text(
    "SELECT s.confirmed_flush_lsn, s.wal_status, s.active, pg_is_in_recovery(), u.rolsuper OR u.rolreplication"
    f" FROM pg_roles u LEFT JOIN pg_replication_slots s ON s.slot_name = {SLOT} WHERE u.rolname = current_user"
)
_END = text("SELECT pg_current_wal_insert_lsn()")
_PEEK = text(
    f"SELECT data FROM pg_logical_slot_peek_binary_changes({SLOT}, NULL, NULL,"
    f" 'proto_version', '1', 'publication_names', '{PUBLICATION}')"
)
_OPEN = text(
    "SELECT xid FROM unnest(CAST(:xids AS bigint[])) AS asked (xid)"
    " JOIN pg_locks ON locktype = 'transactionid' AND CAST(CAST(transactionid AS text) AS bigint) = xid"
)


@dataclass(frozen=True, slots=True)
class Witness:
    """Where the write-ahead log's testimony begins, or why there is none."""

    since: int
    unavailable: Unavailable | None = None


def load_witness(session: Session) -> Witness:
    """Whether the write-ahead log can be asked."""
    if session.get_bind().dialect.name != "postgresql":
        return Witness(0, "not_postgresql")
    since, status, is_active, is_standby, may_ask = session.execute(_STATE).one()
    if is_standby:
        return Witness(0, "standby")
    if status is None:
        return Witness(0, "not_begun")
    if status == "lost":
        return Witness(0, "removed")
    if not may_ask:
        return Witness(0, "no_right")
    return Witness(read_lsn(str(since)) or 0, "in_use" if is_active else None)


def load_end(session: Session) -> str:
    """The present end of the write-ahead log."""
    return str(session.execute(_END).scalar_one())


def load_committed(session: Session) -> Iterator[Committed]:
    """Every operation's row that was committed since the witness began; the slot stays where it is."""
    found = session.execute(_PEEK, execution_options={"yield_per": 1_000})
    yield from committed_rows(bytes(row[0]) for row in found)


def still_open(session: Session, xids: Iterable[int]) -> set[int]:
    """The transactions that nobody else sees yet, such as those that wait for a standby."""
    return {int(row[0]) for row in session.execute(_OPEN, {"xids": sorted(set(xids))})}
