"""Counts and durations from log lines, in memory that does not grow with the log."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

_STEP = math.log(1.01)
NOT_OUTCOMES = frozenset({"started", "opened"})
DONE = frozenset({"success", "replayed", "sufficient", "insufficient"})
NOT_REFUSED = DONE | {"rolled_back", "retried", "unknown", "error"}


class OperationStats(TypedDict):
    """One operation: how often, how it ended, the share refused, and durations in ms (each within one per cent)."""

    operation: str
    count: int
    outcomes: dict[str, int]
    refused_percent: str
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(slots=True)
class _Gathered:
    outcomes: Counter[str] = field(default_factory=Counter)
    durations: Counter[int] = field(default_factory=Counter)


def gather_stats(lines: Iterable[Mapping[str, Any]]) -> list[OperationStats]:
    """Per operation, the most frequent first; only lines that end an attempt count."""
    gathered: defaultdict[str, _Gathered] = defaultdict(_Gathered)
    for line in lines:
        outcome, duration_ms = line.get("outcome"), line.get("duration_ms")
        if not line.get("operation_id") or outcome is None or outcome in NOT_OUTCOMES:
            continue
        seen = gathered[str(line.get("operation"))]
        seen.outcomes[outcome] += 1
        if isinstance(duration_ms, int | float) and duration_ms > 0:
            seen.durations[round(math.log(duration_ms) / _STEP)] += 1
    stats = [_stats(operation, seen) for operation, seen in gathered.items()]
    return sorted(stats, key=lambda one: (-one["count"], one["operation"]))


def _stats(operation: str, seen: _Gathered) -> OperationStats:
    count = seen.outcomes.total()
    refused = sum(number for outcome, number in seen.outcomes.items() if outcome not in NOT_REFUSED)
    return {
        "operation": operation,
        "count": count,
        "outcomes": dict(seen.outcomes.most_common()),
        "refused_percent": f"{1000 * refused // count / 10:.1f}",
        "p50_ms": _percentile(seen.durations, 50),
        "p95_ms": _percentile(seen.durations, 95),
        "p99_ms": _percentile(seen.durations, 99),
    }


def _percentile(durations: Counter[int], percent: int) -> float:
    wanted = math.ceil(durations.total() * percent / 100)
    reached = 0
    for bucket in sorted(durations):
        reached += durations[bucket]
        if reached >= wanted:
            return round(math.exp(bucket * _STEP), 3)
    return 0.0
