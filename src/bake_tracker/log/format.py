"""Formats: a line of JSON for files and programs, a coloured line for a terminal."""

import json
import logging
from datetime import datetime
from types import TracebackType
from typing import Any

import orjson

from bake_tracker.log.events import fields_of, is_own
from bake_tracker.log.redaction import without_secrets
from bake_tracker.log.values import error_text, escape_unsafe, safe_value, utc_text

MAX_FRAMES = 30
MAX_CAUSES = 5
MAX_CAUSE_FRAMES = 10
_ENDED = orjson.OPT_APPEND_NEWLINE

# For what orjson cannot write: integers of more than 64 bits.
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
    | {"trace_id", "span_id", "asked", "exception", "after_operation_id", "xid", "lsn", "timeline", "durability"}
)


class JsonFormatter(logging.Formatter):
    """One event, one line of UTF-8 JSON."""

    def format(self, record: logging.LogRecord) -> str:
        return self.line(record)[:-1].decode()

    def line(self, record: logging.LogRecord) -> bytes:
        """The encoded line, including the newline."""
        line: dict[str, Any] = {
            "timestamp": utc_text(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            **fields_of(record),
        }
        return written(line, record.exc_info[1] if record.exc_info else None)


def written(line: dict[str, Any], error: BaseException | None = None) -> bytes:
    """Encode a line of safe fields for a file, including the newline."""
    if error is not None:
        line = {**line, "exception": exception_field(error)}
    try:
        encoded = orjson.dumps(line, default=str, option=_ENDED)
    except (TypeError, ValueError):
        encoded = _encode(line).encode("utf-8", "backslashreplace") + b"\n"
    # In ASCII, the encoder has escaped everything except DEL; checking each character would cost a tenth of the line.
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    return escape_unsafe(encoded[:-1].decode()).encode() + b"\n"


class ConsoleFormatter(logging.Formatter):
    """One line per event for people, coloured on a terminal."""

    def __init__(self, *, colour: bool) -> None:
        super().__init__()
        self.colour = colour

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone()
        fields = {key: value for key, value in fields_of(record).items() if key not in _CONSOLE_HIDDEN}
        if record.exc_info and record.exc_info[1] is not None:
            fields.setdefault("error", error_text(record.exc_info[1]))
        details = " ".join(f"{key}={value if type(value) is str else _encode(value)}" for key, value in fields.items())
        level = f"{record.levelname:<7}"
        if self.colour:
            level = f"{_COLOURS.get(record.levelname, '')}{level}\x1b[0m"
        return f"{at:%H:%M:%S} {level} {escape_unsafe(f'{_message(record)}  {details}')}"


def exception_field(error: BaseException) -> dict[str, Any]:
    """Type, message and frames of an exception, and of what caused it, nearest first; never local variables."""
    shown = _one_exception(error, MAX_FRAMES)
    if causes := [_one_exception(cause, MAX_CAUSE_FRAMES) for cause in _causes_of(error)]:
        shown["causes"] = causes
    return shown


def _one_exception(error: BaseException, most_frames: int) -> dict[str, Any]:
    name, _, message = error_text(error).partition(": ")
    return {"type": name, "message": message, "frames": _frames(error.__traceback__)[-most_frames:]}


def _causes_of(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    while cause is not None and cause is not error and cause not in causes and len(causes) < MAX_CAUSES:
        causes.append(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return causes


def _frames(trace: TracebackType | None) -> list[str]:
    frames = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return frames[-MAX_FRAMES:]


def _message(record: logging.LogRecord) -> str:
    try:
        message = str(safe_value(record.getMessage()))
        return message if is_own(record) else without_secrets(message)
    except Exception:
        return f"{safe_value(record.msg)!r} [its arguments do not fit]"
