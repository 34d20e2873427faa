"""Conditions on the fields of a log line, such as ``outcome=conflict``, ``duration_ms>700`` or ``error~timeout``.

FIELD=VALUE    the field has this value; FIELD= finds lines without the field
FIELD!=VALUE   it does not, or there is no such field; FIELD!= finds lines with the field
FIELD<VALUE    <= > >= compare numbers, days and times
FIELD~TEXT     the field contains the text, in capitals or not; FIELD!~TEXT if it does not
"""

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from bake_tracker.domain.ids import is_whole, spellings
from bake_tracker.domain.written import UnreadableError, read_moment

# These ids may be shortened to their beginning, as trees show them.
_IDS = frozenset({"operation_id", "parent_operation_id", "transaction_id", "request_id", "cause_operation_id"})
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CONDITION = re.compile(r"(?P<path>[^=<>~!]+?)(?P<space>\s*)(?P<sign>!=|<=|>=|!~|[=<>~])(?P<wanted>.*)", re.DOTALL)
# Text that JSON writes unchanged: no character that an encoder escapes, and no number with two spellings.
_PLAIN = re.compile(r"[A-Za-z0-9 _.,:;@+-]+")
_SCIENTIFIC = re.compile(r"[-+.\d]+e[-+\d]+", re.IGNORECASE)
SIGNS = "=<>~"
"""Every condition has one of these, and no id does."""
_ALLOWED = "write it like outcome=rolled_back, outcome!=success, duration_ms>700 or error~timeout"


class Condition(NamedTuple):
    """What the values at a path must be; a path may lead through objects and lists."""

    path: str
    wanted: str
    sign: str = "="

    def holds(self, line: Mapping[str, Any]) -> bool:
        """Whether a line meets the condition."""
        found = values(line, self.path)
        if self.sign in _ORDERS:
            return any(_is_in_order(value, self.sign, self.wanted) for value in found)
        if "~" in self.sign:
            is_met = any(_contains(value, self.wanted) for value in found)
        elif self.wanted:
            is_met = any(_says(self.path, value, self.wanted) for value in found)
        else:
            is_met = all(value in (None, "") for value in found)
        return is_met != self.sign.startswith("!")

    @property
    def needles(self) -> tuple[str, ...]:
        """Texts of which every matching line contains at least one; empty if there are no such texts."""
        if self.sign == "=":
            ways = _ways_to_say(self.path, self.wanted) if self.wanted else ()
            return ways if all(map(_is_plain, ways)) else ()
        if self.sign.startswith("!") or not _PLAIN.fullmatch(self.path):
            return ()
        parts = self.path.split(".")
        return tuple(f'"{".".join(parts[first:])}"' for first in range(len(parts)))


def read_condition(text: str) -> Condition:
    """``duration_ms>700`` as a condition.

    Raises:
        UnreadableError: there is no field or no sign, or a comparison with something that has no order.
    """
    if not (parts := _CONDITION.fullmatch(text)):
        raise UnreadableError(f"{text!r} is not a condition; {_ALLOWED}")
    path, sign, wanted = parts["path"].strip(), parts["sign"], parts["wanted"]
    if parts["space"] or sign in _ORDERS:
        wanted = wanted.strip()
    if not path:
        raise UnreadableError(f"{text!r} has no field; {_ALLOWED}")
    if sign == "~" and not wanted:
        raise UnreadableError(f"{text!r} has no text after {sign}; to find every line with the field, write {path}!=")
    if sign in _ORDERS and _number(wanted) is None:
        if (at := _instant(wanted)) is None:
            raise UnreadableError(
                f"{text!r} compares with {wanted!r}, which is neither a number nor a time; "
                f"write it like {path}{sign}700 or {path}{sign}2026-11-23T14:30"
            )
        wanted = at
    return Condition(path, wanted, sign)


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


def as_number(value: Any) -> Decimal | None:
    """The value of a field as a number; quantities and costs are numbers in text. None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    return _number(str(value))


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _instant(text: str) -> str | None:
    """A day as it is, a time as the log writes it; both sort as text."""
    try:
        at = read_moment(text)
        in_utc = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    except (ValueError, OverflowError):
        return None
    return f"{in_utc.isoformat(timespec='microseconds')}Z" if ":" in text else in_utc.date().isoformat()


def _is_in_order(value: Any, sign: str, wanted: str) -> bool:
    limit = _number(wanted)
    if limit is None:
        return type(value) is str and is_time(value) and _ORDERS[sign](value, wanted)
    number = as_number(value)
    return number is not None and _ORDERS[sign](number, limit)


def is_time(text: str) -> bool:
    """Whether the text of a field is a day or a time, which sort as text."""
    try:
        return bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _contains(value: Any, wanted: str) -> bool:
    text = value if type(value) is str else json.dumps(value, ensure_ascii=False)
    return wanted.casefold() in text.casefold()


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
