"""Which log lines are wanted: by the values of their fields, their level and their time."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# An id may be shortened to its beginning, as trees show it.
_IDS = frozenset({"operation_id", "parent_operation_id", "transaction_id", "request_id", "cause_operation_id"})
_STARTS = b'{"timestamp":"'
_TIMESTAMP = slice(len(_STARTS), len(_STARTS) + 27)
# Written in JSON as it stands: no character that any encoder escapes, and no number that can be written in two ways.
_PLAIN = re.compile(r"[A-Za-z0-9 _.,:;@+-]+")
_SCIENTIFIC = re.compile(r"[-+.\d]+e[-+\d]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Conditions that all hold; ``where`` pairs a field, or a dotted path into lists and objects, with its value."""

    where: tuple[tuple[str, str], ...] = ()
    since: str | None = None
    until: str | None = None
    level: str | None = None

    def prefilter(self) -> Callable[[bytes], bool] | None:
        """A question to the bytes of one or many lines: no means that none of them can match."""
        plain = {
            value.encode() for _, value in self.where if _PLAIN.fullmatch(value) and not _SCIENTIFIC.fullmatch(value)
        }
        needles = sorted(plain, key=len, reverse=True)
        return (lambda raw: all(needle in raw for needle in needles)) if needles else None

    def is_outside(self, raw: bytes) -> bool:
        """Whether a raw line, written as this program writes them, is of another time."""
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
    """Every value that a dotted path leads to, through objects and every element of lists."""
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
        return value == wanted or (path in _IDS and len(wanted) >= 8 and value.startswith(wanted))
    return not isinstance(value, Mapping) and json.dumps(value) == wanted


def _rank(level: Any) -> int:
    return LEVELS.index(level) if level in LEVELS else 0
