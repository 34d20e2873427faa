"""The files of a log: the current one and the rotated ones, plain or gzip-compressed."""

import gzip
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

import orjson

from bake_tracker.domain.errors import ValidationError

# A number or date added by log rotation; other copies are not part of the log.
_ROTATED = re.compile(r"[.-]\d[\dT:.-]*?(\.gz)?")
_ROTATED_BY_US = re.compile(r"\.(\d{8}T\d{6}\.\d{6})(?:\.gz)?")
_STAMP = "%Y%m%dT%H%M%S.%f"
_FIRST_LINE_BYTES = 1 << 20

PRIVATE = 0o600
"""The mode of new files: a log and a database hold names and prices."""
Identity = tuple[int, int]
"""A file's device and inode, which identify it under any name."""
Turn = tuple[datetime, str]
"""The sort key of a log's files; a file keeps it when it is renamed."""
BEFORE_ALL: Turn = (datetime.min.replace(tzinfo=UTC), "")
WRITTEN: Turn = (datetime.max.replace(tzinfo=UTC), "")
"""The key of the current file, after all rotated ones."""


class LogUnreadableError(ValidationError):
    """The log cannot be read; the message says why and what to do."""

    @classmethod
    def because(cls, file: Path, why: str) -> "LogUnreadableError":
        return cls([{"field": "log_file", "problem": f"{file} {why}; set BAKE_TRACKER_LOG_FILE to a readable file"}])


def make_private_folder(folder: Path) -> None:
    """Create a folder, and those around it, for this user alone; existing ones stay as they are."""
    try:
        folder.mkdir(mode=0o700)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        if not folder.is_dir():
            raise


def mode_of_next(path: Path) -> int:
    """The mode for a new file of a log: that of the last rotated one, which somebody may have changed, else private."""
    latest = max(rotated_files(path), key=lambda file: file.name, default=None)  # names sort by time
    if latest is not None:
        with suppress(OSError):
            return stat.S_IMODE(latest.stat().st_mode) & 0o666
    return PRIVATE


