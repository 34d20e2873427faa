"""Make any value safe for a log line: JSON-ready, without secrets, of limited size. Never raises.

Values are copied when the event is created, because its line may be written later.
"""

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import UUID

from bake_tracker.log.redaction import REDACTED, is_secret_key, without_secrets

MAX_DEPTH = 24
MAX_ITEMS = 1_000
MAX_KEY = 200
MAX_TEXT = 16_384
MAX_SIZE = 262_144
"""The most characters of one nested value, roughly; ten references at each of ten levels would make 10^10."""
MAX_INT_BITS = 4_096

_PLAIN = frozenset({str, int, float, bool, type(None)})
_FREE_TEXT_KEYS = frozenset({"notes", "note", "loss_reason"})
_SURROGATE = re.compile("[\ud800-\udfff]")

# Everything that could end a line, colour a terminal or reverse text: C0, DEL, C1, line separators, bidi controls.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def escape_unsafe(text: str) -> str:
    r"""Write unsafe characters as ``\uXXXX``; inside a JSON document the value stays the same."""
    return text if text.isprintable() else _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def utc_text(timestamp: float) -> str:
    """A timestamp in seconds as ``2026-11-23T09:15:00.123456Z``."""
    return utc_text_ns(round(timestamp * 1_000_000) * 1_000)


def utc_text_ns(nanoseconds: int) -> str:
    """Nanoseconds since 1970 in the same format."""
    if nanoseconds < 10**9:  # a clock that still shows 1970
        seconds, rest = divmod(nanoseconds, 10**9)
        return f"{_second_text(str(seconds))}.{rest // 1_000:06d}Z"
    digits = str(nanoseconds)  # slicing text is faster than dividing
    return f"{_second_text(digits[:-9])}.{digits[-9:-3]}Z"


@lru_cache(8)
def _second_text(seconds: str) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()[:19]


def safe_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Every field with its value made safe; a value that cannot be rendered becomes a marker naming its type."""
    shown = ((shown_as(key), value) for key, value in fields.items())
    return {name: show(value, None) for (name, show), value in shown}


def safe_value(value: object) -> Any:
    """Make a value without a key safe."""
    return _guarded(value, None)


def safe_again(value: Any, depth: int = 0) -> Any:
    """What was made safe before, with whatever somebody has added to it since."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is list and depth <= MAX_DEPTH:
        return [safe_again(item, depth + 1) for item in value]
    if kind is not dict or depth > MAX_DEPTH:
        return safe_value(value)
    again = {}
    for key, item in value.items():
        name, show = shown_as(key)
        again[key if type(key) is str else name] = REDACTED if show is _redacted else safe_again(item, depth + 1)
    return again


_ADDRESS = re.compile(r"\n\(Background on this error at: https://sqlalche\.me/\S+\)$")


def error_text(error: BaseException, limit: int = 1_024) -> str:
    """``<Type>: <text>`` in at most ``limit`` bytes of UTF-8; only the type if the text cannot be rendered.

    The address of a page about the error, which SQLAlchemy adds, explains nothing here.
    """
    name = _type_name(type(error))
    try:
        text = f"{name}: {without_secrets(_ADDRESS.sub('', _text(str(error))))}"
    except Exception:
        text = f"{name}: [unrenderable]"
    encoded = text.encode("utf-8", "replace")
    return text if len(encoded) <= limit else encoded[: limit - 3].decode("utf-8", "ignore") + "..."


def short_fields(fields: Mapping[str, Any], size: int, text: int) -> dict[str, Any]:
    """Every field made safe, in about ``size`` characters altogether and at most ``text`` for a single text."""
    walk = _Walk()
    walk.room = size
    shown = _mapping(fields, walk)
    for name, value in shown.items():
        if type(value) is str and len(value) > text:
            shown[name] = f"{value[:text]}[{len(value) - text} more characters]"
    return shown


class _Walk:
    """The walk through a nested value with its remaining budget."""

    __slots__ = ("path", "room")

    def __init__(self) -> None:
        self.path: list[int] = []
        self.room = MAX_SIZE


Show = Callable[[object, _Walk | None], Any]


def shown_as(key: object) -> tuple[str, Show]:
    """A key as clean, exact, short text, and how to show its value: secrets redacted, free text as its length."""
    if type(key) is str and len(key) <= MAX_KEY:
        return _shown_as_cached(key)
    rendered = _guarded(key, None)
    text = rendered if type(rendered) is str else str(rendered)
    short = text if len(text) <= MAX_KEY else f"{text[:MAX_KEY]}[{len(text) - MAX_KEY} more characters]"
    return short, _redacted if is_secret_key(text) else _shown_as_cached(text[:MAX_KEY])[1]


