"""Comments that name the operation in each of its statements, so that the database's own log joins ours.

The format is SQLCommenter's (https://google.github.io/sqlcommenter/spec/): keys in order, values percent-encoded.
"""

from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, event

from bake_tracker.database.control_statements import controls_in
from bake_tracker.database.statement_times import current_times
from bake_tracker.log.spans import traceparent


def comment_statements(engine: Engine) -> None:
    """From now on, add ``/*operation='...',operation_id='...',traceparent='...'*/`` to the statements of operations.

    Not to COMMIT, ROLLBACK and savepoints, which decide the outcome, and not to a statement that has a comment.
    """
    is_postgresql = engine.dialect.name == "postgresql"
    is_formatted = engine.dialect.paramstyle in ("format", "pyformat")

    def add(
        _connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _is_many: bool
    ) -> tuple[str, Any]:
        comment = _comment()
        if not comment or "/*" in statement or "--" in statement:
            return statement, parameters
        if controls_in(statement, is_postgresql=is_postgresql):
            return statement, parameters
        return statement + (comment.replace("%", "%%") if is_formatted else comment), parameters

    event.listen(engine, "before_cursor_execute", add, retval=True)


def _comment() -> str:
    """The comment of the innermost operation; empty outside of one."""
    times = current_times()
    if times is None or not times.operation:
        return ""
    told = {"operation": times.operation, "operation_id": times.operation_id, "traceparent": traceparent()}
    return f" /*{','.join(_written(key, value) for key, value in told.items() if value)}*/"


def _written(key: str, value: str) -> str:
    # Percent-encoding leaves no quote, and no end of a comment.
    return f"{key}='{quote(value, safe='')}'"
