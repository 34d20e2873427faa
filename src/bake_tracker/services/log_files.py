"""The lines of a log, over the file itself and those that were rotated away from it, plain or gzip-compressed."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from bake_tracker.domain.errors import ValidationError

# A number or a date, as log rotation appends it; a copy that somebody made is not part of the log.
_ROTATED = re.compile(r"[.-]\d[\dT:.-]*?(\.gz)?")
TEXT_FIELDS = ("operation", "outcome", "operation_id", "parent_operation_id", "transaction_id", "request_id")


def log_files(path: Path) -> list[Path]:
    """The files of one log, oldest first: ``NAME.2.gz``, ``NAME-20261123`` ... and at last ``NAME``."""
    rotated = [
        found for found in path.parent.glob(f"{path.name}?*") if _ROTATED.fullmatch(found.name[len(path.name) :])
    ]
    return [*sorted(rotated, key=lambda file: (file.stat().st_mtime_ns, file.name)), path]


def read_log(path: Path) -> Iterator[dict[str, Any] | None]:
    """Every line of a log, oldest file first; None for one that is no log line. An absent log has none.

    Raises:
        ValidationError: there is something else in the file's place.
    """
    for file in log_files(path):
        if not file.exists():
            continue
        if not file.is_file():
            raise ValidationError.of(
                "log_file", f"{file} is no file that can be read; name one in BAKE_TRACKER_LOG_FILE"
            )
        yield from _read_file(file)


def _read_file(path: Path) -> Iterator[dict[str, Any] | None]:
    with _open(path) as file:
        try:
            for raw in file:
                if not raw.isspace():
                    yield _log_line(raw)
        except (EOFError, gzip.BadGzipFile):
            yield None  # cut off while it was compressed: what came before has been read


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _log_line(raw: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict) or not isinstance(line.get("timestamp"), str):
        return None
    return line if all(isinstance(line.get(name, ""), str | None) for name in TEXT_FIELDS) else None
