"""A fair lock, granted in the order of requests."""

import threading
from collections import deque


class FairLock:
    """A lock that passes to the longest waiter, and knows who holds it: whatever interrupts, its holder can give it up.

    ``threading.Lock`` goes to any thread that asks while it is free, usually the one that just released it.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[tuple[threading.Lock, object]] = deque()
        self._holder: object = None

    def acquire(self, holder: object, timeout_s: float) -> bool:
        """Wait up to this long; return whether the lock is this holder's, perhaps from before."""
        with self._guard:
            if self._holder is None or self._holder is holder:
                self._holder = holder
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append((turn, holder))
        try:
            return turn.acquire(timeout=timeout_s) or not self._leave(turn)
        except BaseException:  # Ctrl-C: a waiter that is handed the lock must still be there to release it
            if not self._leave(turn):
                self.release(holder)
            raise

    def _leave(self, turn: threading.Lock) -> bool:
        """Stop waiting; return False if the lock was handed over at the last instant."""
        with self._guard:
            before = len(self._waiting)
            self._waiting = deque(waiter for waiter in self._waiting if waiter[0] is not turn)
            return len(self._waiting) < before

    def release(self, holder: object) -> None:
        """Pass the lock to the longest waiter, if any; a holder without it has nothing to release."""
        with self._guard:
            if self._holder is not holder:
                return
            turn, self._holder = self._waiting.popleft() if self._waiting else (None, None)
            if turn:
                turn.release()
