"""Where the time of an operation goes: statements, waits for locks, and the slowest statement."""

import re
from collections import OrderedDict
from contextvars import ContextVar
from typing import Any

WORTH_TELLING_NS = 1_000_000
"""What took less than a millisecond explains nothing, and is on no line."""
MAX_SHAPE = 300
_MAX_SHAPES = 512
_LOCKING = re.compile(r"\bFOR (?:NO KEY UPDATE|KEY SHARE|UPDATE|SHARE)\b|^\s*(?:INSERT INTO operation\b|LOCK TABLE\b)")
_TOKENS = re.compile(
    r"""(?P<comment> /\*.*?(?:\*/|\Z) | --[^\n]* )
    | (?P<text> \b[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z) | '(?:[^']|'')*(?:'|\Z) | (?P<tag>\$\w*\$).*?(?:(?P=tag)|\Z) )
    | "(?:[^"]|"")*"
    """,
    re.DOTALL | re.VERBOSE,
)
_NUMBERS = re.compile(r"(?<![\w.\"$])\d+(?:\.\d+)?\b")
_LISTS = re.compile(r"\((?:\s*(?:\?|%s|%\(\w+\)s(?:::\w+)?|\$\d+(?:::\w+)?)\s*,?)+\)")
_ROWS = re.compile(r"\(\.\.\.\)(?:, ?\(\.\.\.\))+")

_shapes: OrderedDict[str, str] = OrderedDict()


class Times:
    """The time that an operation, with those inside it, has spent; in nanoseconds."""

    __slots__ = (
        "begin_wait",
        "lock_wait",
        "operation",
        "operation_id",
        "slowest",
        "slowest_statement",
        "statements",
    )

    def __init__(self, operation: str = "", operation_id: str = "") -> None:
        self.operation, self.operation_id = operation, operation_id
        self.begin_wait = self.lock_wait = self.statements = self.slowest = 0
        self.slowest_statement = ""

    def note_slow(self, statement: str, spent: int, *, may_wait: bool) -> None:
        """Note a statement that took long enough to tell; ``may_wait`` if its database locks single rows."""
        if spent > self.slowest:
            self.slowest, self.slowest_statement = spent, statement
        if may_wait and _LOCKING.search(statement):
            self.lock_wait += spent

    def add_inner(self, inner: "Times") -> None:
        """Count what an operation inside this one has spent."""
        self.begin_wait += inner.begin_wait
        self.lock_wait += inner.lock_wait
        self.statements += inner.statements
        if inner.slowest > self.slowest:
            self.slowest, self.slowest_statement = inner.slowest, inner.slowest_statement

    def fields(self) -> dict[str, Any]:
        """The fields of a log line: milliseconds, without what took less than one."""
        spent = {"begin_wait_ms": self.begin_wait, "lock_wait_ms": self.lock_wait, "sql_ms": self.statements}
        shown: dict[str, Any] = {name: in_ms(ns) for name, ns in spent.items() if ns >= WORTH_TELLING_NS}
        if self.slowest:
            shown["slowest_sql"] = shape_of(self.slowest_statement)
            shown["slowest_sql_ms"] = in_ms(self.slowest)
        return shown


_times: ContextVar[Times | None] = ContextVar("bake_tracker_times", default=None)


current_times = _times.get
"""The times of the current operation; None if nobody will read them."""


def begin_times(operation: str = "", operation_id: str = "") -> tuple[Times, Any]:
    """Count the times of an operation from now on; pass what is returned to ``end_times``."""
    times = Times(operation, operation_id)
    return times, _times.set(times)


def end_times(begun: tuple[Times, Any]) -> None:
    """Stop counting for an operation, and add its times to the one around it."""
    times, reset = begun
    _times.reset(reset)
    if (around := _times.get()) is not None:
        around.add_inner(times)


def in_ms(nanoseconds: int) -> float:
    """Milliseconds with three decimals, as in ``duration_ms``."""
    return (nanoseconds + 500) // 1_000 / 1_000


def shape_of(statement: str) -> str:
    """A statement without values, comments and superfluous spaces, of limited length."""
    if (shape := _shapes.get(statement)) is None:
        text = _TOKENS.sub(_without_value, statement[: MAX_SHAPE * 20])
        text = _ROWS.sub("(...)", _LISTS.sub("(...)", _NUMBERS.sub("?", " ".join(text.split()))))
        shape = text if len(text) <= MAX_SHAPE else f"{text[: MAX_SHAPE - 3]}..."
        _shapes[statement] = shape
        if len(_shapes) > _MAX_SHAPES:
            _shapes.popitem(last=False)
    return shape


def _without_value(token: re.Match[str]) -> str:
    return " " if token["comment"] else "?" if token["text"] else token[0]
