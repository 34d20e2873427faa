"""PostgreSQL engines, which leave a server that was demoted, and bring along what a connection pooler drops."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bake_tracker.config import load_settings
from bake_tracker.database.attempts import is_from_reading_server
from bake_tracker.database.postgresql.connections import connect_arguments
from bake_tracker.database.postgresql.poolers import follow_poolers
from bake_tracker.database.postgresql.urls import bad_port, names_several_hosts
from bake_tracker.database.sqlite import READ_ONLY


def make_postgresql_engine(url: str, pool: Mapping[str, Any], patience_s: float) -> Engine:
    """Create an engine whose connections have our settings, and wait this long for a lock."""
    parsed = make_url(url)
    arguments = connect_arguments(load_settings(), parsed.query, patience_s, several=names_several_hosts(parsed))
    # Pre-ping so that a restarted server fails the ping, not the first query.
    try:
        engine = create_engine(
            parsed.difference_update_query(["options"]),
            connect_args=arguments,
            hide_parameters=True,
            pool_pre_ping=True,
            **pool,
        )
    except ArgumentError:  # of several hosts and ports
        raise bad_port() from None
    follow_poolers(engine, arguments["options"])
    event.listen(engine, "handle_error", _leave_reading_server)
    return engine


def _leave_reading_server(context: ExceptionContext) -> None:
    """Give up every pooled connection once a server refuses to write, so that the next attempt looks for another."""
    connection = context.connection
    if connection is None or context.is_disconnect or not is_from_reading_server(context.sqlalchemy_exception):
        return
    # A reader who writes is a fault of the program, and not of the server.
    context.is_disconnect = not connection.info.get(READ_ONLY)
