"""Outcomes that wait for the end of their transaction, in a frame for each open savepoint."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from bake_tracker.clock import uuid7
from bake_tracker.database.durability import Durability, least_durability
from bake_tracker.log.format import exception_field
from bake_tracker.log.tell import report_logging_fault
from bake_tracker.log.together import lines_together
from bake_tracker.log.values import utc_text_ns


class Fate(Enum):
    """How a transaction ended; UNKNOWN if nobody saw it, PREPARED if it still waits for another program's decision."""

    COMMITTED = "committed"
    ROLLED_BACK = "rolled_back"
    UNKNOWN = "unknown"
    PREPARED = "prepared"


class Ending:
    """How and when a transaction ended, the error if it failed, and otherwise why its owner rolled it back."""

    cause: BaseException | None = None
    """The exception that made the owner roll back."""
    words: str | None = None
    """The owner's own reason."""
    after = ""
    """The row of the last operation that had succeeded."""
    durability: Durability | None = None
    """Who keeps what was committed, at least; None if nobody says."""
    _text: str | None = None
    _shown: dict[str, Any] | None = None

    def __init__(self, fate: Fate, failure: BaseException | None, commit_ns: int = 0) -> None:
        self.fate = fate
        self.failure = failure
        self.commit_ns = commit_ns
        """How long the COMMIT took; 0 if none was sent."""
        self._at_ns = time.time_ns()

    @property
    def settled_at(self) -> str:
        """The time of the ending, in the format of log lines."""
        if self._text is None:
            self._text = utc_text_ns(self._at_ns)
        return self._text

    @property
    def exception(self) -> dict[str, Any] | None:
        """The error or the exception, in the format of log lines."""
        error = self.failure or self.cause
        if self._shown is None and error is not None:
            self._shown = exception_field(error)
        return self._shown


# The pooled connection holds this, so it must not refer to the session: an abandoned one could never be collected.
Settle = Callable[[Ending], None]
Pending = tuple[Settle, str]
"""What to call once the outcome is decided, and the id of the row that is kept if it was a success."""

_forks = [0]
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _forks.append(_forks.pop() + 1))


class Frame:
    """What is pending in a savepoint, or in the transaction itself; ``around`` took it over when it was released."""

    __slots__ = ("around", "is_doomed", "pending", "savepoint")

    def __init__(self, savepoint: str) -> None:
        self.savepoint = savepoint
        self.pending: list[Pending] = []
        self.is_doomed = False
        self.around: Frame | None = None


