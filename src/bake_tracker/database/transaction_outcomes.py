"""Watch transactions where their outcome is decided: at the driver's COMMIT, ROLLBACK and savepoints.

Session and connection events fire too early or too often: ``after_commit`` also fires for a savepoint, a session joined
to a connection fires before the real commit, ``close()`` fires neither, and ``ConnectionEvents.commit`` fires before
the driver is called. So this module wraps the dialect's own calls, once per engine. COMMIT, ROLLBACK and savepoints
sent as SQL text count too. Where statements may have gone past SQLAlchemy, the rows of the pending outcomes are looked
up before the COMMIT. See ``docs/adr/0003-commit-bound-outcomes.md``.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import PendingRollbackError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool, PoolProxiedConnection, PoolResetState, QueuePool

from bake_tracker.database.control_statements import Control, controls_in, savepoint_name
from bake_tracker.database.drivers import driver_of
from bake_tracker.database.durability import Awaiting, awaiting, may_change_settings
from bake_tracker.database.pending_outcomes import Fate, OpenTransaction
from bake_tracker.database.prepared_outcomes import park, settle_prepared
from bake_tracker.database.statement_times import WORTH_TELLING_NS, current_times
from bake_tracker.database.watched_connections import (
    DOOMED,
    HANDED_OUT,
    INHERITED,
    KEY,
    Info,
    TransactionGoneError,
    WatchedConnection,
    check_may_commit,
    check_open,
    fate_by_rows,
    info_of,
    is_intercepted,
    is_lost,
    is_suspect,
    pooled_of,
    rows_of,
    state_of,
)
from bake_tracker.domain.errors import ValidationError


def open_transaction(connection: Connection, *, to_write: bool, question: str = "") -> OpenTransaction:
    """The open transaction of ``connection``, watched from now on.

    ``question`` is the SELECT that answers which rows are there; see ``OpenTransaction.question``.

    Raises:
        ValidationError: the transactions of this engine cannot be followed.
    """
    dialect = connection.dialect
    if KEY not in dialect.__dict__:
        observe(connection.engine)
    if is_intercepted(dialect):
        raise ValidationError.of(
            "session",
            "must not have a do_execute listener on its engine: it could hide a ROLLBACK from the log; use"
            " before_cursor_execute instead",
        )
    pooled = pooled_of(connection)
    info = pooled.info
    transaction: OpenTransaction | None = info.get(KEY)
    if transaction is not None and transaction.is_inherited:
        raise PendingRollbackError(INHERITED)
    if transaction is None:
        if state_of(dialect, pooled) == "gone":
            # A foreign engine: the driver's own BEGIN comes late and skips SAVEPOINT, or not after a COMMIT as text.
            send_begin(connection, "BEGIN IMMEDIATE" if to_write and dialect.name == "sqlite" else "BEGIN")
        transaction = info[KEY] = OpenTransaction()
        if (nested := connection.get_nested_transaction()) is not None:
            for name in _open_savepoints(nested):
                transaction.enter(savepoint_name(name, is_postgresql=dialect.name == "postgresql"))
        transaction.is_suspect = not isinstance(connection, WatchedConnection)
    transaction.question = question or transaction.question
    return transaction


def roll_back_because(session: Session, words: str) -> None:
    """Say why the caller is about to roll back the session's transaction or savepoint, for the lines of what it undoes.

    A COMMIT forgets it. The caller still has to roll back.
    """
    open_transaction(session.connection(), to_write=True).words = words


def _open_savepoints(innermost: Any) -> list[str]:
    names: list[str] = []
    while innermost is not None:
        names.append(innermost._savepoint)
        innermost = innermost._previous_nested
    return names[::-1]


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
    times, began_ns = current_times(), time.perf_counter_ns()
    connection.exec_driver_sql(statement)
    if times is not None:
        times.lock_wait += time.perf_counter_ns() - began_ns
    if KEY in connection.dialect.__dict__:
        _statements.value -= 1


def observe(engine: Engine) -> None:
    """Wrap the driver calls that decide transactions, for this engine's dialect; idempotent.

    Raises:
        ValidationError: the driver's transactions cannot be followed.
    """
    dialect = engine.dialect
    if KEY in dialect.__dict__:
        return
    driver = dialect.__dict__[KEY] = driver_of(dialect)
    is_exclusive = isinstance(engine.pool, QueuePool | NullPool)
    _observe_ends(dialect)
    _observe_two_phases(dialect)
    observe_statements(dialect)

    def lost(driver_connection: Any, record: Any, _error: BaseException | None = None) -> None:
        if isinstance(driver_connection, sqlite3.Connection):
            # Closing alone leaves the lock with a cursor that a traceback still holds.
            with suppress(Exception):
                driver_connection.rollback()
        if transaction := record.info.pop(KEY, None):
            transaction.end(Fate.UNKNOWN if is_suspect(dialect, transaction, record.info) else Fate.ROLLED_BACK)

    def returned(driver_connection: Any, record: Any) -> None:
        # A listener that raises at COMMIT or ROLLBACK, or an interrupt, keeps SQLAlchemy and its pool from ending the
        # transaction: the next user of the connection would commit it.
        transaction = record.info.get(KEY)
        if driver_connection is not None and (
            not transaction.is_inherited
            if transaction
            else is_exclusive and driver.state(driver_connection) in ("open", "aborted")
        ):
            with suppress(Exception):
                driver_connection.rollback()
                if transaction and is_suspect(dialect, transaction, record.info):
                    transaction.end(fate_by_rows(transaction, driver_connection))
            lost(driver_connection, record)
        record.info.pop(HANDED_OUT, None)

    def dropped(driver_connection: Any, record: Any, how: PoolResetState) -> None:
        if record is None or not (transaction := record.info.get(KEY)):
            return
        holder = record.fairy_ref
        if holder is not None and holder() is None:  # the garbage collector found the session
            transaction.is_abandoned = True
        if how.terminate_only:  # the same of an asynchronous session
            lost(driver_connection, record)

    event.listen(engine.pool, "invalidate", lost)
    event.listen(engine.pool, "close", lambda driver_connection, record: lost(driver_connection, record))
    event.listen(engine.pool, "checkin", returned)
    event.listen(engine.pool, "reset", dropped)


def _observe_ends(dialect: Dialect) -> None:
    do_begin, do_commit, do_rollback = dialect.do_begin, dialect.do_commit, dialect.do_rollback

    def begin(pooled: PoolProxiedConnection) -> None:
        _info_taken_back(pooled)
        do_begin(pooled)

    def commit(pooled: PoolProxiedConnection) -> None:
        _commit(dialect, pooled, _info_taken_back(pooled), partial(do_commit, pooled))

    def rollback(pooled: PoolProxiedConnection) -> None:
        _roll_back(dialect, pooled, _info_taken_back(pooled), partial(do_rollback, pooled))

    dialect.do_begin = begin  # type: ignore[method-assign, assignment]  # wrapping is the point: no event says this
    dialect.do_commit = commit  # type: ignore[method-assign, assignment]  # as above
    dialect.do_rollback = rollback  # type: ignore[method-assign, assignment]  # as above


def _commit(dialect: Dialect, pooled: PoolProxiedConnection, info: Info, send: Callable[[], Any]) -> Any:
    """Send a COMMIT, and settle the pending outcomes once it has returned."""
    transaction: OpenTransaction | None = info.get(KEY)
    began_ns = time.perf_counter_ns()
    standby: Awaiting | None = None
    try:
        if transaction is not None:
            transaction.is_committing = True
            check_may_commit(dialect, transaction, pooled)
            standby = awaiting(dialect, pooled.dbapi_connection, transaction.settings)
        answer = send() if standby is None else standby.send(send)
    except BaseException as error:
        was_lost = is_lost(dialect, pooled, error)
        if transaction is not None:
            transaction.failure = error
            transaction.commit_ns = time.perf_counter_ns() - began_ns
            if not isinstance(error, Exception) and state_of(dialect, pooled) == "open":
                was_lost = False  # interrupted before the COMMIT was sent
            is_gone = isinstance(error, TransactionGoneError)
            if is_gone or (transaction.is_committing and was_lost):
                is_askable = is_gone and is_suspect(dialect, transaction, info)
                _end(info, transaction, fate_by_rows(transaction, pooled) if is_askable else Fate.UNKNOWN)
                raise
            transaction.is_committing = was_lost = False
        # After a failed COMMIT neither SQLAlchemy nor its pool sends a ROLLBACK, so the transaction would stay open.
        if not was_lost:
            with suppress(Exception):
                dialect.do_rollback(pooled)
        raise
    if transaction is not None:
        info.pop(KEY, None)
        transaction.commit_ns = time.perf_counter_ns() - began_ns
        try:
            transaction.has_standby = standby is not None and standby.was_awaited()
        finally:
            transaction.end(Fate.COMMITTED)
    return answer


def _roll_back(dialect: Dialect, pooled: PoolProxiedConnection, info: Info, send: Callable[[], Any]) -> None:
    """Send a ROLLBACK, and settle the pending outcomes; in a forked process neither, as the parent goes on."""
    transaction: OpenTransaction | None = info.get(KEY)
    if transaction is None:
        send()
        return
    if transaction.is_inherited:
        return
    was_suspect = is_suspect(dialect, transaction, info)
    try:
        send()
    except BaseException:
        if state_of(dialect, pooled) in ("open", "aborted"):
            transaction.doom(transaction.frames[0])  # interrupted before the driver was called
        else:
            _end(info, transaction, Fate.UNKNOWN if was_suspect else Fate.ROLLED_BACK)
        raise
    _end(info, transaction, fate_by_rows(transaction, pooled) if was_suspect else Fate.ROLLED_BACK)


def _end(info: Info, transaction: OpenTransaction, fate: Fate) -> None:
    info.pop(KEY, None)
    transaction.end(fate)


def _info_taken_back(pooled: PoolProxiedConnection) -> Info:
    """What is noted about a connection that SQLAlchemy itself has just asked for, which does not count."""
    info = info_of(pooled)
    if count := info.get(HANDED_OUT):
        info[HANDED_OUT] = count - 1
    return info


def _observe_two_phases(dialect: Dialect) -> None:
    do_prepare, do_commit = dialect.do_prepare_twophase, dialect.do_commit_twophase
    do_rollback = dialect.do_rollback_twophase

    def prepare(connection: Connection, xid: Any) -> None:
        _prepare(connection, str(xid), lambda: do_prepare(connection, xid))

    def commit(connection: Connection, xid: Any, is_prepared: bool = True, recover: bool = False) -> None:
        send = partial(do_commit, connection, xid, is_prepared, recover)
        if is_prepared:
            _decide(connection, Control("commit prepared", str(xid)), send)
        else:
            _commit(dialect, pooled := pooled_of(connection), pooled.info, send)

    def rollback(connection: Connection, xid: Any, is_prepared: bool = True, recover: bool = False) -> None:
        send = partial(do_rollback, connection, xid, is_prepared, recover)
        if is_prepared:
            _decide(connection, Control("rollback prepared", str(xid)), send)
        else:
            _roll_back(dialect, pooled := pooled_of(connection), pooled.info, send)

    dialect.do_prepare_twophase = prepare  # type: ignore[method-assign]  # as above
    dialect.do_commit_twophase = commit  # type: ignore[method-assign]  # as above
    dialect.do_rollback_twophase = rollback  # type: ignore[method-assign]  # as above


def _prepare(connection: Connection, global_id: str, send: Callable[[], Any]) -> Any:
    """Prepare a transaction: from now on COMMIT PREPARED decides its outcome, in any process."""
    pooled = pooled_of(connection)
    transaction: OpenTransaction | None = pooled.info.get(KEY)
    if transaction is None:
        return send()
    check_may_commit(connection.dialect, transaction, pooled)
    transaction.is_committing = True
    try:
        answer = send()
    except BaseException as error:
        if not is_lost(connection.dialect, pooled, error):
            transaction.is_committing = False
            transaction.failure = error
        raise
    transaction.is_committing = False
    if pooled.info.pop(KEY, None) is None:
        return answer  # sent as text, and so already noticed
    park(connection.engine.url, global_id, transaction)
    return answer


def _decide(connection: Connection, control: Control, send: Callable[[], Any]) -> Any:
    """Send COMMIT PREPARED or ROLLBACK PREPARED; a prepared transaction that it left alone stays prepared."""
    fate = Fate.COMMITTED if control.does == "commit prepared" else Fate.ROLLED_BACK
    try:
        answer = send()
    except BaseException as error:
        if is_lost(connection.dialect, pooled_of(connection), error):
            settle_prepared(connection.engine.url, control.name, Fate.UNKNOWN, error)
        raise
    settle_prepared(connection.engine.url, control.name, fate, None)
    return answer


def observe_statements(dialect: Dialect) -> None:
    """Count the statements sent through this dialect, and follow those that control a transaction."""
    without_parameters = dialect.do_execute_no_params
    observed = _observed(
        dialect, lambda cursor, statement, _none, context: without_parameters(cursor, statement, context)
    )

    def execute_without(cursor: Any, statement: str, context: Any = None) -> None:
        observed(cursor, statement, None, context)

    dialect.do_execute = _observed(dialect, dialect.do_execute)  # type: ignore[method-assign]  # as above
    dialect.do_executemany = _observed(dialect, dialect.do_executemany)  # type: ignore[method-assign]  # as above
    dialect.do_execute_no_params = execute_without  # type: ignore[method-assign]  # as above


def _observed(dialect: Dialect, execute: Callable[..., Any]) -> Callable[..., Any]:
    is_postgresql = dialect.name == "postgresql"

    def observed(cursor: Any, statement: str, parameters: Any, context: Any = None) -> Any:
        if context is not None:
            if controls := controls_in(statement, is_postgresql=is_postgresql):
                send = partial(execute, cursor, statement, parameters, context)
                return _control(context.root_connection, controls, send)
            if is_postgresql and may_change_settings(statement):
                _ask_for_settings(context.root_connection)
        _statements.value += 1
        times = current_times()
        began_ns = 0 if times is None else time.perf_counter_ns()
        try:
            return execute(cursor, statement, parameters, context)
        except Exception as error:
            _notice_undone(context, error)
            raise
        finally:
            if times is not None:
                times.statements += (spent_ns := time.perf_counter_ns() - began_ns)
                if spent_ns >= WORTH_TELLING_NS:
                    times.note_slow(statement, spent_ns, may_wait=is_postgresql)

    return observed


def _control(connection: Connection, controls: tuple[Control, ...], send: Callable[[], Any]) -> Any:
    """Send statements that control the transaction, and settle the pending outcomes accordingly."""
    first, dialect, pooled = controls[0], connection.dialect, pooled_of(connection)
    transaction: OpenTransaction | None = pooled.info.get(KEY)
    if len(controls) == 1 and first.does in ("commit prepared", "rollback prepared"):
        return _decide(connection, first, send)
    if len(controls) == 1 and first.does == "prepare":
        return _prepare(connection, first.name, send)
    if transaction is None:
        return send()
    if transaction.is_inherited:
        raise PendingRollbackError(INHERITED)
    does = {control.does for control in controls}
    if does & {"commit", "prepare"}:
        check_may_commit(dialect, transaction, pooled)
        transaction.is_committing = True
    elif "enter" in does:
        check_open(transaction, state_of(dialect, pooled))
    for control in controls:
        # Releasing a savepoint with which the driver began would commit it.
        if control.does == "release" and transaction.is_doomed_from(control.name):
            raise PendingRollbackError(DOOMED)
    began_ns = time.perf_counter_ns()
    try:
        answer = send()
    except BaseException as error:
        if transaction.is_committing and is_lost(dialect, pooled, error):
            transaction.failure = error
            _end(pooled.info, transaction, Fate.UNKNOWN)
        else:
            transaction.is_committing = False
            transaction.is_suspect |= len(controls) > 1  # how far it came only the rows can say
            _notice_gone(dialect, pooled, error)
        raise
    if transaction.is_committing:
        transaction.commit_ns = time.perf_counter_ns() - began_ns
    for control in controls:
        _apply(dialect, pooled, transaction, control)
        if KEY not in pooled.info:
            break
    return answer


def _apply(dialect: Dialect, pooled: PoolProxiedConnection, transaction: OpenTransaction, control: Control) -> None:
    if control.does == "enter":
        transaction.enter(control.name)
    elif control.does == "undo":
        # A savepoint that is not known, such as one from before the first operation: the rows know what is left.
        if transaction.question and all(frame.savepoint != control.name for frame in transaction.frames[1:]):
            transaction.keep(rows_of(pooled, transaction))
        else:
            transaction.undo(control.name)
    elif control.does == "release":
        transaction.release(control.name)
        # If the driver began with a SAVEPOINT instead of BEGIN, releasing the outermost one commits.
        if state_of(dialect, pooled) == "gone":
            _end(pooled.info, transaction, Fate.COMMITTED)
    elif control.does == "rollback":
        transaction.is_committing = False
        _end(pooled.info, transaction, Fate.ROLLED_BACK)
    elif control.does in ("commit", "prepare"):
        _end(pooled.info, transaction, Fate.COMMITTED if control.does == "commit" else Fate.UNKNOWN)


def _ask_for_settings(connection: Connection) -> None:
    if transaction := pooled_of(connection).info.get(KEY):
        transaction.is_suspect = True  # asked before COMMIT, together with the rows


def _notice_undone(context: Any, error: BaseException) -> None:
    if context is not None:
        connection: Connection = context.root_connection
        _notice_gone(connection.dialect, pooled_of(connection), error)


def _notice_gone(dialect: Dialect, pooled: PoolProxiedConnection, error: BaseException) -> None:
    # SQLite rolls back a whole transaction by itself if the disk is full or a trigger raises ROLLBACK.
    transaction: OpenTransaction | None = pooled.info.get(KEY)
    if transaction is not None and state_of(dialect, pooled) == "gone":
        was_suspect = is_suspect(dialect, transaction, pooled.info)
        transaction.failure = error
        transaction.end(fate_by_rows(transaction, pooled) if was_suspect else Fate.ROLLED_BACK)
