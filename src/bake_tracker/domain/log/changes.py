"""Compare two spans of time, operation by operation: refusals, errors, durations and SQL statements."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, TypedDict

from bake_tracker.domain.log.evidence import evidence
from bake_tracker.domain.log.moments import is_day, log_time, read_instant
from bake_tracker.domain.log.outcomes import FAILED, NO_ENDS, is_refused
from bake_tracker.domain.log.stats import duration_bucket, percentile_ms
from bake_tracker.domain.written import UnreadableError

MOST_SQL = 100_000
_LIKELY = 4.0
"""The evidence, in nats, below which a difference may be chance."""

Measure = Literal["refused", "errors", "duration", "sql"]


class Span(NamedTuple):
    """From one instant up to another, as the log writes them."""

    since: str
    until: str


class InSpan(TypedDict):
    """One operation in one span; the p95 is accurate to one percent, None without durations."""

    count: int
    refused_percent: float
    errors_percent: float
    p95_ms: float | None
    sql: float | None


class OperationChange(TypedDict):
    """One operation before and after; ``changed`` is what changed beyond chance, the most certain first."""

    operation: str
    before: InSpan
    after: InSpan
    changed: list[Measure]


def read_span(text: str, now: datetime) -> Span:
    """``2d..1d``, ``2026-11-22..2026-11-23T12:00``, a whole day, or the last ``1h``; an open end is now.

    Raises:
        UnreadableError: it is none of these, or it ends before it begins.
    """
    begins, dots, ends = text.strip().partition("..")
    if not begins:
        raise UnreadableError(f"{text!r} has no beginning; write a span like 2d..1d, 2026-11-22..2026-11-23 or 1h")
    since = read_instant(begins, now)
    until = now
    if ends:
        until = read_instant(ends, now)
    elif not dots and is_day(begins):
        until = since + timedelta(days=1)
    if since >= until:
        raise UnreadableError(f"{text!r} ends before it begins; write the earlier time first, like 2d..1d")
    return Span(log_time(since), log_time(until))


@dataclass(slots=True)
class _Counts:
    """What is counted of one operation in one span."""

    count: int = 0
    refused: int = 0
    errors: int = 0
    durations: Counter[int] = field(default_factory=Counter)
    sql: Counter[int] = field(default_factory=Counter)

    def add(self, line: Mapping[str, Any]) -> None:
        outcome, sql_count = str(line["outcome"]), line.get("sql_count")
        self.count += 1
        self.refused += is_refused(outcome)
        self.errors += outcome in FAILED
        if (bucket := duration_bucket(line.get("duration_ms"))) is not None:
            self.durations[bucket] += 1
        if type(sql_count) is int and 0 <= sql_count <= MOST_SQL:
            self.sql[sql_count] += 1


def gather_changes(lines: Iterable[Mapping[str, Any]], before: Span, after: Span) -> list[OperationChange]:
    """How each operation differs between two spans, the most certain change first."""
    counts: defaultdict[str, tuple[_Counts, _Counts]] = defaultdict(lambda: (_Counts(), _Counts()))
    for line in lines:
        if not line.get("operation_id") or not line.get("outcome") or line["outcome"] in NO_ENDS:
            continue
        for span, side in ((before, 0), (after, 1)):
            if span.since <= str(line["timestamp"]) < span.until:
                counts[str(line.get("operation"))][side].add(line)
    ranked = []
    for operation, (earlier, later) in counts.items():
        weights = _weights(earlier, later)
        changed = sorted((name for name in weights if weights[name] > _LIKELY), key=lambda name: -weights[name])
        change = OperationChange(operation=operation, before=_told(earlier), after=_told(later), changed=changed)
        ranked.append((-max(weights.values()), operation, change))
    return [change for _, _, change in sorted(ranked, key=lambda one: one[:2])]


def _weights(before: _Counts, after: _Counts) -> dict[Measure, float]:
    """The evidence for each difference; of durations and statements, at the limit that tells the spans apart best."""
    return {
        "refused": evidence(before.refused, before.count, after.refused, after.count),
        "errors": evidence(before.errors, before.count, after.errors, after.count),
        "duration": _apart(before.durations, after.durations),
        "sql": _apart(before.sql, after.sql),
    }


def _apart(before: Counter[int], after: Counter[int]) -> float:
    of, after_of, below, after_below, most = before.total(), after.total(), 0, 0, 0.0
    for value in sorted(before | after):
        below, after_below = below + before[value], after_below + after[value]
        most = max(most, evidence(below, of, after_below, after_of))
    # As many limits were tried as there are values.
    return most - math.log(len(before | after) or 1)


def _told(counts: _Counts) -> InSpan:
    statements = sum(value * count for value, count in counts.sql.items())
    return {
        "count": counts.count,
        "refused_percent": _percent(counts.refused, counts.count),
        "errors_percent": _percent(counts.errors, counts.count),
        "p95_ms": percentile_ms(counts.durations, 95) if counts.durations else None,
        "sql": round(statements / counts.sql.total(), 1) if counts.sql else None,
    }


def _percent(count: int, of: int) -> float:
    return round(100 * count / of, 1) if of else 0.0