class OpenTransaction:
    """One driver transaction, with a frame of pending outcomes for itself and each open savepoint."""

    failure: BaseException | None = None
    commit_ns = 0
    settings = ""
    """The server's settings that say what a COMMIT is worth, as last heard of."""
    has_standby = False
    """Whether a second server is known to have what was committed."""
    words: str | None = None
    """Why the caller is about to roll back, in its own words."""
    is_abandoned = False
    """Whether the garbage collector ends it, so that an exception handled meanwhile is not the reason."""
    is_committing = False
    """Whether COMMIT was sent and nobody knows yet how it ended."""
    is_suspect = False
    """Whether statements may have passed unseen, so that the rows have to be asked before COMMIT."""
    question = ""
    """The SELECT for the ids of the rows that are there, with ``{}`` for a list of ids; settings may follow."""

    def __init__(self, transaction_id: str | None = None) -> None:
        self._id = transaction_id
        self._forks = _forks[0]
        self._handled_before = id(sys.exception())
        self.frames = [Frame("")]

    @property
    def transaction_id(self) -> str:
        """The transaction's id, created on first use because not every transaction is logged."""
        if self._id is None:
            self._id = uuid7()
        return self._id

    @property
    def is_awaited(self) -> bool:
        """Whether any outcome is pending."""
        return any(frame.pending for frame in self.frames)

    @property
    def is_doomed(self) -> bool:
        """Whether it contains something that must not be committed and could not be rolled back by itself."""
        for frame in self.frames:  # noqa: SIM110  a generator takes three times as long
            if frame.is_doomed:
                return True
        return False

    def is_doomed_from(self, savepoint: str) -> bool:
        """Whether releasing this savepoint would keep something doomed."""
        return any(frame.is_doomed for frame in self.frames[self._position(savepoint) or len(self.frames) :])

    @property
    def is_inherited(self) -> bool:
        """Whether it belongs to the process from which this one was forked."""
        return self._forks != _forks[0]

    def doom(self, frame: Frame | None) -> None:
        """Let nothing of a failed savepoint be committed, unless it is already rolled back.

        If it was released before the failure, that means everything in the frame that took it over.
        """
        while frame is not None and frame.around is not None:
            frame = frame.around
        if any(one is frame for one in self.frames):
            frame.is_doomed = True  # type: ignore[union-attr]  # it is one of the frames

    def add(self, settle: Settle, row_id: str = "") -> None:
        """Call ``settle`` once, when the outcome of the innermost open savepoint is decided."""
        self.frames[-1].pending.append((settle, row_id))

    def awaits(self, settle: Settle | None) -> bool:
        """Whether this outcome is pending."""
        return any(one is settle for frame in self.frames for one, _ in frame.pending)

    def enter(self, savepoint: str) -> None:
        self.frames.append(Frame(savepoint))

    def release(self, savepoint: str) -> None:
        """Move the savepoint's pending outcomes to the frame around it."""
        position = self._position(savepoint)
        around = self.frames[position - 1]
        while position and len(self.frames) > position:
            frame = self.frames.pop(position)
            frame.around = around
            around.is_doomed |= frame.is_doomed
            if frame.pending:
                around.pending.extend(frame.pending)

    def undo(self, savepoint: str) -> None:
        """Settle the pending outcomes of a rolled-back savepoint; the savepoint stays open."""
        if position := self._position(savepoint):
            undone = self.frames[position:]
            self.frames[position:] = [Frame(savepoint)]
        else:  # older than everything that is pending
            undone, self.frames = self.frames, [Frame(frame.savepoint) for frame in self.frames]
        self._settle(list(_pending_in(undone)), Fate.ROLLED_BACK, self.failure)
        self.words = None

    def keep(self, row_ids: set[str]) -> None:
        """Settle every pending outcome whose row is no longer there, as rolled back."""
        lost = [one for one in _pending_in(self.frames) if one[1] and one[1] not in row_ids]
        for frame in self.frames:
            frame.pending = [one for one in frame.pending if one not in lost]
        _settle_all(lost, Ending(Fate.ROLLED_BACK, self.failure))

    def row_ids(self) -> list[str]:
        """The rows that are kept if everything pending is a success."""
        return [row_id for _, row_id in _pending_in(self.frames) if row_id]

    def tell_prepared(self) -> None:
        """Report that everything pending is prepared; it stays pending."""
        _settle_all(list(_pending_in(self.frames)), Ending(Fate.PREPARED, None))

    def end(self, fate: Fate) -> None:
        """Settle all pending outcomes; idempotent. In a process that inherited the transaction, forget them.

        A rollback after a COMMIT that was interrupted says nothing about that COMMIT.
        """
        ended = self.frames[0].pending if len(self.frames) == 1 else list(_pending_in(self.frames))
        self.frames = [Frame("")]
        failure, self.failure = self.failure, None  # its traceback would keep the session alive
        if fate is Fate.ROLLED_BACK and self.is_committing:
            fate = Fate.UNKNOWN
        if ended and not self.is_inherited:
            self._settle(ended, fate, failure)

    def _settle(self, pending: list[Pending], fate: Fate, failure: BaseException | None) -> None:
        if not pending:
            return
        ending = Ending(fate, failure, self.commit_ns)
        if fate is Fate.ROLLED_BACK:
            ending.words, ending.after = self.words, pending[-1][1]
            cause = None if failure or self.words or self.is_abandoned else sys.exception()
            if id(cause) != self._handled_before:  # else it was being handled already when the transaction began
                ending.cause = cause
        elif fate is Fate.COMMITTED and self.settings:
            ending.durability = "standby" if self.has_standby else least_durability(self.settings)
        _settle_all(pending, ending)

    def _position(self, savepoint: str) -> int:
        """The position of the innermost savepoint with this name; 0 if unknown."""
        position = len(self.frames) - 1
        while position and self.frames[position].savepoint != savepoint:
            position -= 1
        return position


def _pending_in(frames: list[Frame]) -> Iterator[Pending]:
    for frame in frames:
        yield from frame.pending


def _settle_all(pending: list[Pending], ending: Ending) -> None:
    if len(pending) > 1:
        with lines_together():
            _settle_each(pending, ending)
    elif pending:
        _settle_each(pending, ending)


def _settle_each(pending: list[Pending], ending: Ending) -> None:
    interrupted: BaseException | None = None
    for settle, _ in pending:
        try:
            settle(ending)
        except Exception as error:  # logging must not undo or hide the database's decision
            report_logging_fault(error)
        except BaseException as error:  # Ctrl-C: the other outcomes are decided too, so log them first
            interrupted = interrupted or error
    if interrupted is not None:
        raise interrupted
