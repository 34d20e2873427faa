"""Where log lines go; only entry points install this, never an import."""

import logging
import os
import sys
from pathlib import Path

from bake_tracker.config import Settings, default_log_file
from bake_tracker.services.log_format import ConsoleFormatter, JsonFormatter
from bake_tracker.services.logging_utils import get_service_logger, log_operation, report_logging_fault

# What a command refuses, it says itself; a terminal should not hear it twice.
_SAID_BY_THE_COMMAND = frozenset({"validation_failed", "unit_conversion_failed", "conflict", "error"})


class AppendHandler(logging.Handler):
    """Append each line of JSON with one write, so that several processes share a file and tear no line."""

    formatter: JsonFormatter

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.formatter = JsonFormatter()
        self.path = path
        self._path_text = os.fspath(path)
        self._descriptor: int | None = None
        self._identity: tuple[int, int] | None = None
        self._was_cut = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.formatter.line(record)
            descriptor = self._descriptor_now()
            if self._was_cut:
                line = b"\n" + line  # the half line before must not take this one with it
            self._was_cut = False
            if (written := os.write(descriptor, line)) < len(line):
                self._was_cut = True
                raise OSError(f"only {written} of {len(line)} bytes of a line could be written")
        except Exception as error:
            report_logging_fault(error)

    def _descriptor_now(self) -> int:
        """The open file; looked for again at every line, since somebody may have moved it away to rotate it."""
        if self._descriptor is None or _identity(self._path_text) != self._identity:
            self._close()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            self._identity = _identity(self._descriptor)
            self._was_cut = _ends_in_half_a_line(self.path)
        return self._descriptor

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self._was_cut = None, False

    def close(self) -> None:
        self._close()
        super().close()


def _ends_in_half_a_line(path: Path) -> bool:
    """Whether somebody was stopped in the middle of a line: by a full disk, or by a kill."""
    if not path.is_file() or path.stat().st_size == 0:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _identity(file: str | int) -> tuple[int, int] | None:
    """Which file this is, by path or descriptor; None where there is none."""
    try:
        found = os.stat(file)  # noqa: PTH116  at every line, and Path.stat() takes twice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino


def log_file(settings: Settings, database_url: str) -> Path:
    """The file that the lines of this database go to."""
    return settings.log_file or default_log_file(database_url)


def configure_logging(settings: Settings, database_url: str) -> None:
    """Append JSON to the log file; a terminal shows WARNING and above, in the format asked for."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if getattr(handler, "is_bake_tracker", False)]:
        root.removeHandler(handler)
        handler.close()
    path = log_file(settings, database_url)
    is_new = not path.exists()
    _install(AppendHandler(path), settings.log_level)
    if settings.log_format or sys.stderr.isatty():
        console = logging.StreamHandler(sys.stderr)
        console.addFilter(_not_said_already)
        as_json = settings.log_format == "json"
        console.setFormatter(JsonFormatter() if as_json else ConsoleFormatter(colour=sys.stderr.isatty()))
        _install(console, "WARNING")
    root.setLevel(settings.log_level)
    for library in ("alembic", "sqlalchemy", "pint"):
        logging.getLogger(library).setLevel(logging.WARNING)
    if is_new:
        # The first line: from here on the log is complete, and `log verify` holds it to that.
        log_operation(get_service_logger(__name__), "open_log", "opened", log_file=str(path))


def _install(handler: logging.Handler, level: str) -> None:
    handler.setLevel(level)
    handler.is_bake_tracker = True  # type: ignore[attr-defined]  # so that a second call replaces it
    logging.getLogger().addHandler(handler)


def _not_said_already(record: logging.LogRecord) -> bool:
    outcome = str(record.__dict__.get("outcome", ""))
    return not (outcome in _SAID_BY_THE_COMMAND or outcome.startswith("insufficient") or outcome.endswith("not_found"))
