"""Let PostgreSQL's write-ahead log be a witness: a slot keeps it until it is asked, within a limit."""

from typing import TypedDict

from sqlalchemy import text
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ValidationError
from bake_tracker.queries.verify.write_ahead_log import PUBLICATION, SLOT, Unavailable, load_witness

_SETTINGS = text(
    "SELECT current_setting('wal_level'), (SELECT setting FROM pg_settings WHERE name = 'max_slot_wal_keep_size')"
)
_DROP_SLOT = text(f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = {SLOT}")
_MAKE_SLOT = text(f"SELECT pg_create_logical_replication_slot({SLOT}, 'pgoutput')")
_UNLIMITED = "-1"


class WitnessState(TypedDict):
    """Whether the write-ahead log can be asked, or why not."""

    available: bool
    unavailable_because: Unavailable | None


def prepare_witness(session: Session) -> None:
    """End the witness if there is one, and say which table the next one hears about.

    Raises:
        ValidationError: the server cannot be a witness, or would keep its log for it without a limit.
    """
    _check(load_witness(session).unavailable)
    wal_level, limit = session.execute(_SETTINGS).one()
    if wal_level != "logical":
        raise ValidationError.of("wal_level", f"is {wal_level} on this server; set it to logical and restart it")
    if limit == _UNLIMITED:
        raise ValidationError.of(
            "max_slot_wal_keep_size",
            "is -1 on this server, so a witness that nobody asks would fill its disk; set it to a size, such as 4GB",
        )
    end_witness(session)
    session.execute(text(f"CREATE PUBLICATION {PUBLICATION} FOR TABLE operation WITH (publish = 'insert')"))


def begin_witness(session: Session) -> WitnessState:
    """Make the slot, in a transaction of its own after ``prepare_witness``: the server requires that."""
    session.execute(_MAKE_SLOT)
    return witness_state(session)


def end_witness(session: Session) -> WitnessState:
    """Remove the slot, so that the server no longer keeps its log for it."""
    _check(load_witness(session).unavailable)
    session.execute(_DROP_SLOT)
    session.execute(text(f"DROP PUBLICATION IF EXISTS {PUBLICATION}"))
    return {"available": False, "unavailable_because": "not_begun"}


def witness_state(session: Session) -> WitnessState:
    """Whether the write-ahead log can be asked, or why not."""
    because = load_witness(session).unavailable
    return {"available": because is None, "unavailable_because": because}


def _check(unavailable: Unavailable | None) -> None:
    if unavailable in _PROBLEMS:
        raise ValidationError.of("database", _PROBLEMS[unavailable])


_PROBLEMS: dict[Unavailable | None, str] = {
    "not_postgresql": "must be on PostgreSQL: SQLite keeps no log of what was committed",
    "standby": "must be the primary server: this one is a standby",
    "no_right": "must be opened by a user who may read its write-ahead log; an administrator gives the right with ALTER"
    " ROLE ... REPLICATION",
    "in_use": "must be left alone for a moment: somebody else is asking its write-ahead log",
}
