"""Counts and durations from log lines, in constant memory."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from bake_tracker.domain.log.outcomes import NO_ENDS, is_refused
from bake_tracker.domain.log.tree import is_repaired

_STEP = math.log(1.01)
_LONGEST_MS = 1e15  # thirty thousand years; anything longer, or infinity, is not a duration


class OutcomeStats(TypedDict):
    """How often an operation ended with this outcome, and durations in ms, accurate to one percent."""

    outcome: str
    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


class OperationStats(TypedDict):
    """One operation: count, share refused and durations, in total and by outcome."""

    operation: str
    count: int
    outcomes: dict[str, int]
    refused_percent: str
    p50_ms: float
    p95_ms: float
    p99_ms: float
    by_outcome: list[OutcomeStats]


class _Percentiles(TypedDict):
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(slots=True)
class _Ended:
    """The attempts with one outcome; durations are counted by logarithm, to save memory."""

    count: int = 0
    durations: Counter[int] = field(default_factory=Counter)


def gather_stats(lines: Iterable[Mapping[str, Any]]) -> list[OperationStats]:
    """Statistics by operation, most frequent first; only lines that end an attempt count.

    A line written by a repair counts unless the original turns up later. Repairs are rare, so only they are
    remembered.
    """
    gathered: defaultdict[str, defaultdict[str, _Ended]] = defaultdict(lambda: defaultdict(_Ended))
    repaired: dict[str, tuple[str, str]] = {}
    for line in lines:
        outcome, duration_ms = line.get("outcome"), line.get("duration_ms")
        if not line.get("operation_id") or outcome is None or outcome in NO_ENDS:
            continue
        if is_repaired(line):
            repaired[line["operation_id"]] = (str(line.get("operation")), outcome)
            continue
        if outcome == "success":
            repaired.pop(line["operation_id"], None)
        ended = gathered[str(line.get("operation"))][outcome]
        ended.count += 1
        if (bucket := duration_bucket(duration_ms)) is not None:
            ended.durations[bucket] += 1
    for operation, outcome in repaired.values():
        gathered[operation][outcome].count += 1
    stats = [_stats(operation, ended) for operation, ended in gathered.items()]
    return sorted(stats, key=lambda one: (-one["count"], one["operation"]))


def _stats(operation: str, ended: Mapping[str, _Ended]) -> OperationStats:
    outcomes = dict(sorted(ended.items(), key=lambda one: (-one[1].count, one[0])))
    count = sum(one.count for one in ended.values())
    refused = sum(one.count for outcome, one in ended.items() if is_refused(outcome))
    durations: Counter[int] = Counter()
    for one in ended.values():
        durations.update(one.durations)
    return {
        "operation": operation,
        "count": count,
        "outcomes": {outcome: one.count for outcome, one in outcomes.items()},
        "refused_percent": f"{1000 * refused // count / 10:.1f}",
        **_percentiles(durations),
        "by_outcome": [
            {"outcome": outcome, "count": one.count, **_percentiles(one.durations)} for outcome, one in outcomes.items()
        ],
    }


def _percentiles(durations: Counter[int]) -> _Percentiles:
    p50_ms, p95_ms, p99_ms = (percentile_ms(durations, percent) for percent in (50, 95, 99))
    return {"p50_ms": p50_ms, "p95_ms": p95_ms, "p99_ms": p99_ms}


def duration_bucket(duration_ms: Any) -> int | None:
    """The bucket, one percent wide, that counts a duration; None for anything that is not one."""
    if isinstance(duration_ms, int | float) and 0 < duration_ms < _LONGEST_MS:
        return round(math.log(duration_ms) / _STEP)
    return None


def percentile_ms(durations: Counter[int], percent: int) -> float:
    """A percentile of the durations in buckets; 0 if there are none."""
    wanted = math.ceil(durations.total() * percent / 100)
    reached = 0
    for bucket in sorted(durations):
        reached += durations[bucket]
        if reached >= wanted:
            return round(math.exp(bucket * _STEP), 3)
    return 0.0
