"""Queries for log lines, by field values, level and time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bake_tracker.domain.log.conditions import Condition

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_STARTS = b'{"timestamp":"'
_TIMESTAMP = slice(len(_STARTS), len(_STARTS) + 27)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Conditions that must all hold."""

    where: tuple[Condition, ...] = ()
    since: str | None = None
    until: str | None = None
    level: str | None = None

    def prefilter(self) -> Callable[[bytes], bool] | None:
        """A quick test on the bytes of one or more lines; False means that none of them can match."""
        plain = {ways for ways in (one.needles for one in self.where) if ways}
        needles = [[way.encode() for way in ways] for ways in sorted(plain, key=lambda ways: -len(ways[0]))]
        if all(len(ways) == 1 for ways in needles):
            only = [needle for (needle,) in needles]
            return (lambda raw: all(needle in raw for needle in only)) if only else None
        return lambda raw: all(any(needle in raw for needle in ways) for ways in needles)

    def is_outside(self, raw: bytes) -> bool:
        """Whether a raw line, as this program writes them, is outside the time span."""
        if (self.since is None and self.until is None) or not raw.startswith(_STARTS):
            return False
        return not self._spans(raw[_TIMESTAMP].decode("ascii", "replace"))

    def matches(self, line: Mapping[str, Any]) -> bool:
        if not self._spans(line["timestamp"]):
            return False
        if self.level is not None and _rank(line.get("level")) < _rank(self.level):
            return False
        return all(condition.holds(line) for condition in self.where)

    def _spans(self, at: str) -> bool:
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def _rank(level: Any) -> int:
    return LEVELS.index(level) if level in LEVELS else 0
