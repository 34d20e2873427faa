"""The clock and time-ordered ids; used only by entry points and the operation context."""

import os
import time
from datetime import UTC, datetime


def now() -> datetime:
    """The current instant, in UTC."""
    return datetime.now(UTC)


def uuid7() -> str:
    """A UUID version 7 (RFC 9562): 48 bits of milliseconds, then random bits. The standard library has it from 3.14."""
    milliseconds = hex(time.time_ns() // 1_000_000 & (1 << 48) - 1 | 1 << 48)  # twelve digits, after "0x1"
    random = _random_digits()
    variant = _VARIANT[random[3]]
    return f"{milliseconds[3:11]}-{milliseconds[11:]}-7{random[:3]}-{variant}{random[4:7]}-{random[8:]}"


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""The first digit of the fourth group: the bits 10, then two random ones."""
_DIGITS, _AT_ONCE = 20, 64
_drawn: list[str] = []
"""Random digits drawn ahead for the next ids: asking the system takes as long as everything else an id needs."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drawn.clear)  # two processes must not use the same digits


def _random_digits() -> str:
    try:
        return _drawn.pop()
    except IndexError:
        digits = os.urandom(_DIGITS * _AT_ONCE // 2).hex()
        _drawn.extend(digits[start : start + _DIGITS] for start in range(_DIGITS, len(digits), _DIGITS))
        return digits[:_DIGITS]
