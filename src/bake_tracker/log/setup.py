"""Set up logging; only entry points call this, never an import."""

import logging
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bake_tracker.config import Settings, default_log_file
from bake_tracker.log.append import AppendHandler
from bake_tracker.log.events import Event
from bake_tracker.log.files import holds_a_line, log_files
from bake_tracker.log.format import ConsoleFormatter, JsonFormatter, written
from bake_tracker.log.rotation import Rotation
from bake_tracker.log.tell import get_service_logger
from bake_tracker.log.values import safe_fields

_UNITS = {"KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
# Commands print their own refusals, so the terminal should not repeat them.
_SAID_BY_THE_COMMAND = frozenset({"validation_failed", "unit_conversion_failed", "conflict", "error"})


def log_file(settings: Settings, database_url: str) -> Path:
    """The log file of this database."""
    return settings.log_file or default_log_file(database_url)


def configure_logging(settings: Settings, database_url: str) -> None:
    """Append JSON to the log file, and show WARNING and above on a terminal, in the chosen format."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if getattr(handler, "is_bake_tracker", False)]:
        root.removeHandler(handler)
        handler.close()
    path = log_file(settings, database_url)
    _install(AppendHandler(path, rotation_of(settings), _opening(path)), settings.log_level)
    if settings.log_format or sys.stderr.isatty():
        console = logging.StreamHandler(sys.stderr)
        console.addFilter(_not_said_already)
        as_json = settings.log_format == "json"
        console.setFormatter(JsonFormatter() if as_json else ConsoleFormatter(colour=sys.stderr.isatty()))
        _install(console, "WARNING")
    root.setLevel(settings.log_level)
    for library in ("alembic", "sqlalchemy", "pint"):
        logging.getLogger(library).setLevel(logging.WARNING)


def rotation_of(settings: Settings) -> Rotation:
    """The rotation for these settings."""
    size = re.fullmatch(r"(\d+)(KB|MB|GB)", settings.log_rotate)
    return Rotation(
        size_bytes=int(size[1]) * _UNITS[size[2]] if size else None,
        is_daily=settings.log_rotate == "DAY",
        keep=settings.log_keep,
        compress=settings.log_gzip,
    )


def _opening(path: Path) -> Callable[[], bytes]:
    """The opening line of a new log, which tells verification to expect a complete log from here on.

    Written together with the first line, so that commands that only read leave no file behind. It has the time at which
    this process set up its log, because its first line may describe something that happened well before it was settled.
    """
    since_ns = time.time_ns()

    def line() -> bytes:
        if any(holds_a_line(file) for file in log_files(path)):
            return b""
        opened = Event(get_service_logger("log_setup"), logging.INFO, "open_log", "opened", created_ns=since_ns)
        return written({**opened.line, **safe_fields({"log_file": str(path)})})

    return line


def _install(handler: logging.Handler, level: str) -> None:
    handler.setLevel(level)
    handler.is_bake_tracker = True  # type: ignore[attr-defined]  # so that a second call replaces it
    logging.getLogger().addHandler(handler)


def _not_said_already(record: logging.LogRecord) -> bool:
    outcome = str(record.__dict__.get("outcome", ""))
    return not (outcome in _SAID_BY_THE_COMMAND or outcome.startswith("insufficient") or outcome.endswith("not_found"))