def is_there(file: Path) -> bool:
    """Whether the log exists; False if it has not been written yet.

    Raises:
        LogUnreadableError: the path leads to something other than a file, or it cannot be opened.
    """
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        target = Path(os.path.realpath(file))
        if file.is_symlink() and not target.parent.is_dir():
            why = f"cannot be opened: it links to {target}, whose folder does not exist"
            raise LogUnreadableError.because(file, why) from None
        return False
    except OSError as error:
        raise LogUnreadableError.because(file, f"cannot be opened: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise LogUnreadableError.because(file, "is not a regular file")
    return True


def log_files(path: Path) -> list[Path]:
    """The files of one log, oldest first: ``NAME.2.gz``, ``NAME.20261123T143342.123456`` and so on, and last ``NAME``.

    Files that Bake Tracker rotated are ordered by the time in their name, others by the time of their first line.
    """
    return [file for _, file in _in_order(path)]


def open_in_turn(
    path: Path, *, after: Turn = BEFORE_ALL, newest_first: bool = False
) -> Iterator[tuple[Turn, IO[bytes]]]:
    """Open each file of a log, oldest first, exactly once, even during rotation.

    If an opened file is not the one that was listed, it was rotated or compressed in the meantime. Then the files are
    listed again, and reading continues after the last file read or, with ``newest_first``, at the one that was next,
    since the last one may now be listed as a rotated file. Only one file is open at a time.

    Raises:
        LogUnreadableError: a path leads to something other than a file, or it cannot be opened.
    """
    first, last = after, WRITTEN
    while True:
        begun, end = first, last
        current = identity(path)  # checked before the others, so that a rotation in between is noticed
        turns = _in_order(path)
        for turn, name in list(turns)[::-1] if newest_first else turns:
            if not begun < turn <= end or (not is_there(name) and name == path and current is None):
                continue
            if newest_first:
                last = turn
            try:
                file = name.open("rb")
            except FileNotFoundError:
                if name != path and name.is_symlink():  # listing it again would not help
                    raise LogUnreadableError.because(name, "cannot be opened: it links to a missing file") from None
                break
            except OSError as error:
                raise LogUnreadableError.because(name, f"cannot be opened: {error.strerror}") from error
            with file:
                is_same = identity(file.fileno()) == current if name == path else _turn(name, path) == turn
                if not is_same:
                    break
                yield turn, file
            if not newest_first:
                first = turn
        else:
            return


def latest_turn(path: Path) -> Turn:
    """The sort key of the newest rotated file, or the lowest key if there is none."""
    *_, latest = BEFORE_ALL, *(turn for turn, name in _in_order(path) if name != path)
    return latest


def identity(file: Path | str | int, *, follow_symlinks: bool = True) -> Identity | None:
    """The device and inode of a path or descriptor, or None if there is no file."""
    try:
        status = os.stat(file, follow_symlinks=follow_symlinks)  # noqa: PTH116  of a descriptor too
    except OSError:
        return None
    return status.st_dev, status.st_ino


def unpacked(raw: IO[bytes]) -> IO[bytes]:
    """The file, decompressed if its content is gzip."""
    is_packed = raw.peek(2)[:2] == b"\x1f\x8b"  # type: ignore[attr-defined]  # opened with a buffer
    return cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if is_packed else raw


def rotated_files(path: Path) -> list[Path]:
    """The files that Bake Tracker rotated, in no order, whether compressed, plain or both."""
    return [file for file in _beside(path) if _ROTATED_BY_US.fullmatch(file.name[len(path.name) :])]


def rotated_name(path: Path, at: datetime) -> Path:
    """The name of a file rotated at this time."""
    return path.with_name(f"{path.name}.{at.astimezone(UTC):{_STAMP}}")


def when_rotated(file: Path, path: Path) -> datetime:
    """The time in a rotated file's name."""
    stamp = _ROTATED_BY_US.fullmatch(file.name[len(path.name) :])
    assert stamp is not None
    return datetime.strptime(stamp[1], _STAMP).replace(tzinfo=UTC)


def holds_a_line(file: Path) -> bool:
    """Whether a file holds a whole line; a full disk can leave half a line."""
    try:
        with file.open("rb") as raw, unpacked(raw) as lines:
            return b"\n" in lines.read(_FIRST_LINE_BYTES)
    except FileNotFoundError:
        return False
    except (OSError, EOFError, zlib.error):
        return True


def first_instant(file: Path) -> datetime | None:
    """The time of a file's first line, if it has one."""
    try:
        with file.open("rb") as raw, unpacked(raw) as lines:
            line = orjson.loads(lines.readline(_FIRST_LINE_BYTES))
        # The line of a commit-bound outcome is written when it is settled, which can be long after it happened.
        instant = datetime.fromisoformat(line.get("settled_at") or line["timestamp"])
    except (OSError, EOFError, zlib.error, ValueError, TypeError, AttributeError, KeyError):
        return None  # it does not begin with one of our lines
    return instant if instant.tzinfo else None


def _in_order(path: Path) -> list[tuple[Turn, Path]]:
    rotated = [file for file in _stable(path) if _ROTATED.fullmatch(file.name[len(path.name) :])]
    # Compressed, but the original still exists: use the original, which is certainly complete.
    originals = {file.name for file in rotated}
    once = [file for file in rotated if not (file.suffix == ".gz" and file.stem in originals)]
    return [*sorted((_turn(file, path), file) for file in once), (WRITTEN, path)]


def _turn(file: Path, path: Path) -> Turn:
    """The sort key of a rotated file: the end time of ours, the start time of others, which keeps their order."""
    name = file.name.removesuffix(".gz")
    if _ROTATED_BY_US.fullmatch(file.name[len(path.name) :]):
        return when_rotated(file, path), name
    if (began := first_instant(file)) is not None:
        return began, ""  # without the name, because logrotate renames NAME.1 to NAME.2
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC), name
    except FileNotFoundError:
        return BEFORE_ALL[0], name


def _stable(path: Path) -> list[Path]:
    """The files beside a log, listed until two listings agree, because one can miss a file being renamed."""
    before, now = None, _beside(path)
    while now != before:
        before, now = now, _beside(path)
    return now


def _beside(path: Path) -> list[Path]:
    try:
        return sorted(file for file in path.parent.iterdir() if file.name.startswith(path.name) and file != path)
    except OSError:
        return []
