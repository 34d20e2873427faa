"""Hand-made logs for tests of the readers."""

import gzip
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bake_tracker.log.append import AppendHandler
from bake_tracker.log.files import log_files
from bake_tracker.log.scan import read_log

MINUTE = "2026-11-23T09:{:02d}:{:02d}.000000Z"


def an_id(number: int) -> str:
    return f"0190b7a1-0000-7000-8000-{number:012d}"


def at(second: int) -> str:
    return MINUTE.format(second // 60, second % 60)


def line(number: int, outcome: str = "success", **more: Any) -> dict[str, Any]:
    """One outcome line of operation and transaction ``number``, at second ``number``."""
    level = "INFO" if outcome in ("success", "replayed") else "WARNING"
    return {
        "timestamp": at(number % 3600),
        "level": level,
        "logger": "bake_tracker.services.test",
        "message": f"record_receipt: {outcome}",
        "operation": "record_receipt",
        "outcome": outcome,
        "operation_id": an_id(number),
        "attempt": 1,
        "transaction_id": an_id(number + 500_000),
        "duration_ms": 1.5,
        "sql_count": 8,
        **more,
    }


def text_of(lines: Iterable[dict[str, Any] | str]) -> bytes:
    texts = (one if isinstance(one, str) else json.dumps(one, separators=(",", ":")) for one in lines)
    return "".join(f"{text}\n" for text in texts).encode()


def write(path: Path, lines: Iterable[dict[str, Any] | str]) -> Path:
    """Write a log file of these lines, compressed if its name says so."""
    data = text_of(lines)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def append(path: Path, lines: Iterable[dict[str, Any] | str]) -> None:
    with path.open("ab") as file:
        file.write(text_of(lines))


def tell(handler: AppendHandler, number: int, text: str = "x" * 200) -> None:
    """Append a numbered line."""
    record = logging.LogRecord("test", logging.INFO, __file__, 1, "told", None, None)
    record.number, record.text = number, text
    handler.handle(record)


def told(path: Path) -> list[int]:
    """The numbers in the order they are read; an unreadable line fails the test."""
    lines = list(read_log(path))
    assert None not in lines
    return [int(line["number"]) for line in lines if line]


def rotated(path: Path) -> list[str]:
    """The suffixes of the rotated files, oldest first."""
    return [file.name.removeprefix(path.name) for file in log_files(path)[:-1]]
