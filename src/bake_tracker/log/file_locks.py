"""File locks that end with their process, so a kill leaves none; without platform support nobody gets one."""

from collections.abc import Iterator
from contextlib import contextmanager

try:
    import fcntl
except ImportError:  # Windows has no such locks: log files are left to grow, and two repairs are not held apart
    fcntl = None  # type: ignore[assignment]

CAN_LOCK = fcntl is not None


def hold(descriptor: int) -> None:
    """Take a shared lock on the file until its last descriptor closes.

    Raises:
        OSError: somebody has it alone, as while it is compressed, or this file system has no such locks.
    """
    if CAN_LOCK:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


@contextmanager
def alone(descriptor: int, *, patient: bool = False) -> Iterator[bool]:
    """Take an exclusive lock on a file or folder and return whether it succeeded; only the ``patient`` wait."""
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
        # Closing is not enough: a child forked meanwhile has the descriptor too, and would keep the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
