"""Turn any value into one that a log line can hold: JSON-ready, without secrets, of bounded size. Never raises.

Values are copied when the line is made, because a commit-bound line is written later than it happened.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from pathlib import PurePath
from typing import Any
from uuid import UUID

MAX_DEPTH = 24
MAX_ITEMS = 1_000
MAX_TEXT = 16_384
REDACTED = "[redacted]"

_SECRET_KEYS = frozenset(
    {"password", "passwd", "secret", "token", "api_key", "apikey", "authorization", "cookie", "set_cookie"}
    | {"session_id", "session_token", "credential", "credentials", "private_key"}
)
_SECRET_ENDINGS = ("_password", "_token", "_secret", "_api_key", "_private_key")
_FREE_TEXT_KEYS = frozenset({"notes", "loss_reason"})
_CAMEL_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SURROGATE = re.compile("[\ud800-\udfff]")


@lru_cache(4096)
def is_secret_key(key: str) -> bool:
    """Whether the key, in any case (``apiKey``, ``API-KEY``), names a secret; ``cookie_dough`` does not."""
    separated = key.strip().replace("-", "_").replace(" ", "_")
    for name in (separated.lower(), _CAMEL_HUMP.sub("_", separated).lower()):
        if name in _SECRET_KEYS or name.endswith(_SECRET_ENDINGS):
            return True
    return False


def safe_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Every field with its value made safe; a value that cannot be rendered becomes a marker naming its type."""
    return {safe_key(key): safe_field(key, value) for key, value in fields.items()}


def safe_field(key: object, value: object) -> Any:
    """One value under its key: secrets redacted, free text as its length."""
    return _field(key, value, 0, ())


def safe_key(key: object) -> str:
    """A key as clean, exact text."""
    if type(key) is str and key.isascii():
        return key
    rendered = _guarded(key, 0, ())
    return rendered if type(rendered) is str else str(rendered)


def _field(key: object, value: object, depth: int, path: tuple[int, ...]) -> Any:
    if isinstance(key, str):
        plain = str.__str__(key)
        if is_secret_key(plain):
            return REDACTED
        if plain in _FREE_TEXT_KEYS and isinstance(value, str):
            return len(value)
    return _guarded(value, depth, path)


def _guarded(value: object, depth: int, path: tuple[int, ...]) -> Any:
    kind = type(value)
    if kind is int or value is None or kind is bool:
        return value
    if kind is str:
        return _text(value)  # type: ignore[arg-type]  # narrowed by the exact type, which a subclass cannot fake
    try:
        return _render(value, kind, depth, path)
    except Exception:
        return f"[unrenderable: {_type_name(kind)}]"


def _text(value: str) -> str:
    if len(value) > MAX_TEXT:
        value = f"{value[:MAX_TEXT]}[{len(value) - MAX_TEXT} more characters]"
    return value if value.isascii() else _SURROGATE.sub("\ufffd", value)


def _type_name(kind: type) -> str:
    try:
        return _text(type.__getattribute__(kind, "__name__"))
    except Exception:
        return "object"


def _render(value: object, kind: type, depth: int, path: tuple[int, ...]) -> Any:
    for family, render in _RENDERERS:
        if isinstance(value, family):
            return render(value)
    if isinstance(value, Mapping | Sequence | Set):
        if id(value) in path:
            return f"[circular: {_type_name(kind)}]"
        if depth >= MAX_DEPTH:
            return f"[too deep: {_type_name(kind)}]"
        return _container(value, depth + 1, (*path, id(value)))
    return _text(str(repr(value)))


def _container(value: object, depth: int, path: tuple[int, ...]) -> Any:
    if isinstance(value, Mapping):
        result: dict[str, Any] = {}
        for number, (key, item) in enumerate(value.items()):
            if number == MAX_ITEMS:
                result["[more]"] = len(value) - MAX_ITEMS
                break
            result[safe_key(key)] = _field(key, item, depth, path)
        return result
    assert isinstance(value, Sequence | Set)
    items = value if isinstance(value, Sequence) else sorted(value, key=repr)
    rendered = [_guarded(item, depth, path) for item in items[:MAX_ITEMS]]
    if len(items) > MAX_ITEMS:
        rendered.append(f"[{len(items) - MAX_ITEMS} more]")
    return rendered


def _float(value: float) -> float | str:
    return float.__add__(value, 0.0) if math.isfinite(value) else float.__repr__(value)


# Order matters: a datetime is a date, a bool an int, and an Enum may be a str or an int as well.
_RENDERERS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Enum, lambda value: _guarded(value.value, MAX_DEPTH, ())),
    (str, lambda value: _text(str.__str__(value))),
    (int, lambda value: int.__add__(value, 0)),
    (float, _float),
    (
        Decimal,
        lambda value: (
            format(value, "f") if value.is_finite() and abs(value.adjusted()) < 60 else Decimal.__str__(value)
        ),
    ),
    (datetime, lambda value: value.isoformat()),
    ((UUID, Fraction, PurePath, timedelta), str),
    ((date, time), lambda value: value.isoformat()),
    ((bytes, bytearray), lambda value: _text(bytes(value).decode("utf-8", "backslashreplace"))),
    (BaseException, lambda value: error_text(value)),
)


def error_text(error: BaseException, limit: int = 1_024) -> str:
    """``<Type>: <text>`` in at most ``limit`` bytes of UTF-8; an error whose text cannot be made still has its type."""
    name = _type_name(type(error))
    try:
        text = f"{name}: {_text(str(error))}"
    except Exception:
        text = f"{name}: [unrenderable]"
    encoded = text.encode("utf-8", "replace")
    return text if len(encoded) <= limit else encoded[: limit - 3].decode("utf-8", "ignore") + "..."
