"""A fair lock is granted in the order of requests, and an interrupted waiter does not keep it."""

import pytest

from bake_tracker.database import fair_lock
from bake_tracker.database.fair_lock import FairLock


def test_an_interrupted_waiter_leaves_the_lock_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """This holds for an interrupt before the hand-over and at that very moment."""
    for is_handed_over in (False, True):
        lock = FairLock()
        assert lock.acquire(1)

        class Interrupted:
            """A lock whose wait is interrupted by Ctrl-C."""

            def __init__(self) -> None:
                self._count = 0

            def acquire(self, timeout: float | None = None) -> bool:
                self._count += 1
                if self._count == 1:
                    return True
                if is_handed_over:  # noqa: B023  used before the next round
                    lock.release()  # noqa: B023  as above
                raise KeyboardInterrupt

            def release(self) -> None:
                return

        guard_and_turn = iter([Interrupted])
        with monkeypatch.context() as patched:
            patched.setattr(fair_lock.threading, "Lock", lambda turns=guard_and_turn: next(turns)())
            with pytest.raises(KeyboardInterrupt):
                lock.acquire(1)
        if not is_handed_over:
            lock.release()
        assert lock.acquire(0.1)
