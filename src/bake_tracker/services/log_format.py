"""How a record looks: one line of JSON for files and machines, one coloured line for a terminal."""

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from bake_tracker.services.log_values import error_text, safe_field
from bake_tracker.services.logging_utils import record_fields

MAX_FRAMES = 30

# Everything that could end a line, colour a terminal or turn text around: C0, DEL, C1, line separators, bidi controls.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, default=str).encode

_COLOURS = {
    "DEBUG": "\x1b[2m",
    "INFO": "\x1b[32m",
    "WARNING": "\x1b[33m",
    "ERROR": "\x1b[31m",
    "CRITICAL": "\x1b[31m",
}
_CONSOLE_HIDDEN = frozenset(
    {"operation", "outcome", "database_id", "transaction_id", "request_id", "settled_at", "actor"}
)


def escape_unsafe(text: str) -> str:
    r"""Write unsafe characters as ``\uXXXX``; inside a JSON document the value stays the same."""
    return text if text.isascii() and text.isprintable() else _UNSAFE.sub(lambda m: f"\\u{ord(m[0]):04x}", text)


def utc_text(timestamp: float) -> str:
    """An instant as ``2026-11-23T09:15:00.123456Z``."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


class JsonFormatter(logging.Formatter):
    """One event, one line of UTF-8 JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"timestamp": utc_text(record.created)}
        if (settled_at := record.__dict__.get("settled_at")) is not None:
            line["settled_at"] = utc_text(settled_at)
        line["level"], line["logger"] = record.levelname, safe_field("logger", record.name)
        line["message"] = safe_field("message", _message(record))
        line.update((key, value) for key, value in record_fields(record).items() if key != "settled_at")
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = exception_field(record.exc_info[1])
        return escape_unsafe(_encode(line))


class ConsoleFormatter(logging.Formatter):
    """One event, one line for people; coloured where the stream is a terminal."""

    def __init__(self, *, colour: bool) -> None:
        super().__init__()
        self.colour = colour

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone()
        fields = {key: value for key, value in record_fields(record).items() if key not in _CONSOLE_HIDDEN}
        details = " ".join(f"{key}={value if type(value) is str else _encode(value)}" for key, value in fields.items())
        if record.exc_info and record.exc_info[1] is not None:
            details += f" {error_text(record.exc_info[1])}"
        text = escape_unsafe(f"{_message(record)}  {details}")
        level = f"{record.levelname:<7}"
        if self.colour:
            level = f"{_COLOURS.get(record.levelname, '')}{level}\x1b[0m"
        return f"{at:%H:%M:%S} {level} {text}"


def exception_field(error: BaseException) -> dict[str, Any]:
    """Type, message and frames of an exception; never local variables."""
    name, _, message = error_text(error).partition(": ")
    return {"type": name, "message": message, "frames": _frames(error.__traceback__)}


def _frames(trace: TracebackType | None) -> list[str]:
    frames = [f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}" for frame, line in traceback.walk_tb(trace)]
    return frames[-MAX_FRAMES:]


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:
        return f"{record.msg!r} [its arguments do not fit]"
