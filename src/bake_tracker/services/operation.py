"""The operation context: every writer runs inside ``recording``, so none can forget its log line.

An operation reads its arguments, claims its id, works in its own savepoint, and has exactly one outcome line. A refusal
or an error is logged at once, a success only after the outermost COMMIT has returned.
"""

import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar, cast
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, bindparam, select, update
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from bake_tracker.clock import now, uuid7
from bake_tracker.database.attempts import attempt_number, current_attempt, note_operation, take_wait_ns, will_retry
from bake_tracker.database.durability import SETTINGS, WRITTEN_AT, WrittenAt, read_written_at
from bake_tracker.database.engines import reading
from bake_tracker.database.insert_once import insert_once
from bake_tracker.database.pending_outcomes import Frame, OpenTransaction, Settle
from bake_tracker.database.statement_times import Times, begin_times, end_times
from bake_tracker.database.transaction_outcomes import open_transaction, statement_count
from bake_tracker.domain.arguments import call_fingerprint, check_is_past
from bake_tracker.domain.choices import CountSaw
from bake_tracker.domain.errors import ConflictError, ServiceError, ValidationError
from bake_tracker.domain.stock.counts import Posting
from bake_tracker.log.events import Event
from bake_tracker.log.spans import OperationSpan, begin_span, leave_span
from bake_tracker.log.tell import (
    Place,
    bound_value,
    complete_line,
    emit,
    places_of,
    report_logging_fault,
)
from bake_tracker.log.values import error_text, escape_unsafe, safe_value, short_fields
from bake_tracker.models import Operation as OperationRow
from bake_tracker.models import tables
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.services.endings import cause_of, note_doubt, settle
from bake_tracker.services.kind import Kind as Kind

MAX_ACTOR = 200
MAX_ASKED = 4_096
MAX_ASKED_TEXT = 500
"""How many characters of a refused call's arguments its line keeps, altogether and of one text."""
_LATER = frozenset({"used", "outputs", "count_saw"})
"""Arguments that older operations got later; where one is left out, their entry line is as it was."""
Result = TypeVar("Result", bound=Mapping[str, Any])

_ROWS = "SELECT id FROM operation WHERE id IN ({})"
_ROWS_AND_SETTINGS = f"SELECT id, {SETTINGS} FROM operation WHERE id IN ({{}})"
_complete = update(tables.operation).where(tables.operation.c.id == bindparam("of_operation"))
_database_ids: WeakKeyDictionary[Engine, str] = WeakKeyDictionary()
_current: ContextVar["Operation | None"] = ContextVar("bake_tracker_operation", default=None)


