"""Whether too much was refused or failed in a short time, in one line."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypedDict

from bake_tracker.domain.log.faults import is_fault
from bake_tracker.domain.log.outcomes import NO_ENDS, is_refused
from bake_tracker.domain.written import TYPED, UnreadableError, read_number


@dataclass(frozen=True, slots=True)
class Threshold:
    """The most that is allowed: a number of operations, or a share of all."""

    text: str
    limit: Fraction
    is_share: bool

    def is_exceeded(self, count: int, of: int) -> bool:
        return count > (self.limit * of if self.is_share else self.limit)


class Watched(TypedDict):
    """How many operations ended, were refused and failed, what happened most often, and which limits were exceeded."""

    operations: int
    refused: int
    errors: int
    exceeded: list[str]
    most_refused: str | None
    most_failed: str | None


def read_threshold(text: str) -> Threshold:
    """``10%`` of the operations, or ``3`` of them.

    Raises:
        UnreadableError: it is neither, or not possible.
    """
    typed = text.strip()
    try:
        number = read_number(typed.removesuffix("%").strip(), TYPED)
    except UnreadableError:
        number = Fraction(-1)
    is_share = typed.endswith("%")
    if number < 0 or (is_share and number > 100):
        raise UnreadableError(f"{text!r} is not a limit; write a share like 10%, or a number of operations like 0")
    return Threshold(typed, number / 100 if is_share else number, is_share)


@dataclass(slots=True)
class _Tally:
    total: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str) -> None:
        self.total += 1
        self.kinds[kind] += 1

    @property
    def most(self) -> str | None:
        return max(self.kinds, key=lambda kind: (self.kinds[kind], kind), default=None)


def watch_lines(
    lines: Iterable[Mapping[str, Any]], refused_above: Threshold | None, errors_above: Threshold | None
) -> Watched:
    """Count what ended in these lines; a refusal or error that an outer operation passed on counts once."""
    operations = 0
    refused, errors = _Tally(), _Tally()
    for line in lines:
        outcome = str(line.get("outcome") or "")
        if is_fault(line):
            errors.add(f"{line.get('operation') or line.get('logger')}: {_type(line)}")
        if line.get("operation_id") and outcome and outcome not in NO_ENDS:
            is_passed_on = bool(line.get("cause_operation_id"))
            operations += not is_passed_on
            if is_refused(outcome) and not is_passed_on:
                refused.add(f"{line.get('operation')}: {outcome}")
    exceeded = [
        name
        for name, tally, limit in (("refused", refused, refused_above), ("errors", errors, errors_above))
        if limit is not None and limit.is_exceeded(tally.total, operations)
    ]
    return {
        "operations": operations,
        "refused": refused.total,
        "errors": errors.total,
        "exceeded": exceeded,
        "most_refused": refused.most,
        "most_failed": errors.most,
    }


def _type(line: Mapping[str, Any]) -> str:
    exception = line.get("exception")
    return str(exception.get("type")) if isinstance(exception, Mapping) else str(line.get("error") or "error")
