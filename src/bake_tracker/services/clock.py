"""The clock and the ids made from it; read by entry points and by the operation context, nowhere else."""

import os
import time
from datetime import UTC, datetime


def now() -> datetime:
    """This instant, aware and in UTC."""
    return datetime.now(UTC)


_RANDOM_BITS = (1 << 128) - 1 & ~(0xF << 76) & ~(0x3 << 62)
_VERSION_7 = 7 << 76 | 2 << 62


def uuid7() -> str:
    """A UUID version 7 (RFC 9562): 48 bits of milliseconds, then random bits; the standard library has it from 3.14."""
    milliseconds = time.time_ns() // 1_000_000 & (1 << 48) - 1
    value = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    digits = f"{value & _RANDOM_BITS | _VERSION_7:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
