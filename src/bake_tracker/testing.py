"""A pytest fixture that captures log lines, for authors of operations.

Put ``pytest_plugins = ["bake_tracker.testing"]`` into your ``conftest.py`` and take ``operation_log`` as an argument.
Only tests import this module, because the program does not depend on pytest. PYTEST_DONT_REWRITE: without this mark, a
test that imports ``OperationLog`` before pytest loads the plugin gets a warning about asserts, and there are none here.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bake_tracker.domain.log.outcomes import BEGINNINGS
from bake_tracker.domain.log.tree import TIMES, OperationNode, build_trees
from bake_tracker.log.events import fields_of
from bake_tracker.log.values import utc_text

LOGGER = "bake_tracker"
_NOT_SHOWN = frozenset(
    {"timestamp", "settled_at", "operation", "outcome", "operation_id", "parent_operation_id", "transaction_id"}
    | {"request_id", "database_id", "duration_ms", "sql_count", "attempt", "actor", "shortages"}
    | {"asked", "exception", "after_operation_id", *TIMES}
)


@dataclass(frozen=True, slots=True)
class Line:
    """One log line: operation, outcome, and every field of the JSON line."""

    operation: str
    outcome: str
    level: str
    message: str
    timestamp: str
    fields: Mapping[str, Any]

    @property
    def operation_id(self) -> str | None:
        return self.fields.get("operation_id")

    @property
    def transaction_id(self) -> str | None:
        return self.fields.get("transaction_id")

    @property
    def parent_operation_id(self) -> str | None:
        return self.fields.get("parent_operation_id")

    @property
    def attempt(self) -> int:
        return int(self.fields.get("attempt", 1))

    @property
    def is_entry(self) -> bool:
        """Whether it is an entry line, not an outcome line."""
        return self.outcome in BEGINNINGS

    def __str__(self) -> str:
        return _told(self.fields, self.message)


class OperationLog(logging.Handler):
    """Every line since the test began, including DEBUG; ``clear()`` drops the lines of the set-up.

    A failed assertion shows the lines captured so far, as a tree.
    """

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._heard: list[Line] = []

    def emit(self, record: logging.LogRecord) -> None:
        # Copied now, because the record may get more fields later.
        fields = dict(fields_of(record))
        told = (str(fields.get("operation", "")), str(fields.get("outcome", "")))
        self._heard.append(Line(*told, record.levelname, record.getMessage(), utc_text(record.created), fields))

    def clear(self) -> None:
        """Drop every line captured so far."""
        self._heard.clear()

    # reading ---------------------------------------------------------------------------------------------------------

    @property
    def lines(self) -> list[Line]:
        """Every line in the order of events; a success line is written later, at the COMMIT."""
        return sorted(self._heard, key=lambda line: line.timestamp)

    @property
    def ends(self) -> list[Line]:
        """The outcome lines only, in the order in which the operations ended."""
        return [line for line in self.lines if not line.is_entry]

    def outcomes(self, operation: str) -> list[str]:
        """The outcomes of an operation's calls."""
        return [line.outcome for line in self.ends if line.operation == operation]

    def one(self, operation: str, outcome: str | None = None) -> Line:
        """The outcome line of an operation, or its line with the given outcome; fails unless there is exactly one."""
        __tracebackhide__ = True
        found = [
            line
            for line in self.lines
            if line.operation == operation and (line.outcome == outcome if outcome else not line.is_entry)
        ]
        if len(found) != 1:
            self._fail(f"expected exactly one line '{operation}: {outcome or '(any outcome)'}', found {len(found)}")
        return found[0]

    def children(self, parent: Line) -> list[Line]:
        """The outcome lines of the operations nested in this one, in order."""
        return [
            line
            for line in self.ends
            if line.parent_operation_id is not None
            and (line.parent_operation_id, line.transaction_id) == (parent.operation_id, parent.transaction_id)
        ]

    # asserting ------------------------------------------------------------------------------------------------------

    def in_order(self, *expected: tuple[str, str]) -> None:
        """Fail unless these (operation, outcome) pairs occur in this order; other lines may come between them."""
        __tracebackhide__ = True
        rest = iter((line.operation, line.outcome) for line in self.lines)
        for number, wanted in enumerate(expected):
            if wanted not in rest:
                after = f" after {': '.join(expected[number - 1])!r}" if number else ""
                self._fail(f"expected {': '.join(wanted)!r}{after}, but found no such line")

    def assert_one_outcome_each(self) -> None:
        """Fail unless every attempt of every operation has exactly one outcome line, and no operation succeeded twice.

        A replay is a second call with the same id, so it has its own outcome line.
        """
        __tracebackhide__ = True
        calls: dict[tuple[str, str, int], list[Line]] = {}
        for line in self.lines:
            if line.operation_id is not None:
                calls.setdefault((line.operation_id, line.operation, line.attempt), []).append(line)
        wrong = []
        for (operation_id, operation, attempt), lines in calls.items():
            ends = [line.outcome for line in lines if not line.is_entry]
            called = max(1, len(lines) - len(ends))  # a check has no entry line
            if len(ends) != called or ends.count("success") > 1:
                told = ", ".join(ends) or "no outcome; is its transaction still open?"
                wrong.append(f"{operation} {operation_id} attempt {attempt}: {called} call(s), {told}")
        if wrong:
            self._fail("expected exactly one outcome line for each attempt:\n  " + "\n  ".join(wrong))

    def __str__(self) -> str:
        """The lines as trees, one per transaction, then the operations that have started but not ended."""
        text: list[str] = []
        for tree in build_trees({**line.fields, "timestamp": line.timestamp} for line in self.lines):
            text.append(f"transaction {tree.transaction_id}" if tree.transaction_id else "outside a transaction")
            for node in tree.operations:
                text += _drawn(node, "  ")
        ended = {line.operation_id for line in self.ends}
        text += [f"begun, not ended: {line}" for line in self.lines if line.is_entry and line.operation_id not in ended]
        return "\n".join(text) or "no operation"

    def _fail(self, what: str) -> None:
        __tracebackhide__ = True
        raise AssertionError(f"{what}\n\nThe log has:\n{self}")


def _drawn(node: OperationNode, indent: str) -> list[str]:
    below = [text for child in node.children for text in _drawn(child, f"{indent}  ")]
    return [indent + _told(node.line), *below]


def _told(fields: Mapping[str, Any], message: str = "") -> str:
    """The outcome, or the message of a line that belongs to no operation."""
    context = ", ".join(f"{name}={value}" for name, value in fields.items() if name not in _NOT_SHOWN)
    ended = f"{fields['operation']}: {fields['outcome']}" if "outcome" in fields and "operation" in fields else message
    return ended + (f"  {context}" if context else "")


@contextmanager
def listening() -> Iterator[OperationLog]:
    """Capture every line, including DEBUG, alongside other handlers such as ``caplog`` or a log file."""
    heard = OperationLog()
    logger = logging.getLogger(LOGGER)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(heard)
    try:
        yield heard
    finally:
        logger.removeHandler(heard)
        logger.setLevel(level)


@pytest.fixture
def operation_log() -> Iterator[OperationLog]:
    """The log lines of operations from here to the end of the test."""
    with listening() as heard:
        yield heard
