"""Append whole lines to a log file that processes share and that is rotated when full."""

import errno
import logging
import os
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from datetime import time as time_of_day
from pathlib import Path

from bake_tracker.log.emitting import report_logging_fault
from bake_tracker.log.events import Event, EventHandler, handled_event
from bake_tracker.log.file_locks import CAN_LOCK, hold
from bake_tracker.log.files import PRIVATE, Identity, first_instant, identity, make_private_folder, mode_of_next
from bake_tracker.log.format import JsonFormatter, written
from bake_tracker.log.rotation import Rotation, move_away, tidy, warn_once
from bake_tracker.log.together import append_line

_NEVER = float("inf")
_ROTATE_AGAIN_AFTER_S = 60.0
_TRIES = 100
# Readable too, because locks over a network require it; binary where the platform distinguishes.
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)


class AppendHandler(EventHandler):
    """Append each JSON line with one write, so that processes can share the file without tearing lines."""

    formatter: logging.Formatter

    def __init__(
        self, path: Path, rotation: Rotation | None = None, opening: Callable[[], bytes] | None = None
    ) -> None:
        """``opening`` returns the text to write before the first line."""
        super().__init__()
        self.formatter = JsonFormatter()
        self.path = path
        self.rotation = rotation or Rotation()
        self._opening = opening
        self._path_text = os.fspath(path)
        self._descriptor: int | None = None
        self._identity: Identity | None = None
        self._was_cut = False
        self._full_at_bytes = self._day_ends_at = _NEVER
        self._rotate_not_before_s = -_NEVER
        self._tidying: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        own, event = self.formatter, handled_event(record)
        if event is not None and type(own) is JsonFormatter and event.is_told_by(record):
            self.take(event)
            return
        try:
            append_line(
                self, own.line(record) if isinstance(own, JsonFormatter) else own.format(record).encode() + b"\n"
            )
        except Exception as error:
            report_logging_fault(error)

    def take(self, event: Event) -> None:
        if type(self.formatter) is not JsonFormatter:  # replaced by another formatter
            with event.handled() as record:
                self.handle(record)
            return
        try:
            append_line(self, written(event.line, event.error))
        except Exception as error:
            report_logging_fault(error)

    def append(self, lines: bytes) -> None:
        """Append whole lines with one write; a failure is reported once and never raised."""
        assert self.lock is not None
        self.lock.acquire()
        try:
            if self._opening is not None:
                lines = self._opening() + lines
            descriptor = self._descriptor_for(len(lines))
            if self._was_cut:
                lines = b"\n" + lines  # so that the half line before does not spoil this one
                self._was_cut = False
            if (count := os.write(descriptor, lines)) < len(lines):
                raise OSError(errno.EIO, f"only {count} of {len(lines)} bytes could be written")
            self._opening = None  # only now is it completely written
        except Exception as error:
            report_logging_fault(error, self._path_text)
            self._close()  # the next line opens the file again and checks whether it ends in half a line
        finally:
            self.lock.release()

    def _descriptor_for(self, length: int) -> int:
        """The open file, checked at every line because another process may have rotated it."""
        try:
            found = os.stat(self._path_text)  # noqa: PTH116  Path.stat() takes twice as long
        except (FileNotFoundError, NotADirectoryError):
            return self._open()
        except OSError:
            if self._descriptor is None:
                raise
            return self._descriptor  # the folder is no longer accessible, but the file is open
        descriptor = self._descriptor
        if descriptor is None or (found.st_dev, found.st_ino) != self._identity:
            descriptor = self._open()
        if found.st_size + length <= self._full_at_bytes and (
            self._day_ends_at == _NEVER or time.time() < self._day_ends_at
        ):
            return descriptor
        return self._after_rotation(length)

    def _after_rotation(self, length: int) -> int:
        """The file to write to, rotated first if it is full or from an earlier day; an empty file never is."""
        assert self._descriptor is not None
        assert self._identity is not None
        size = os.fstat(self._descriptor).st_size
        if size and (size + length > self._full_at_bytes or time.time() >= self._day_ends_at):
            self._rotate(self._identity)
        return self._open() if self._descriptor is None else self._descriptor

    def _open(self) -> int:
        """Open the file with a shared lock against compression, then check that the path still leads to it.

        Raises:
            OSError: the file cannot be opened.
        """
        self._close()
        make_private_folder(self.path.parent)
        for _ in range(_TRIES):
            mode = PRIVATE if identity(self.path) else mode_of_next(self.path)
            descriptor = os.open(self._path_text, _FLAGS, mode)
            try:
                lock_fault = _hold(descriptor)
                own = os.fstat(descriptor)
                if stat.S_ISFIFO(own.st_mode):
                    raise OSError(errno.EINVAL, "a pipe does not store lines; set BAKE_TRACKER_LOG_FILE to a file")
                if (found := identity(self._path_text)) == (own.st_dev, own.st_ino):
                    if lock_fault is not None:
                        warn_once("the log file cannot be locked, so it is not rotated", lock_fault)
                    self._was_cut = _ends_in_half_a_line(descriptor, own)
                    is_own_file = stat.S_ISREG(own.st_mode) and not self.path.is_symlink()
                    self._set_limits(CAN_LOCK and is_own_file and lock_fault is None)
                    self._descriptor, self._identity = descriptor, found
                    return descriptor
            finally:
                if self._descriptor != descriptor:
                    os.close(descriptor)
        raise OSError("the log file is being replaced faster than it can be opened")

    def _set_limits(self, can_rotate: bool) -> None:
        """Set when the opened file counts as full; never, if it is a link or not a regular file."""
        self._full_at_bytes = self._day_ends_at = _NEVER
        if can_rotate and self.rotation.size_bytes is not None:
            self._full_at_bytes = self.rotation.size_bytes
        if can_rotate and self.rotation.is_daily:
            day = (first_instant(self.path) or datetime.fromtimestamp(time.time(), UTC)).astimezone(UTC).date()
            self._day_ends_at = datetime.combine(day, time_of_day(), UTC).timestamp() + 86_400

    def _rotate(self, full: Identity) -> None:
        """Close and move away a full file; on failure, keep writing to it and retry in a minute."""
        if time.monotonic() < self._rotate_not_before_s:
            return
        try:
            if not move_away(self.path, full):
                return  # the others may still be writing here, and so may this line: we hold the file
        except OSError as error:
            self._rotate_not_before_s = time.monotonic() + _ROTATE_AGAIN_AFTER_S
            warn_once("the log file is full and cannot be rotated", error)
            return
        self._close()
        if self._tidying is None or not self._tidying.is_alive():
            self._tidying = threading.Thread(target=tidy, args=(self.path, self.rotation), name="bake-tracker-old-logs")
            with suppress(RuntimeError):  # the interpreter is shutting down; the next rotation tidies up
                self._tidying.start()

    def _close(self) -> None:
        descriptor, self._descriptor, self._was_cut = self._descriptor, None, False
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)

    def close(self) -> None:
        self._close()
        if self._tidying is not None and self._tidying.is_alive():
            self._tidying.join()
        super().close()


def _hold(descriptor: int) -> OSError | None:
    """Lock the file; return the error if that failed because of compression, a foreign lock or missing support."""
    try:
        hold(descriptor)
    except OSError as error:
        return error
    return None


def _ends_in_half_a_line(descriptor: int, status: os.stat_result) -> bool:
    """Whether the file ends in half a line, left by a full disk or a killed process."""
    if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
        return False
    os.lseek(descriptor, -1, os.SEEK_END)  # appending ignores this position
    return os.read(descriptor, 1) != b"\n"
