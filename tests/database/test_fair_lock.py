"""A fair lock is granted in the order of requests, and an interrupted waiter does not keep it."""

import threading

import pytest
from sqlalchemy import text

from bake_tracker.database import fair_lock
from bake_tracker.database.fair_lock import FairLock
from bake_tracker.services.database import session_scope
from support.kitchen import Kitchen
from support.warm.waiting import wait_until


def test_an_interrupted_waiter_leaves_the_lock_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """This holds for an interrupt before the hand-over and at that very moment."""
    for is_handed_over in (False, True):
        lock = FairLock()
        assert lock.acquire("one", 1)

        class Interrupted:
            """A lock whose wait is interrupted by Ctrl-C."""

            def __init__(self) -> None:
                self._count = 0

            def acquire(self, timeout: float | None = None) -> bool:
                self._count += 1
                if self._count == 1:
                    return True
                if is_handed_over:  # noqa: B023  used before the next round
                    lock.release("one")  # noqa: B023  as above
                raise KeyboardInterrupt

            def release(self) -> None:
                return

        guard_and_turn = iter([Interrupted])
        with monkeypatch.context() as patched:
            patched.setattr(fair_lock.threading, "Lock", lambda turns=guard_and_turn: next(turns)())
            with pytest.raises(KeyboardInterrupt):
                lock.acquire("other", 1)
        if not is_handed_over:
            lock.release("one")
        assert lock.acquire("third", 0.1)


def test_a_fair_lock_goes_to_the_longest_waiter() -> None:
    """Waiting threads get it in the order they came, even though the first one asks again at once."""
    lock, order, arrived = FairLock(), [], []
    assert lock.acquire("first", 0)

    def wait(name: str) -> None:
        arrived.append(name)
        lock.acquire(name, 60)
        order.append(name)
        lock.release(name)

    threads = []
    for number, name in enumerate("abc"):
        threads.append(threading.Thread(target=wait, args=(name,)))
        threads[-1].start()
        wait_until(lambda number=number: len(lock._waiting) > number)
    lock.release("first")
    lock.acquire("first", 60)
    order.append("first again")
    lock.release("first")
    for thread in threads:
        thread.join()
    assert order == ["a", "b", "c", "first again"]


def test_a_waiter_that_gives_up_is_skipped_by_a_fair_lock() -> None:
    """A thread that has given up is skipped."""
    lock = FairLock()
    assert [lock.acquire("one", 0), lock.acquire("other", 0.01)] == [True, False]
    lock.release("other")  # it has nothing to release
    assert not lock.acquire("third", 0.01)
    lock.release("one")
    assert lock.acquire("third", 0)


def test_a_writer_interrupted_as_it_gets_its_turn_gives_it_back(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C before the turn's BEGIN: the next writer need not wait for it."""
    acquire, held = FairLock.acquire, []

    def interrupted(lock: FairLock, holder: object, _timeout_s: float) -> bool:
        held.append(acquire(lock, holder, 0))
        if len(held) == 1:
            raise KeyboardInterrupt
        return held[-1]

    monkeypatch.setattr(FairLock, "acquire", interrupted)
    with pytest.raises(KeyboardInterrupt), session_scope() as session:
        session.execute(text("SELECT 1"))
    Kitchen().ingredient("Flour")
    assert held[0] is True
    assert all(held)
