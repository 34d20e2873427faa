"""Values that a log line has to survive, and how each is logged."""

import enum
import sys
from collections import OrderedDict, UserDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

SECRET = "hunter2"


class Colour(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1


class Word(enum.StrEnum):
    PASSWORD = "password"


class BrokenRepr:
    def __repr__(self) -> str:
        raise RuntimeError


class ExitingRepr:
    def __repr__(self) -> str:
        sys.exit(3)


class BrokenText(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError

    def isascii(self) -> bool:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError


class LyingRepr:
    def __repr__(self) -> str:
        return BrokenText("lie\n")


class BrokenDict(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError


class EndlessDict(dict[str, Any]):
    def items(self) -> Any:
        return iter(lambda: (object(), 1), None)

    def __len__(self) -> int:
        return 10**9


class BrokenInt(int):
    def __repr__(self) -> str:
        raise RuntimeError

    __str__ = __format__ = __add__ = __pos__ = __repr__  # type: ignore[assignment]


class BrokenClass:
    @property
    def __class__(self) -> Any:
        raise RuntimeError


class LyingClass:
    __class__ = dict  # type: ignore[assignment]


class BrokenException(Exception):  # noqa: N818  its name is part of what is tested
    def __str__(self) -> str:
        raise RuntimeError


class LyingDate(datetime):
    def isoformat(self, *_: Any) -> Any:
        return object()


class BrokenLength(list[int]):
    def __len__(self) -> int:
        raise RuntimeError


class Recursive:
    def __repr__(self) -> str:
        return repr(self)


class BrokenGetattr:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError


class Meta(type):
    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError


class BrokenMeta(metaclass=Meta):
    pass


@dataclass
class Login:
    user: str
    password: str


NamedLogin = namedtuple("NamedLogin", "user api_key")


def circular_list() -> list[Any]:
    value: list[Any] = [1]
    value.append(value)
    return value


def circular_dict() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = {"again": value}
    return value


def deep(kind: type) -> Any:
    value: Any = SECRET if kind is dict else "bottom"
    for _ in range(2_000):
        value = {"password": value} if kind is dict else [value]
    return value


def shared() -> Any:
    value: Any = ["x"]
    for _ in range(20):
        value = [value] * 10
    return value


HOSTILE: dict[str, tuple[Any, Any]] = {
    # input: what the JSON line holds; ANY where only the line itself is checked
    "decimal": (Decimal("1.50"), "1.50"),
    "huge decimal": (Decimal("1E+999999"), "1E+999999"),
    "decimal NaN": (Decimal("sNaN"), "sNaN"),
    "datetime": (datetime(2026, 11, 23, tzinfo=UTC), "2026-11-23T00:00:00+00:00"),
    "date": (date(2026, 11, 23), "2026-11-23"),
    "time": (time(6, 30), "06:30:00"),
    "timedelta": (timedelta(seconds=90), "0:01:30"),
    "lying date": (LyingDate(2026, 11, 23, tzinfo=UTC), "2026-11-23T00:00:00+00:00"),
    "uuid": (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    "enum": (Colour.RED, "red"),
    "int enum": (Size.SMALL, 1),
    "str enum": (Word.PASSWORD, "password"),
    "set": ({3, 1, 2}, [1, 2, 3]),
    "frozenset of mixed": (frozenset({"a", 1}), ["a", 1]),
    "set with a broken repr": ({BrokenRepr()}, ["[unrenderable: BrokenRepr]"]),
    "bytes": (b"abc\xff", "abc\\xff"),
    "bytearray": (bytearray(b"abc"), "abc"),
    "NaN": (float("nan"), "nan"),
    "infinity": (float("-inf"), "-inf"),
    "2**70": (2**70, 2**70),
    "10**5000": (10**5_000, "[int of 16610 bits]"),
    "-10**5000 in a list": ([-(10**5_000)], ["[int of 16610 bits]"]),
    "fraction": (Fraction(1, 3), "1/3"),
    "complex": (1 + 2j, "(1+2j)"),
    "path": (Path("recipes/bread"), "recipes/bread"),
    "bool": (True, True),
    "none": (None, None),
    "broken repr": (BrokenRepr(), "[unrenderable: BrokenRepr]"),
    "exiting repr": (ExitingRepr(), "[unrenderable: ExitingRepr]"),
    "recursive repr": (Recursive(), "[unrenderable: Recursive]"),
    "repr that is a hostile str": (LyingRepr(), "lie\n"),
    "broken str": (BrokenText("bread"), "bread"),
    "hostile dict": (BrokenDict(a=1), "[unrenderable: BrokenDict]"),
    "endless dict": (EndlessDict(), ...),
    "hostile int": (BrokenInt(5), 5),
    "hostile length": (BrokenLength([1]), "[unrenderable: BrokenLength]"),
    "hostile class": (BrokenClass(), ...),
    "lying class": (LyingClass(), ...),
    "hostile getattribute": (BrokenGetattr(), ...),
    "hostile metaclass": (BrokenMeta(), ...),
    "exception": (ValueError("no flour"), "ValueError: no flour"),
    "broken exception": (BrokenException(), "BrokenException: [unrenderable]"),
    "circular list": (circular_list(), [1, "[circular: list]"]),
    "circular dict": (circular_dict(), {"self": {"again": "[circular: dict]"}}),
    "2,000 lists deep": (deep(list), ...),
    "2,000 secrets deep": (deep(dict), {"password": "[redacted]"}),
    "10^20 items by sharing": (shared(), ...),
    "huge range": (range(10**12), ...),
    "generator": ((n for n in ()), ...),
    "deque": (deque([1, 2]), [1, 2]),
    "defaultdict": (defaultdict(int, a=1), {"a": 1}),
    "ordered dict": (OrderedDict(a=1), {"a": 1}),
    "user dict": (UserDict(a=1), {"a": 1}),
    "tuple": ((1, "a"), [1, "a"]),
    "lone surrogate": ("a\ud800b", "a\ufffdb"),
    "newline": ("a\nb\r\nc\x0bd\x0ce\x85f\u2028g\u2029h\x1ci", "a\nb\r\nc\x0bd\x0ce\x85f\u2028g\u2029h\x1ci"),
    "ANSI": ("\x1b[31mred\x1b[0m \x9b31m", "\x1b[31mred\x1b[0m \x9b31m"),
    "NUL": ("a\x00b", "a\x00b"),
    "bidi": ("\u202egnp.exe\u2066", "\u202egnp.exe\u2066"),
    "percent": ("100% %s %(x)d %", "100% %s %(x)d %"),
    "braces": ("{} {0.__class__} {x!r}", "{} {0.__class__} {x!r}"),
    "quotes and backslashes": ('"\\u0041\\"', '"\\u0041\\"'),
    "emoji": ("crème brûlée 🍮", "crème brûlée 🍮"),
    "huge text": ("x" * 10**6, "x" * 16_384 + "[983616 more characters]"),
    "object": (object(), ...),
    "class": (dict, "<class 'dict'>"),
    "function": (deep, ...),
    "keys that are no text": (
        {1: "a", "1": "b", None: "c", (1, 2): "d"},
        {"1": "a", "1'": "b", "None": "c", "[1, 2]": "d"},
    ),
    "key with a broken repr": ({BrokenRepr(): 1}, {"[unrenderable: BrokenRepr]": 1}),
    "key with a newline": ({"a\nb": 1}, {"a\nb": 1}),
    "huge key": ({"k" * 1_000: 1}, {"k" * 200 + "[800 more characters]": 1}),
    "secret in a nested key": (
        {"user": "ada", "db": [{"Password": SECRET}]},
        {"user": "ada", "db": [{"Password": "[redacted]"}]},
    ),
    "secret in a bytes key": ({b"authorization": SECRET}, {"authorization": "[redacted]"}),
    "secret in an enum key": ({Word.PASSWORD: SECRET}, {"password": "[redacted]"}),
    "secret in a hostile key": ({BrokenText("password"): SECRET}, {"password": "[redacted]"}),
    "secret in a huge key": ({"k" * 1_000 + "_password": SECRET}, ...),
    "secret in a dataclass": (Login("ada", SECRET), {"user": "ada", "password": "[redacted]"}),
    "secret in a named tuple": (NamedLogin("ada", SECRET), {"user": "ada", "api_key": "[redacted]"}),
    "nested free text": ({"notes": "burnt"}, {"notes": 5}),
}  # fmt: skip
