"""A fair lock, granted in the order of requests."""

import threading
from collections import deque


class FairLock:
    """A lock that passes to the longest waiter; any thread may release it.

    ``threading.Lock`` goes to any thread that asks while it is free, usually the one that just released it.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_held = False

    def acquire(self, timeout_s: float) -> bool:
        """Wait up to this long; return whether the lock was acquired."""
        with self._guard:
            if not self._is_held:
                self._is_held = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            if turn.acquire(timeout=timeout_s):
                return True
        except BaseException:  # Ctrl-C: a waiter that is handed the lock must still be there to release it
            if not self._leave(turn):
                self.release()
            raise
        return not self._leave(turn)

    def _leave(self, turn: threading.Lock) -> bool:
        """Stop waiting; return False if the lock was handed over at the last instant."""
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return True
        return False

    def release(self) -> None:
        """Pass the lock to the longest waiter, if any."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_held = False
