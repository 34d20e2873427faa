"""The clock and the ids made from it; read by entry points and by the operation context, nowhere else."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID


def now() -> datetime:
    """This instant, aware and in UTC."""
    return datetime.now(UTC)


def uuid7() -> str:
    """A UUID version 7 (RFC 9562): 48 bits of milliseconds, then random bits; the standard library has it from 3.14."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(UUID(int=value & ~(0x3 << 62) | 0x2 << 62))
