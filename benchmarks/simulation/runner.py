"""Run scopes against the product and the model, and compare every answer and every line of the log."""

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import ServiceError
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope

from .answers import FUNCTIONS, INSIDE, MODEL, SHORT, RefusedInside, inside_of
from .book import Book, Ear, Line, LogFile
from .faults import BrokenHandler, Saboteur
from .scopes import Call, Savepoint, Scope
from .things import Deed, Refused, Stock
from .world import World

LOGGER = logging.getLogger("bake_tracker")
_LEARNED = frozenset({"operation_id", "lot_id", "new_lot_id", "production_run_id", "assembly_run_id", "stocktake_id"})
_KEYS = ("item_id", "recipe_id", "supplier_id", "event_id")


class Difference(Exception):  # noqa: N818  what a simulation looks for
    """The product and the model do not agree."""


class Undone(Exception):  # noqa: N818  a baker's change of mind
    """The caller ends its transaction with an exception of its own."""


class Clock:
    """The simulated time, which the product reads in place of its own clock."""

    def __init__(self) -> None:
        self.at = datetime(2031, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


class Runner:
    """Runs scopes one after the other; raises Difference at the first answer or line that differs from the model."""

    def __init__(self, url: str, world: World, clock: Clock, ear: Ear, saboteur: Saboteur | None) -> None:
        self.url, self.world, self.clock, self.ear, self.saboteur = url, world, clock, ear, saboteur
        self.lines: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.calls = 0
        self.retries = 0
        self.book = Book()
        self.log_file = LogFile()
        self.attempt = 1
        self.under_way: Call | None = None
        self.failed: set[tuple[str, int]] = set()
        self.doing = ""

    def run(self, scope: Scope, at: datetime) -> None:
        """Run one transaction at a simulated instant, and again if the caller retries."""
        self.clock.at = self.world.now = at
        broken = BrokenHandler()
        if scope.is_deaf:
            LOGGER.addHandler(broken)
            self.faults["handler raises"] += 1
        try:
            error = self._once(scope)
            if error is not None and scope.fault and scope.fault.is_called_again:
                self.retries += 1
                scope.fault = None
                self._once(scope)
        finally:
            LOGGER.removeHandler(broken)

    def found(self, calls: Iterable[tuple[Call, Any]], at: datetime) -> None:
        """Found the bakery in one transaction, and learn its ids on the way."""
        self.clock.at = self.world.now = at
        self.book, self.attempt = Book(), 1
        asked: list[Call | Savepoint] = []

        def work(session: Session) -> None:
            for call, learner in calls:
                asked.append(call)
                answer = self._call(call, session)
                if isinstance(answer, ServiceError):
                    raise Difference(f"{call}\n  refused with {answer!r}")
                key = next((answer[name] for name in _KEYS if name in answer), None)
                if isinstance(learner, list):
                    learner.append(key)
                elif learner is not None:
                    learner.id = key

        run_in_transaction(work, self.url)
        self.book.end(None)
        self.world.settle()
        self._compare_lines(Scope(asked))

    # one transaction --------------------------------------------------------------------------------------------------

    def _once(self, scope: Scope) -> Exception | None:
        """Run a scope, and return the fault that came out of it, if any."""
        self.book, self.attempt, self.failed = Book(), 0, set()
        self.world.transaction += 1
        came_out: Exception | None = None
        if self.saboteur:
            self.saboteur.prepare(scope.fault)
        try:
            if scope.owner == "run_in_transaction":
                run_in_transaction(lambda session: self._work(scope, session), self.url)
            else:
                with (session_scope if scope.owner == "session_scope" else read_scope)(self.url) as session:
                    self._work(scope, session)
        except (ServiceError, Undone):
            self._ended(None)
        except DBAPIError as error:
            if self.saboteur is None or not self.saboteur.has_struck:
                raise
            came_out = error
            self._ended(scope)
        except PendingRollbackError as error:
            if self.saboteur is None or not self.saboteur.has_struck:
                raise
            came_out = error
            self._ended(scope)
        else:
            if self.saboteur and self.saboteur.has_kept_savepoint and scope.end == "commit":
                raise Difference("a failed operation that could not be undone was committed")
            self.book.end("rolled_back" if scope.end == "rollback" else None)
        self._count_fault(scope)
        self.world.settle()
        self._compare_lines(scope)
        return came_out

    def _work(self, scope: Scope, session: Session) -> None:
        if self.attempt:
            self._ended(scope)
            self.world.transaction += 1
        self.attempt += 1
        mark = self.mark = self.world.mark()
        self.under_way = None
        for step in scope.steps:
            calls = step.calls if isinstance(step, Savepoint) else [step]
            if isinstance(step, Savepoint):
                savepoint, inner = session.begin_nested(), self.world.mark()
                self.book.enter()
            for call in calls:
                outcome = self._call_through(scope, call, session)
                if isinstance(outcome, ServiceError) and scope.gives_up:
                    raise outcome
            if isinstance(step, Savepoint):
                if step.is_undone:
                    savepoint.rollback()
                    self.world.take_back(inner)
                    if self.saboteur:
                        self.saboteur.has_kept_savepoint = False  # the savepoint's own statements went with it
                else:
                    savepoint.commit()
                self.book.leave(is_undone=step.is_undone)
        self.doing = "COMMIT"
        if scope.end == "raise":
            raise Undone
        if scope.end == "rollback":
            session.rollback()
            self.world.take_back(mark)

    def _call_through(self, scope: Scope, call: Call, session: Session) -> Any:
        """Call; if the scope's caller catches the failed operation, continue without it."""
        mark = self.world.mark()
        try:
            return self._call(call, session)
        except DBAPIError:
            if not (scope.fault and scope.fault.is_caught):
                raise
            self._failed(call, "error")
            self.world.take_back(mark)
            return None

    def _failed(self, call: Call, outcome: str) -> None:
        self.under_way = None
        self.failed.add((self._id(call), self.attempt))
        self.book.told.append((call.function, outcome, self._id(call), self.attempt))

    def _ended(self, scope: Scope | None) -> None:
        """After a failed attempt, undo it in the model unless its COMMIT succeeded, and expect its lines."""
        fault = scope.fault if scope else None
        was_committed = bool(self.saboteur and self.saboteur.was_committed)
        if not was_committed:
            self.world.take_back(self.mark)
        again = bool(fault and fault.is_retryable and scope and scope.owner == "run_in_transaction")
        if call := self.under_way:
            self._failed(call, "retried" if again else "error")
            self.book.end("rolled_back")
        elif fault and fault.kind.startswith("lost"):
            self.book.end("unknown", was_committed=was_committed)
        else:
            self.book.end("retried" if again and fault and fault.kind == "commit_busy" else "rolled_back")
        if again:
            self.retries += 1
        if self.saboteur:
            self.saboteur.was_committed = self.saboteur.has_kept_savepoint = False

    def _count_fault(self, scope: Scope) -> None:
        if self.saboteur and self.saboteur.has_struck and scope.fault:
            self.faults[scope.fault.kind] += 1
        if self.saboteur:
            self.saboteur.plan = None  # it did not strike

    # one call ---------------------------------------------------------------------------------------------------------

    def _call(self, call: Call, session: Session) -> Any:
        """Ask the model, then the product, and compare; return the product's answer or refusal."""
        self.calls += 1
        self.doing = str(call)
        expected = self._expect(call)
        given = dict(call.given)
        if call.function.startswith("record_"):
            given["operation_id"] = call.operation_id
        self.under_way = call
        answer: Any
        try:
            answer = FUNCTIONS[call.function](**given, session=session)
        except ServiceError as error:
            answer = error
        self.under_way = None
        self._tell(call, expected)
        self._compare(call, expected, answer)
        return answer

    def _expect(self, call: Call) -> Any:
        """Return the model's answer: a Refused, the earlier operation for a replay, or the lots and the answer."""
        if call.refusal:
            return Refused(call.refusal)
        done = self.world.done.get(call.operation_id or "")
        if done is not None:
            return done if done.request is call.request else Refused("conflict")
        mark = self.world.mark()
        if call.function.startswith("record_"):
            self.world.begin(call.function, self._id(call))
        try:
            answer = MODEL[call.function](self.world, **call.meant)
        except Refused as refused:
            self.world.take_back(mark)
            if refused.outcome == "short":
                refused.outcome = SHORT[call.function]
            return refused
        except RefusedInside as inside:
            self.world.take_back(mark)
            return inside
        if call.function.startswith("record_"):
            for _ in inside_of(call, answer[1]):
                self.world.finish("", None)
            self.world.finish(call.operation_id or "", call.request)
        return answer

    def _tell(self, call: Call, expected: Any) -> None:
        """Expect the lines of a finished call."""
        own = self._id(call)

        def line(outcome: str, function: str = call.function, of: str = own) -> Line:
            return (function, outcome, of, self.attempt)

        if isinstance(expected, RefusedInside):
            function, outcome = expected.function, expected.outcome
            if function == "record_assembly":
                self.book.told.append(line("rolled_back", "record_batch_production", f"in {own}"))
            self.book.told.extend((line(outcome, function, f"in {own}"), line(outcome)))
        elif isinstance(expected, Refused):
            self.book.told.append(line(expected.outcome))
        elif call.function.startswith("check_"):
            self.book.told.append(line("insufficient" if expected else "sufficient"))
        elif getattr(expected, "transaction", None) == self.world.transaction:
            self.book.wait(line("replayed"))
        elif hasattr(expected, "transaction"):
            self.book.told.append(line("replayed"))
        else:
            self.book.wait(
                *(line("success", child, f"in {own}") for child in inside_of(call, expected[1])), line("success")
            )

    def _compare(self, call: Call, expected: Any, answer: Any) -> None:
        if isinstance(expected, Refused | RefusedInside):
            if not isinstance(answer, ServiceError) or answer.outcome != expected.outcome:
                raise Difference(f"{call}\n  expected {expected.outcome}\n  answered {answer!r}")
            if expected.short:
                self._equal(call, expected.short, _short(getattr(answer, "shortages", [])))
            return
        if isinstance(answer, ServiceError):
            raise Difference(f"{call}\n  expected {expected!r}\n  refused with {answer!r}")
        if call.function == "check_reversal":
            found = sorted(_ids_in(answer["dependents"]))
            self._equal(call, (not expected, expected), (answer["can_reverse"], found))
        elif call.function.startswith("check_"):
            can, missing = answer.values()
            self._equal(call, (not expected, expected), (can, _short(missing)))
        elif hasattr(expected, "transaction"):
            self._equal(call, expected.answer, answer)
        elif call.operation_id in self.world.done:
            self.world.done[call.operation_id].answer = answer
            self._compare_answer(call, *expected, answer)

    def _compare_answer(self, call: Call, lots: list[Stock | None], expected: dict[str, Any], answer: Any) -> None:
        """Compare an answer except for ids that only the product knows; learn the ids of lots and parts from it."""
        if not expected:
            return
        self._equal(call, call.operation_id, answer["operation_id"])
        parts = [answer[name] for name in INSIDE if name in answer] or [answer]
        key = "new_lot_id" if call.function == "record_transfer" else "lot_id"
        for lot, part in zip(lots, parts, strict=bool(lots)):
            if (part[key] is None) != (lot is None):
                raise Difference(f"{call}\n  expected the lot {lot}\n  answered {part}")
            if lot is not None:
                lot.id = part[key]
        for deed, part in zip(self.world.deed.parts, parts, strict=False):
            deed.id = part["operation_id"]
        self._equal(call, _known(_with_ids(expected)), _known(answer))

    def _equal(self, call: Call, expected: object, found: object) -> None:
        if expected != found:
            raise Difference(f"{call}\n  expected {expected}\n  answered {found}")

    @staticmethod
    def _id(call: Call) -> str:
        if call.operation_id is None or call.refusal == "validation_failed":
            try:
                return str(UUID(call.operation_id or ""))
            except ValueError:
                return "?"
        return call.operation_id

    # the log ----------------------------------------------------------------------------------------------------------

    def _compare_lines(self, scope: Scope) -> None:
        known = {self._id(call) for call in scope.calls}
        heard: list[Line] = []
        inside: list[Line] = []
        for operation, outcome, operation_id, parent, attempt in self.ear.empty():
            self.lines[outcome] += 1
            if parent is not None:
                inside.append((operation, outcome, f"in {parent}", attempt))
            else:
                heard.append((operation, outcome, operation_id if operation_id in known else "?", attempt))
        expected = self.book.told
        for line in inside:
            # The model does not know where a nested fault struck: its lines only must not claim success.
            parent, attempt = line[2].removeprefix("in "), line[3]
            if (parent, attempt) in self.failed:
                if line[1] in ("success", "replayed", "unknown"):
                    raise Difference(f"{line} is logged for an operation that failed, in {self.doing}")
            else:
                heard.append(line)
        self.log_file.follow(expected, self.book.committed)
        if sorted(heard) != sorted(expected):
            raise Difference(
                f"the log, after {self.doing}\n  expected {_difference(expected, heard)}\n"
                f"  logged   {_difference(heard, expected)}"
            )


def _difference(ours: list[Line], theirs: list[Line]) -> list[Line]:
    return sorted((Counter(ours) - Counter(theirs)).elements())


def _short(shortages: list[Any]) -> list[dict[str, str]]:
    told = [
        {
            "slug": one.get("ingredient_slug") or one["component_slug"],
            "name": one.get("ingredient_name") or one["component_name"],
            **{name: one[name] for name in ("needed", "available", "unit", "came_later") if name in one},
        }
        for one in shortages
    ]
    return sorted(told, key=lambda one: str(one["slug"]))


def _known(answer: Any) -> dict[str, Any]:
    """Return the parts of an answer that do not need the product's ids, its lists sorted."""
    known = {name: value for name, value in answer.items() if name not in _LEARNED}
    if "consumptions" in known:
        known["consumptions"] = sorted(known["consumptions"], key=lambda one: str(one["ingredient_slug"]))
    if "lots" in known:
        known["lots"] = sorted(known["lots"], key=lambda one: int(one["lot_id"]))
    if "also_reversed" in known:
        also = [_known(one) for one in known["also_reversed"]]
        known["also_reversed"] = sorted(also, key=lambda one: str(one["reversed_operation_id"]))
    return {name: _known(value) if isinstance(value, dict) else value for name, value in known.items()}


def _ids_in(dependents: Any) -> Iterable[str]:
    for one in dependents:
        yield one["operation_id"]
        yield from _ids_in(one["dependents"])


def _with_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_ids(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_ids(one) for one in value]
    return value.id if isinstance(value, Stock | Deed) else value