@dataclass(slots=True)
class Operation:
    """One call in progress: its ids, its database session, and the facts for its log line."""

    kind: Kind
    session: Session
    id: str
    asked: dict[str, Any]
    parent: "Operation | None"
    span: OperationSpan | None = None
    started_at_ns: int = field(default_factory=time.perf_counter_ns)
    statements_before: int = field(default_factory=statement_count)
    attempt: int = field(default_factory=attempt_number)
    transaction: OpenTransaction | None = None
    inside: Connection | None = None
    savepoint: Frame | None = None
    at_the_end: ExitStack = field(init=False)
    bakery: BakeryInfo | None = None
    result: Mapping[str, Any] | None = None
    told_too: dict[str, Any] = field(default_factory=dict)
    recorded_late: tuple[str, datetime] | None = None
    said_at: datetime | None = None
    count_saw: CountSaw | None = None
    recorded_at: datetime | None = None
    settled_at: datetime | None = None
    unsettled: list[Posting] | None = None
    undone: set[str] = field(default_factory=set)
    is_replay: bool = False
    is_replay_of_own_transaction: bool = False
    caused_by: str | None = None
    """The operation that this one was called in, if that works in another transaction, such as another database's."""
    settle: Settle | None = None
    written_at: WrittenAt | None = None
    """Where its row stands in PostgreSQL's write-ahead log."""
    times: Times | None = None
    """Where the time goes; None if no line will say it."""

    @property
    def now(self) -> datetime:
        """The current time, for times that the caller left out."""
        return now()

    @property
    def at(self) -> datetime:
        """When it happened: as said, else now. First asked for once the locks are held, so that times follow order."""
        if self.said_at is not None:
            return self.said_at
        if self.settled_at is None:
            self.settled_at = now()
        return self.settled_at

    @property
    def today(self) -> date:
        """The day on which it happened; like the time, first asked for once the locks are held."""
        return self.house.local_day(self.at)

    def undoes(self, operation_id: str, at: datetime | None) -> None:
        """Note what this undoes: it is given back at the time that it happened."""
        self.said_at = at
        (self.settling or self).undone.add(operation_id)

    def happens_with_parent(self) -> None:
        """Note that this is a part of the operation around it: if that is recorded late, so is this."""
        if self.parent is not None and self.parent.said_at is not None:
            self.said_at, self.count_saw = self.parent.said_at, self.parent.count_saw

    def came_on(self, day: date | None) -> date:
        """The day that goods came in. Nobody says when on that day, so they are there from its start."""
        assert self.recorded_at is not None
        came_on = day or self.house.local_day(self.recorded_at)
        self.said_at = self.house.came_at(came_on, self.recorded_at)
        return came_on

    @property
    def settling(self) -> "Operation | None":
        """The operation around this one, or this one, that settles the counts for all inside it; else None."""
        around: Operation | None = self
        while around is not None and around.unsettled is None:
            around = around.parent
        return around

    @property
    def connection(self) -> Connection:
        """The connection for the operation's statements, inside its savepoint; a fifth faster than the session."""
        if self.inside is None:
            self.enter()
        assert self.inside is not None
        return self.inside

    @property
    def house(self) -> BakeryInfo:
        """The bakery: its currency and time zone."""
        if self.bakery is None:
            self.enter()
        assert self.bakery is not None
        return self.bakery

    def time_zone(self) -> str:
        """The bakery's time zone."""
        return self.house.time_zone

    def count_times(self) -> tuple[Times, Any] | None:
        """Begin to count where the time goes, if a line may say it."""
        if self.span is None and not self.kind.logger.isEnabledFor(logging.WARNING):
            return None
        begun = begin_times(self.kind.name, self.id)
        self.times = begun[0]
        return begun

    def enter(self) -> None:
        """Begin the transaction, unless the caller has, and the operation's savepoint in it."""
        transaction = self.begin_transaction()
        if self.parent is not None and not self.parent.shares_transaction_with(self):
            self.caused_by, self.parent = self.parent.id, None
        self.statements_before = statement_count()
        self.at_the_end.enter_context(self.session.begin_nested())
        self.inside = self.session.connection()  # this call sends the SAVEPOINT
        self.savepoint = transaction.frames[-1]
        self.bakery = load_bakery(self.inside)
        _database_ids[self.inside.engine] = self.bakery.database_id

    def begin_transaction(self, *, to_write: bool = True) -> OpenTransaction:
        """Join the session's transaction, or begin it, which may wait for a connection and for a lock."""
        begins, began_ns = not self.session.in_transaction(), time.perf_counter_ns()
        try:
            connection = self.session.connection()
            rows = _ROWS_AND_SETTINGS if connection.dialect.name == "postgresql" else _ROWS
            transaction = open_transaction(connection, to_write=to_write, question=rows if to_write else "")
        finally:
            if self.times is not None:
                waited_ns = take_wait_ns()
                self.times.lock_wait += waited_ns
                self.times.begin_wait += waited_ns + (time.perf_counter_ns() - began_ns if begins else 0)
        self.transaction = transaction
        return transaction

    def shares_transaction_with(self, inner: "Operation") -> bool:
        """Whether an operation called inside this one works in the same transaction, so that both are kept or none."""
        return self.session is inner.session or self.transaction is inner.transaction

    # claim and result -----------------------------------------------------------------------------------------------

    def claim(self, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """Claim the operation id for these arguments; return the first result if the same call already succeeded.

        An INSERT claims it before anything is read, so a copy that waited for a lock is a replay, not a shortage.

        Raises:
            ConflictError: the id was used for another function or other arguments.
        """
        if self.transaction is None:
            self.enter()
        assert self.transaction is not None
        asked = json.dumps(arguments, default=str, sort_keys=True, ensure_ascii=False)
        fingerprint = call_fingerprint(self.kind.name, asked)
        self.recorded_at = now()
        note_operation(self.id, self.transaction.transaction_id)
        row = {
            "id": self.id,
            "name": self.kind.name,
            "fingerprint": fingerprint,
            "arguments": asked,
            "recorded_at": self.recorded_at,
            "parent_id": self.parent.id if self.parent else None,
            "transaction_id": self.transaction.transaction_id,
            "attempt": self.attempt,
            "actor": _actor(),
        }
        if claimed := insert_once(self.connection, tables.operation, row, postgresql_says=WRITTEN_AT):
            if len(claimed) > 1:
                self.written_at, self.transaction.settings = read_written_at(claimed[1])
            # Only now: a copy of a success is a replay, even if the clock was set back in the meantime.
            if self.recorded_late:
                check_is_past(*self.recorded_late, self.now, self.house.time_zone)
            return None
        return self._first_result(fingerprint)

    def _first_result(self, fingerprint: str) -> dict[str, Any]:
        columns = select(OperationRow.fingerprint, OperationRow.name, OperationRow.result, OperationRow.transaction_id)
        first = self.connection.execute(columns.where(OperationRow.id == self.id)).one()
        if first.fingerprint != fingerprint or first.result is None:
            raise ConflictError(
                f"operation_id: {self.id} was already used for "
                + ("another call of " if first.name == self.kind.name else "")
                + f"{first.name}; use a new id for a new request",
                conflicting_operation=first.name,
            )
        assert self.transaction is not None
        self.is_replay = True
        self.is_replay_of_own_transaction = first.transaction_id == self.transaction.transaction_id
        self.result = cast(dict[str, Any], json.loads(first.result))
        return dict(self.result)

    def succeed(self, result: Result) -> Result:
        """Complete the operation's row with its result."""
        self.result = result
        text = json.dumps(result, ensure_ascii=False)
        self.connection.execute(_complete, {"of_operation": self.id, "result": text})
        return result

    def happened(self, field: str, at: datetime | None, *, count_saw: CountSaw | None = None) -> date:
        """Note when it happened; the latest receipt day of the lots it may draw.

        The success line shows the time of a late record, which may only use goods received by that day. An operation
        recorded as it happens may use everything on hand, whatever receipt day it has. ``count_saw`` answers whether a
        later count had seen it.
        """
        if at is None:
            return date.max
        self.told_too[field] = at.isoformat()
        self.recorded_late = field, at
        self.said_at = at
        self.count_saw = count_saw
        return self.house.local_day(at)

    # logging ---------------------------------------------------------------------------------------------------------

    def tell(
        self,
        level: int,
        outcome: str,
        context: Mapping[str, Any],
        places: Iterable[Place] | None = None,
        *,
        message: str | None = None,
        error: BaseException | None = None,
        asked: Mapping[str, Any] | None = None,
    ) -> None:
        """Log one line of this operation now, with the values in ``context`` for ``places``, or all of them."""
        try:
            logger = self.kind.logger
            is_wanted = logger.isEnabledFor(level)
            span = None if outcome == "started" else self.span
            if not is_wanted and span is None:
                return
            event = self._event(level, outcome, context, places, message=message, error=error)
            if asked:
                given = {key: value for key, value in asked.items() if value is not None}
                event.line["asked"] = short_fields(given, MAX_ASKED, MAX_ASKED_TEXT)
            if is_wanted:
                emit(event)
            if span is not None:
                span.end(event)
        except Exception as fault:
            report_logging_fault(fault)

    def tell_started(self) -> None:
        if self.kind.logger.isEnabledFor(logging.DEBUG):
            self.tell(logging.DEBUG, "started", self.asked, message=self.kind.entry_message)

    def tell_refusal(self, error: ServiceError) -> None:
        context = {**self._known_ids(), **error.log_fields(), "error": error_text(error), **cause_of(error, self.id)}
        self.tell(logging.WARNING, error.outcome, context, asked=self.asked)

    def tell_error(self, error: BaseException) -> None:
        context = {**self._known_ids(), "error": error_text(error), **cause_of(error, self.id)}
        if will_retry(error):
            self.tell(logging.WARNING, "retried", context)
            current_attempt().is_told = True
        else:
            self.tell(logging.ERROR, "error", context, error=error)

    def tell_success(self) -> None:
        """Log the success after the outermost COMMIT has returned, not before."""
        assert self.transaction is not None
        assert self.result is not None
        outcome = "replayed" if self.is_replay else "success"
        context, places = self.result, self.kind.places
        if self.told_too:
            context = {**context, **self.told_too}
            places += places_of(name for name in self.told_too if name not in self.kind.told_fields)
        if self.is_replay and not self.is_replay_of_own_transaction:
            self.tell(logging.INFO, outcome, context, places)
            return
        try:
            if self.span is None and not self.kind.logger.isEnabledFor(logging.WARNING):
                self.await_end(note_doubt)  # neither a success nor a rollback would be logged
                return
            happened = self._event(logging.INFO, outcome, context, places)
        except Exception as fault:
            self.await_end(note_doubt)
            report_logging_fault(fault)
            return
        self.await_end(partial(settle, happened, self.span))

    def await_end(self, settle: Settle) -> None:
        """Have the outcome settled when the transaction ends."""
        assert self.transaction is not None
        self.settle = settle
        self.transaction.add(settle, self.id)

    @property
    def is_awaited(self) -> bool:
        """Whether a success is pending, so that the end of the transaction says what became of it."""
        return self.settle is not None and self.transaction is not None and self.transaction.awaits(self.settle)

    def tell_check(self, context: Mapping[str, Any], **missing: list[str]) -> None:
        """Log the result of a check; ``missing`` is its one list of slugs, empty if there is enough stock."""
        if any(missing.values()):
            self.tell(logging.INFO, "insufficient", {**context, **missing})
        else:
            self.tell(logging.DEBUG, "sufficient", context, message=self.kind.passed_message)

    def _event(
        self,
        level: int,
        outcome: str,
        context: Mapping[str, Any],
        places: Iterable[Place] | None = None,
        *,
        message: str | None = None,
        error: BaseException | None = None,
    ) -> Event:
        event = Event(self.kind.logger, level, self.kind.name, outcome, message, error)
        event.where = self.kind.where
        line = event.line
        line["operation_id"] = self.id
        line["attempt"] = self.attempt
        if self.parent is not None:
            line["parent_operation_id"] = self.parent.id
        elif self.caused_by is not None:
            line["caused_by"] = self.caused_by
        if self.transaction is not None:
            line["transaction_id"] = self.transaction.transaction_id
            if self.written_at is not None and outcome == "success":
                line["xid"], line["lsn"], line["timeline"] = self.written_at
        duration_ms = (time.perf_counter_ns() - self.started_at_ns + 500) // 1_000 / 1_000
        sql_count = statement_count() - self.statements_before
        if self.bakery is not None:
            line["database_id"] = self.bakery.database_id
        elif outcome not in ("started", "error", "retried") and (database_id := _database_id_of(self.session)):
            line["database_id"] = database_id
        if outcome != "started":
            line["duration_ms"] = duration_ms
            line["sql_count"] = sql_count
            if self.times is not None:
                line.update(self.times.fields())
        complete_line(line, context, places)
        return event

    def _known_ids(self) -> dict[str, Any]:
        return {key: value for key, value in self.asked.items() if key.endswith("_id") and value is not None}


def _actor() -> str | None:
    """The bound actor, as text that fits every database's column."""
    actor = bound_value("actor")
    return None if actor is None else escape_unsafe(str(safe_value(actor)))[:MAX_ACTOR]


def is_replay(session: Session, operation_id: UUID | str) -> bool:
    """Whether an earlier transaction recorded the operation that this one has just answered with."""
    first = session.scalar(select(OperationRow.transaction_id).where(OperationRow.id == str(operation_id)))
    return first is not None and first != open_transaction(session.connection(), to_write=True).transaction_id


@contextmanager
def recording(kind: Kind, session: Session, asked: Mapping[str, Any]) -> Iterator[Operation]:
    """Run one writing operation in its own savepoint; it has exactly one outcome line.

    ``asked`` holds every argument of the call as given, including ``operation_id``. The body reads its arguments,
    claims the id, writes, and calls ``succeed``. An exception from it rolls back the savepoint, is logged and reaches
    the caller.

    The transaction begins with the claim. On SQLite it locks the file, so nobody waits for the reading of arguments.
    """
    operation = _begin(kind, session, asked)
    reset = _current.set(operation)
    times = operation.count_times()
    try:
        operation.tell_started()
        with ExitStack() as operation.at_the_end:
            if session.in_transaction():
                operation.enter()
            _check_operation_id(asked.get("operation_id"))
            yield operation
            assert operation.result is not None, f"{kind.name} neither succeeded nor raised"
        operation.tell_success()
    except BaseException as error:
        if operation.is_awaited:  # interrupted when it was done
            raise
        if operation.transaction is not None:
            operation.transaction.doom(operation.savepoint)
        if isinstance(error, ServiceError):
            operation.tell_refusal(error)
        else:
            operation.tell_error(error)
        raise
    finally:
        if times is not None:
            end_times(times)
        _current.reset(reset)
        leave_span(operation.span)


@contextmanager
def checking(kind: Kind, session: Session, asked: Mapping[str, Any]) -> Iterator[Operation]:
    """Run one check: it never writes, and fails with the same errors and lines as the recording."""
    operation = _begin(kind, session, asked)
    times = operation.count_times()
    try:
        operation.begin_transaction(to_write=False)
        operation.inside = session.connection()
        operation.statements_before = statement_count()
        operation.bakery = load_bakery(operation.inside)
        yield operation
    except ServiceError as error:
        operation.tell_refusal(error)
        raise
    except BaseException as error:
        operation.tell_error(error)
        raise
    finally:
        if times is not None:
            end_times(times)
        leave_span(operation.span)


def _begin(kind: Kind, session: Session, asked: Mapping[str, Any]) -> Operation:
    told = {key: value for key, value in asked.items() if key != "session" and not (value is None and key in _LATER)}
    given = told.get("operation_id")
    operation_id = current_attempt().next_operation_id() if given is None else _uuid_text(given)
    if given is None or operation_id is not None:
        told.pop("operation_id", None)  # every line has it already as the operation's own id
    # Even the refusal of an invalid id needs an id.
    return Operation(kind, session, operation_id or uuid7(), told, _current.get(), begin_span(kind.name))


def _database_id_of(session: Session) -> str | None:
    """The bakery's id, for a refusal before its transaction began; without a lock, and None if it cannot be read."""
    bind = session.get_bind()
    engine = bind.engine
    # A caller's own connection may be the only one; in memory there is only one.
    if engine not in _database_ids and bind is engine and isinstance(engine.pool, QueuePool):
        with suppress(Exception), reading(engine) as connection:
            _database_ids[engine] = load_bakery(connection).database_id
    return _database_ids.get(engine)


def _uuid_text(given: object) -> str | None:
    try:
        return str(UUID(given if type(given) is str else str(given))) if isinstance(given, UUID | str) else None
    except ValueError:
        return None


def _check_operation_id(given: object) -> None:
    if given is not None and _uuid_text(given) is None:
        raise ValidationError.of("operation_id", "must be a UUID; leave it out to generate one")
