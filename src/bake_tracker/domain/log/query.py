"""Queries for log lines, by field values, level and time."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bake_tracker.domain.ids import is_whole, spellings

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# These ids may be shortened to their beginning, as trees show them.
_IDS = frozenset({"operation_id", "parent_operation_id", "transaction_id", "request_id", "cause_operation_id"})
_STARTS = b'{"timestamp":"'
_TIMESTAMP = slice(len(_STARTS), len(_STARTS) + 27)
# Text that JSON writes unchanged: no character that an encoder escapes, and no number with two spellings.
_PLAIN = re.compile(r"[A-Za-z0-9 _.,:;@+-]+")
_SCIENTIFIC = re.compile(r"[-+.\d]+e[-+\d]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Conditions that must all hold; ``where`` pairs a field or dotted path with its value."""

    where: tuple[tuple[str, str], ...] = ()
    since: str | None = None
    until: str | None = None
    level: str | None = None

    def prefilter(self) -> Callable[[bytes], bool] | None:
        """A quick test on the bytes of one or more lines; False means that none of them can match."""
        plain = {ways for ways in (_ways_to_say(*one) for one in self.where) if all(map(_is_plain, ways))}
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
        return all(any(_says(path, value, wanted) for value in values(line, path)) for path, wanted in self.where)

    def _spans(self, at: str) -> bool:
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def values(value: Any, path: str) -> Iterator[Any]:
    """Every value at a dotted path, through objects and every element of lists."""
    if isinstance(value, list):
        for one in value:
            yield from values(one, path)
    elif isinstance(value, Mapping):
        name, dot, below = path.partition(".")
        if path in value:
            yield from _each(value[path])
        elif dot and name in value:
            yield from values(value[name], below)


def _each(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _each(one)
    else:
        yield value


def _says(path: str, value: Any, wanted: str) -> bool:
    if type(value) is str:
        ways = _ways_to_say(path, wanted)
        return value in ways or (path in _IDS and any(len(way) >= 8 and value.startswith(way) for way in ways))
    return not isinstance(value, Mapping) and json.dumps(value) == wanted


@lru_cache(256)
def _ways_to_say(path: str, wanted: str) -> tuple[str, ...]:
    """The spellings of a value in a line: several for an id, one for anything else."""
    return spellings(wanted) if path in _IDS or (path.endswith("_id") and is_whole(wanted)) else (wanted,)


def _is_plain(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text)) and not _SCIENTIFIC.fullmatch(text)


def _rank(level: Any) -> int:
    return LEVELS.index(level) if level in LEVELS else 0
