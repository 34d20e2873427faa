"""Watch transactions where their outcome is decided: at the driver's COMMIT, ROLLBACK and savepoints.

Session and connection events fire too early or too often: ``after_commit`` also fires for a savepoint, a session joined
to a connection fires before the real commit, ``close()`` fires neither, and ``ConnectionEvents.commit`` fires before
the driver is called. So this module wraps the dialect's own calls, once per engine. A pending outcome belongs to the
frame of the savepoint it was made in, moves to the outer frame when that savepoint is released, and is settled when the
frame ends. COMMIT, ROLLBACK and savepoints sent as SQL text count too. See ``docs/adr/0003-commit-bound-outcomes.md``.
"""

import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from functools import wraps
from typing import Any, Literal, cast

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import PendingRollbackError
from sqlalchemy.pool import PoolProxiedConnection

from bake_tracker.clock import uuid7
from bake_tracker.log.tell import report_logging_fault
from bake_tracker.log.together import lines_together
from bake_tracker.log.values import utc_text_ns

_KEY = "bake_tracker.transaction"
_GAP = r"(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)"
_CONTROL = re.compile(
    rf"""(?:{_GAP}|;)*(?:
        (?:(?P<enter>SAVEPOINT)\b
         |(?P<release>RELEASE)\b(?:{_GAP}+SAVEPOINT\b)?
         |(?P<undo>ROLLBACK)\b(?:{_GAP}+(?:WORK|TRANSACTION)\b)?{_GAP}+TO\b(?:{_GAP}+SAVEPOINT\b)?
        ){_GAP}*(?P<name>["'`\[][^"'`\]]+["'`\]]|[^\s;/-]+)
        |(?:(?P<commit>COMMIT|END)|(?P<rollback>ROLLBACK|ABORT))\b(?!{_GAP}+PREPARED\b)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
"""A statement that ends a transaction or controls a savepoint, including SQLAlchemy's own savepoints."""

# The first letters of most statements, so that they skip the regex: SELECT, INSERT, UPDATE, DELETE, WITH, PRAGMA,
# BEGIN.
_NEVER_CONTROL = frozenset({"SE", "IN", "UP", "DE", "WI", "PR", "BE"})

_PSYCOPG_STATES: dict[str, Literal["idle", "aborted"]] = {"IDLE": "idle", "INERROR": "aborted"}


class Fate(Enum):
    """How a transaction ended; UNKNOWN if the connection died during COMMIT."""

    COMMITTED = "committed"
    ROLLED_BACK = "rolled_back"
    UNKNOWN = "unknown"


class TransactionGoneError(PendingRollbackError):
    """The database has already ended the transaction that is about to be committed."""


class Ending:
    """How and when a transaction ended, and the error if it failed."""

    __slots__ = ("_at_ns", "_text", "failure", "fate")

    def __init__(self, fate: Fate, failure: BaseException | None) -> None:
        self.fate = fate
        self.failure = failure
        self._at_ns = time.time_ns()
        self._text: str | None = None

    @property
    def settled_at(self) -> str:
        """The time of the ending, in the format of log lines."""
        if self._text is None:
            self._text = utc_text_ns(self._at_ns)
        return self._text


# The pooled connection holds this, so it must not refer to the session: an abandoned one could never be collected.
Settle = Callable[[Ending], None]


class OpenTransaction:
    """One driver transaction, with a frame of pending outcomes for itself and each open savepoint."""

    __slots__ = ("_doomed", "_id", "failure", "frames")

    def __init__(self, transaction_id: str | None = None) -> None:
        self._id = transaction_id
        self.frames: list[tuple[str, list[Settle]]] = [("", [])]
        self.failure: BaseException | None = None
        self._doomed: tuple[str, list[Settle]] | None = None

    @property
    def transaction_id(self) -> str:
        """The transaction's id, created on first use because not every transaction is logged."""
        if self._id is None:
            self._id = uuid7()
        return self._id

    @property
    def is_awaited(self) -> bool:
        """Whether any outcome is pending."""
        return any(pending for _, pending in self.frames)

    @property
    def is_doomed(self) -> bool:
        """Whether it contains a failed savepoint that could not be rolled back."""
        return self._doomed is not None and any(frame is self._doomed for frame in self.frames)

    def doom(self, frame: tuple[str, list[Settle]] | None) -> None:
        """Mark a failed savepoint that is still open because its RELEASE or ROLLBACK TO failed as well."""
        if frame is not None and any(one is frame for one in self.frames):
            self._doomed = frame

    def add(self, settle: Settle) -> None:
        """Call ``settle`` once, when the outcome of the innermost open savepoint is decided."""
        self.frames[-1][1].append(settle)

    def enter(self, savepoint: str) -> None:
        self.frames.append((savepoint, []))

    def release(self, savepoint: str) -> None:
        """Move the savepoint's pending outcomes to the frame around it."""
        is_innermost = len(self.frames) > 1 and self.frames[-1][0] == savepoint
        if pending := self.frames.pop()[1] if is_innermost else self._drop_from(savepoint):
            self.frames[-1][1].extend(pending)

    def undo(self, savepoint: str) -> None:
        """Settle the pending outcomes of a rolled-back savepoint; the savepoint stays open."""
        position = self._position(savepoint)
        # An unknown savepoint is older than everything that is pending.
        undone = self._drop_from(savepoint) if position else self._drop_all()
        if position:
            self.enter(savepoint)
        _settle_all(undone, Fate.ROLLED_BACK, self.failure)

    def end(self, fate: Fate) -> None:
        """Settle all pending outcomes; idempotent."""
        ended = self.frames[0][1] if len(self.frames) == 1 else self._drop_all()
        self.frames = [("", [])]
        failure, self.failure = self.failure, None  # its traceback would keep the session alive
        _settle_all(ended, fate, failure)

    def _position(self, savepoint: str) -> int:
        """The position of the innermost savepoint with this name; 0 if unknown."""
        position = len(self.frames) - 1
        while position and self.frames[position][0] != savepoint:
            position -= 1
        return position

    def _drop_from(self, savepoint: str) -> list[Settle]:
        position = self._position(savepoint)
        dropped = self.frames[position:] if position else []
        self.frames = self.frames[:position] if position else self.frames
        return [settle for _, pending in dropped for settle in pending]

    def _drop_all(self) -> list[Settle]:
        dropped = [settle for _, pending in self.frames for settle in pending]
        self.frames = [(name, []) for name, _ in self.frames]
        return dropped


def open_transaction(connection: Connection, *, to_write: bool) -> OpenTransaction:
    """The open transaction of ``connection``, watched from now on."""
    if _KEY not in connection.dialect.__dict__:
        observe(connection.engine)
    driver_connection = connection.connection
    info = driver_connection.info
    transaction: OpenTransaction | None = info.get(_KEY)
    if transaction is None:
        if _state(driver_connection) == "gone":
            # A foreign engine: the driver's own BEGIN comes late and skips SAVEPOINT.
            send_begin(connection, "BEGIN IMMEDIATE" if to_write else "BEGIN")
        transaction = info[_KEY] = OpenTransaction()
        if (nested := connection.get_nested_transaction()) is not None:
            for name in _open_savepoints(nested):
                transaction.enter(name)
    return transaction


def _open_savepoints(innermost: Any) -> list[str]:
    names: list[str] = []
    while innermost is not None:
        names.append(innermost._savepoint)
        innermost = innermost._previous_nested
    return names[::-1]


def _settle_all(pending: list[Settle], fate: Fate, failure: BaseException | None) -> None:
    if len(pending) > 1:
        with lines_together():
            _settle_each(pending, Ending(fate, failure))
    elif pending:
        _settle_each(pending, Ending(fate, failure))


def _settle_each(pending: list[Settle], ending: Ending) -> None:
    interrupted: BaseException | None = None
    for settle in pending:
        try:
            settle(ending)
        except Exception as error:  # logging must not undo or hide the database's decision
            report_logging_fault(error)
        except BaseException as error:  # Ctrl-C: the other outcomes are decided too, so log them first
            interrupted = interrupted or error
    if interrupted is not None:
        raise interrupted


class _StatementCount(threading.local):
    value = 0


_statements = _StatementCount()


def statement_count() -> int:
    """The SQL statements this thread has sent so far, without BEGIN, COMMIT and savepoints; an executemany counts as
    one.
    """
    return _statements.value


def send_begin(connection: Connection, statement: str) -> None:
    """Send a statement that begins or configures a transaction, without counting it."""
    connection.exec_driver_sql(statement)
    if _KEY in connection.dialect.__dict__:
        _statements.value -= 1


def observe(engine: Engine) -> None:
    """Wrap the driver calls that decide transactions, for this engine's dialect; idempotent."""
    dialect = engine.dialect
    if _KEY in dialect.__dict__:
        return
    dialect.__dict__[_KEY] = True
    _observe_ends(dialect)
    for name in ("do_execute", "do_executemany", "do_execute_no_params"):
        _observe_statements(dialect, name)

    def lost(_driver_connection: Any, record: Any, _error: BaseException | None = None) -> None:
        if transaction := record.info.pop(_KEY, None):
            transaction.end(Fate.ROLLED_BACK)

    event.listen(engine.pool, "invalidate", lost)
    event.listen(engine.pool, "close", lambda driver_connection, record: lost(driver_connection, record))


def _observe_ends(dialect: Dialect) -> None:
    do_commit, do_rollback = dialect.do_commit, dialect.do_rollback

    def commit(driver_connection: PoolProxiedConnection) -> None:
        info = info_of(driver_connection)
        transaction: OpenTransaction | None = info.get(_KEY)
        try:
            if transaction is not None:
                _check_open(transaction, driver_connection)
            do_commit(driver_connection)
        except BaseException as error:
            transaction = transaction or OpenTransaction(transaction_id="")
            transaction.failure = error
            if isinstance(error, TransactionGoneError) or _is_lost(dialect, driver_connection, error):
                info.pop(_KEY, None)
                transaction.end(Fate.UNKNOWN)
            else:
                # After a failed COMMIT neither SQLAlchemy nor its pool sends a ROLLBACK, so the transaction would stay
                # open.
                with suppress(Exception):
                    rollback(driver_connection)
            raise
        if transaction is not None:
            info.pop(_KEY, None)
            transaction.end(Fate.COMMITTED)

    def rollback(driver_connection: PoolProxiedConnection) -> None:
        transaction: OpenTransaction | None = info_of(driver_connection).pop(_KEY, None)
        try:
            do_rollback(driver_connection)
        finally:
            if transaction is not None:
                transaction.end(Fate.ROLLED_BACK)

    dialect.do_commit = commit  # type: ignore[method-assign, assignment]  # wrapping is the point: no event says this
    dialect.do_rollback = rollback  # type: ignore[method-assign, assignment]  # as above


def _observe_statements(dialect: Dialect, name: str) -> None:
    original = getattr(dialect, name)

    @wraps(original)
    def observed(*args: Any) -> Any:
        _statements.value += 1
        statement = args[1]
        if statement[:2] not in _NEVER_CONTROL and (control := _CONTROL.match(statement)) and args[-1] is not None:
            return _control(dialect, control, args[-1], lambda: original(*args))
        try:
            return original(*args)
        except Exception as error:
            _notice_undone(args[-1], error)
            raise

    setattr(dialect, name, observed)


def _control(dialect: Dialect, control: re.Match[str], context: Any, send: Callable[[], Any]) -> Any:
    """Send a COMMIT, ROLLBACK or savepoint statement, and settle the pending outcomes accordingly."""
    _statements.value -= 1
    connection: Connection = context.root_connection
    transaction: OpenTransaction | None = connection.info.get(_KEY)
    if transaction is None:
        return send()
    if control["enter"] or control["commit"]:
        _check_open(transaction, connection.connection)
    try:
        answer = send()
    except BaseException as error:
        if control["commit"] and _is_lost(dialect, connection.connection, error):
            transaction.failure = error
            transaction.end(Fate.UNKNOWN)
        else:
            _notice_undone(context, error)
        raise
    if control["name"] is None:
        del connection.info[_KEY]
        transaction.end(Fate.COMMITTED if control["commit"] else Fate.ROLLED_BACK)
        return answer
    savepoint = _savepoint_name(control["name"], dialect)
    if control["enter"]:
        transaction.enter(savepoint)
    elif control["undo"]:
        transaction.undo(savepoint)
    else:
        transaction.release(savepoint)
        # If the driver began with a SAVEPOINT instead of BEGIN, releasing the outermost one commits.
        if _state(connection.connection) == "gone":
            del connection.info[_KEY]
            transaction.end(Fate.COMMITTED)
    return answer


def _savepoint_name(written: str, dialect: Dialect) -> str:
    is_quoted = written[0] in "\"'`["
    name = written[1:-1] if is_quoted else written
    return name if is_quoted and dialect.name == "postgresql" else name.lower()


def _notice_undone(context: Any, error: BaseException) -> None:
    # SQLite rolls back a whole transaction by itself if the disk is full or a trigger raises ROLLBACK.
    if context is None:
        return
    connection: Connection = context.root_connection
    transaction: OpenTransaction | None = connection.info.get(_KEY)
    if transaction is not None and _state(connection.connection) == "gone":
        transaction.failure = error
        transaction.end(Fate.ROLLED_BACK)


def info_of(driver_connection: PoolProxiedConnection) -> dict[Any, Any]:
    """The info dictionary of a pooled connection; empty if it is not in the pool yet."""
    try:
        return driver_connection.info
    except NotImplementedError:
        return {}  # the engine's first connection, before any transaction


def _check_open(transaction: OpenTransaction, driver_connection: PoolProxiedConnection) -> None:
    """Raise if the database has already ended the transaction.

    COMMIT would silently do nothing; on SQLite, a SAVEPOINT would begin a transaction that its RELEASE commits.
    """
    if transaction.is_doomed:
        raise PendingRollbackError("a failed operation could not be undone, so its transaction can only be rolled back")
    state = _state(driver_connection)
    if state == "aborted":  # PostgreSQL answers COMMIT with ROLLBACK and reports no error
        raise PendingRollbackError("an earlier statement failed, so this transaction can only be rolled back")
    if state == "gone" or (state == "idle" and transaction.is_awaited):
        raise TransactionGoneError("the database has already ended this transaction; roll back and start again")


def _state(driver_connection: PoolProxiedConnection) -> Literal["open", "idle", "aborted", "gone"]:
    raw: Any = driver_connection.dbapi_connection
    if (in_transaction := getattr(raw, "in_transaction", None)) is not None:  # sqlite3
        return "open" if in_transaction else "gone"
    status = getattr(getattr(raw, "info", None), "transaction_status", None)
    return _PSYCOPG_STATES.get(getattr(status, "name", ""), "open")


def _is_lost(dialect: Dialect, driver_connection: PoolProxiedConnection, error: BaseException) -> bool:
    if not isinstance(error, Exception):
        return True  # interrupted: nobody knows whether COMMIT took effect
    raw = cast(Any, driver_connection.dbapi_connection)
    return isinstance(error, dialect.loaded_dbapi.Error) and dialect.is_disconnect(error, raw, None)
