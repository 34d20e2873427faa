"""What the servers of a database are now: who can be written, who only read, and how far the standby is behind."""

from typing import Literal, TypedDict

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, TimeoutError

from bake_tracker.database.engines import reading
from bake_tracker.database.postgresql.poolers import is_pooled
from bake_tracker.database.shown_urls import name_of
from bake_tracker.domain.errors import DatabaseUnavailableError

State = Literal["primary", "standby", "read only", "away", "file"]

_ASKED = text(
    "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on',"
    " CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END - '0/0'::pg_lsn,"
    " host(inet_server_addr()) || ':' || inet_server_port()"
)


class Server(TypedDict):
    """One server: what it is used for, its URL, and the address that answered, if it was reached over the network."""

    used_for: Literal["writing", "reading", "writing and reading"]
    database: str
    state: State
    address: str | None
    through_pooler: bool
    position: int | None
    """How many bytes it has written, or replayed."""
    behind_bytes: int | None
    """How much of the primary's a standby has not replayed; None if the primary does not say."""
    problem: str | None


def look_at(engine: Engine, used_for: Literal["writing", "reading", "writing and reading"]) -> Server:
    """The server that this engine leads to, or why it leads to none."""
    found: Server = {
        "used_for": used_for,
        "database": name_of(engine),
        "state": "file",
        "address": None,
        "through_pooler": False,
        "position": None,
        "behind_bytes": None,
        "problem": None,
    }
    if engine.name == "sqlite":
        return found
    try:
        with reading(engine) as connection:
            is_standby, is_read_only, position, address = connection.execute(_ASKED).one()
            state: State = "standby" if is_standby else "read only" if is_read_only else "primary"
            pooled = is_pooled(connection)
            return {**found, "state": state, "address": address, "through_pooler": pooled, "position": int(position)}
    except (DBAPIError, TimeoutError, DatabaseUnavailableError) as error:
        return {**found, "state": "away", "problem": str(error)}


def with_lag(primary: Server, standby: Server) -> Server:
    """The standby, with how far it is behind the primary."""
    ahead, behind = primary["position"], standby["position"]
    if primary["state"] == "standby" or ahead is None or behind is None:
        return standby
    return {**standby, "behind_bytes": max(0, ahead - behind)}