@lru_cache(4_096)
def _shown_as_cached(key: str) -> tuple[str, Show]:
    show = _redacted if is_secret_key(key) else _length if key in _FREE_TEXT_KEYS else _guarded
    return _text(key), show


def _redacted(value: object, walk: _Walk | None) -> str:
    return REDACTED


def _length(value: object, walk: _Walk | None) -> int | None:
    if value is None:
        return None
    if issubclass(type(value), str):
        return str.__len__(value)  # type: ignore[arg-type]  # narrowed by the exact type, which a subclass cannot fake
    rendered = _guarded(value, walk)
    return len(rendered if type(rendered) is str else str(rendered))


def _guarded(value: Any, walk: _Walk | None) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isascii() and len(value) <= MAX_TEXT else _text(value)
    if (kind is int and -0x8000_0000_0000_0000 < value < 0x8000_0000_0000_0000) or value is None or kind is bool:
        return value
    try:
        return _render(value, kind, walk or _Walk())
    except KeyboardInterrupt:
        raise
    except BaseException:  # even a __repr__ may call sys.exit()
        return f"[unrenderable: {_type_name(kind)}]"


def _text(value: str) -> str:
    if type(value) is not str:
        value = str.__str__(value)
    elif len(value) <= MAX_TEXT and value.isascii():
        return value
    if len(value) > MAX_TEXT:
        value = f"{value[:MAX_TEXT]}[{len(value) - MAX_TEXT} more characters]"
    return value if value.isascii() else _SURROGATE.sub("\ufffd", value)


def _type_name(kind: type) -> str:
    try:
        return _text(type.__getattribute__(kind, "__name__"))
    except Exception:
        return "object"


def _render(value: Any, kind: type, walk: _Walk) -> Any:
    if kind is not dict and kind is not list:
        for family, render in _RENDERERS:
            if issubclass(kind, family):
                return render(value)
    if hasattr(kind, "__dataclass_fields__"):  # importing dataclasses takes half as long as this whole module
        value = {name: getattr(value, name) for name in kind.__dataclass_fields__}
    elif issubclass(kind, tuple) and hasattr(kind, "_fields"):
        value = dict(zip(kind._fields, value, strict=True))
    if not isinstance(value, Mapping | Sequence | Set):
        return _text(repr(value))
    if id(value) in walk.path:
        return f"[circular: {_type_name(kind)}]"
    if len(walk.path) >= MAX_DEPTH:
        return f"[too deep: {_type_name(kind)}]"
    walk.path.append(id(value))
    try:
        if isinstance(value, Mapping):
            return _mapping(value, walk)
        rendered = _items(value, len(value), walk)
        return sorted(rendered, key=repr) if isinstance(value, Set) else rendered
    finally:
        walk.path.pop()


def _mapping(value: Mapping[Any, Any], walk: _Walk) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in islice(value.items(), MAX_ITEMS):
        if walk.room <= 0:
            break
        name, show = shown_as(key)
        while name in result:  # 1 and "1" are different keys
            name += "'"
        result[name] = _counted(show(item, walk), walk)
    if len(value) > len(result):
        result["[more]"] = len(value) - len(result)
    return result


def _items(value: Iterable[Any], count: int, walk: _Walk) -> list[Any]:
    result: list[Any] = []
    for item in islice(value, MAX_ITEMS):
        if walk.room <= 0:
            break
        result.append(_counted(_guarded(item, walk), walk))
    if count > len(result):
        result.append(f"[{count - len(result)} more]")
    return result


def _counted(rendered: Any, walk: _Walk) -> Any:
    walk.room -= len(rendered) + 8 if type(rendered) is str else 8
    return rendered


def _whole(value: int) -> int | str:
    bits = int.bit_length(value)
    return int.__pos__(value) if bits <= MAX_INT_BITS else f"[int of {bits} bits]"  # str() refuses very long integers


def _float(value: float) -> float | str:
    return float.__pos__(value) if math.isfinite(value) else float.__repr__(value)


def _decimal(value: Decimal) -> str:
    is_plain = Decimal.is_finite(value) and abs(Decimal.adjusted(value)) < 60
    return _text(Decimal.__format__(value, "f") if is_plain else Decimal.__str__(value))


# Order matters: a datetime is a date, a bool is an int, and an Enum may be a str or an int as well.
_RENDERERS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Enum, lambda value: _guarded(value.value, None)),
    (str, _text),
    (int, _whole),
    (float, _float),
    (Decimal, _decimal),
    (datetime, lambda value: datetime.isoformat(value)),
    (date, lambda value: date.isoformat(value)),
    (time, lambda value: time.isoformat(value)),
    ((UUID, Fraction, os.PathLike, timedelta), lambda value: _text(str(value))),
    ((bytes, bytearray), lambda value: _text(bytes(value[:MAX_TEXT]).decode("utf-8", "backslashreplace"))),
    (BaseException, error_text),
)
