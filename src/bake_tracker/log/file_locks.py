"""File locks that end with their process, so that a kill leaves none; a no-op on platforms without them."""

from collections.abc import Iterator
from contextlib import contextmanager

try:
    import fcntl
except ImportError:  # Windows has no such locks: log files are never rotated, and two repairs can run at once
    fcntl = None  # type: ignore[assignment]

CAN_LOCK = fcntl is not None


def hold(descriptor: int) -> None:
    """Take a shared lock on the file until its last descriptor closes.

    Raises:
        OSError: another process has it exclusively, for example to compress it, or the file system has no such locks.
    """
    if CAN_LOCK:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


@contextmanager
def alone(descriptor: int, *, patient: bool = False) -> Iterator[bool]:
    """Take an exclusive lock on a file or folder and yield whether that succeeded; wait for it only if ``patient``."""
    if not CAN_LOCK:
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if patient else fcntl.LOCK_NB))
    except BlockingIOError:
        yield False
        return
    try:
        yield True
    finally:
        # Closing is not enough: a child forked in the meantime shares the descriptor and would keep the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
