"""Move away, compress and, if asked, delete full log files without losing any process's lines.

Every writer holds a shared lock on its open file. It takes the lock before it checks that the path still leads to that
file, and writes only if it does. So a process that gets the exclusive lock on a file that was moved away knows that
nobody can append to it any more, and only then compresses or deletes it. Writing a line needs no lock. Locks end with
their process, so a kill leaves none behind. See ``docs/adr/0005``.
"""

import gzip
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from bake_tracker.log.file_locks import alone
from bake_tracker.log.files import PRIVATE, Identity, identity, rotated_files, rotated_name, when_rotated

_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True)
class Rotation:
    """When to rotate and what to keep; ``keep`` is a number of old files, None keeps all."""

    size_bytes: int | None = None
    is_daily: bool = False
    keep: int | None = None
    compress: bool = True


def move_away(path: Path, expected: Identity) -> bool:
    """Rename a full file; return False if another process did so or is doing it now.

    Raises:
        OSError: the file cannot be renamed.
    """
    lock = os.open(path.with_name(f"{path.name}.lock"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE)
    with os.fdopen(lock, "ab") as door, alone(door.fileno()) as is_alone:
        if not is_alone or identity(path, follow_symlinks=False) != expected:
            return False
        latest = max((when_rotated(file, path) for file in rotated_files(path)), default=None)
        at = datetime.now(UTC)
        # Never an existing name, and names that sort by time even if the clock went back.
        path.rename(rotated_name(path, max(at, latest + timedelta(microseconds=1)) if latest else at))
    return True


def tidy(path: Path, rotation: Rotation) -> None:
    """Delete surplus old files and compress the others; files that a writer still holds wait until next time."""
    found = {file.name: file for file in rotated_files(path)}
    by_age = [path.with_name(name) for name in sorted({name.removesuffix(".gz") for name in found})]
    gone = by_age[: -rotation.keep] if rotation.keep else []
    for file in by_age:
        try:
            if file in gone:
                _delete(file)
            elif rotation.compress and file.name in found:
                _compress(file)
        except Exception as error:
            warn_once("old log files cannot be compressed or deleted", error)


def _compress(plain: Path) -> None:
    """Replace a rotated file with ``NAME.gz``; at every moment one of the two is complete."""
    packed = plain.with_name(f"{plain.name}.gz")
    part = packed.with_name(f"{packed.name}.part")
    with _nobody_writes(plain) as file:
        if file is None:
            return
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE), "wb") as raw:
                with gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw) as target:
                    shutil.copyfileobj(file, target, _BLOCK)
                raw.flush()
                os.fsync(raw.fileno())
            shutil.copystat(plain, part)
            if file.tell() != os.fstat(file.fileno()).st_size:
                raise OSError(f"another program appends to {plain.name} without a lock")
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        part.replace(packed)
        _sync_folder(packed.parent)  # the new name must be on disk before the old one is deleted
        plain.unlink()


def _delete(plain: Path) -> None:
    with _nobody_writes(plain) as file:
        if file is None and plain.exists():
            return
        for ending in (".gz.part", ".gz", ""):
            plain.with_name(plain.name + ending).unlink(missing_ok=True)


@contextmanager
def _nobody_writes(plain: Path) -> Iterator[IO[bytes] | None]:
    """Open the file and lock it against appending; yield None if a writer still holds it or it is gone."""
    try:
        file = plain.open("rb")
    except FileNotFoundError:
        yield None
        return
    with file, alone(file.fileno()) as is_alone:
        is_same = identity(plain, follow_symlinks=False) == identity(file.fileno())
        yield file if is_alone and is_same else None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # not supported by some file systems
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


_warned: set[tuple[str, str]] = set()


def warn_once(consequence: str, error: BaseException) -> None:
    """Warn on stderr about a failed rotation, once per kind of fault; the lines themselves are written."""
    kind = getattr(error, "strerror", None) or type(error).__name__
    if (consequence, kind) not in _warned:
        _warned.add((consequence, kind))
        with suppress(Exception):  # stderr itself is gone
            sys.stderr.write(f"bake-tracker: {consequence} ({kind}); no lines are lost\n")
