"""The lines of the log: those that were heard, and those that were expected."""

import logging
from collections import Counter

Line = tuple[str, str, str, int]
"""Operation, outcome, operation id (the parent's for a nested operation; "?" if unknowable), attempt."""


class Ear(logging.Handler):
    """Record the outcome of every operation."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: list[tuple[str, str, str, str | None, int]] = []

    def emit(self, record: logging.LogRecord) -> None:
        told = record.__dict__
        if "operation_id" in told and told["outcome"] != "started":
            line = (told["operation"], told["outcome"], told["operation_id"])
            self.heard.append((*line, told.get("parent_operation_id"), told["attempt"]))

    def empty(self) -> list[tuple[str, str, str, str | None, int]]:
        heard, self.heard = self.heard, []
        return heard


class Book:
    """The expected lines: some at once, some when their savepoint or transaction ends."""

    def __init__(self) -> None:
        self.told: list[Line] = []
        self.committed: list[Line] = []
        self.frames: list[list[Line]] = [[]]

    def wait(self, *lines: Line) -> None:
        self.frames[-1].extend(lines)

    def enter(self) -> None:
        self.frames.append([])

    def leave(self, *, is_undone: bool) -> None:
        lines = self.frames.pop()
        if is_undone:
            self.told.extend(_with_outcome(lines, "rolled_back"))
        else:
            self.frames[-1].extend(lines)

    def end(self, outcome: str | None, *, was_committed: bool = False) -> None:
        """Give every waiting line this outcome, or its own if there is none."""
        waiting = [line for frame in self.frames for line in frame]
        self.told.extend(_with_outcome(waiting, outcome) if outcome else waiting)
        if was_committed or not outcome:
            self.committed.extend(line for line in waiting if line[1] == "success")
        self.frames = [[]]


def _with_outcome(lines: list[Line], outcome: str) -> list[Line]:
    return [(line[0], outcome, line[2], line[3]) for line in lines]


class LogFile:
    """The successes that the log file should lack although their operations were committed.

    ``bake log verify`` lists them, unless a later ``replayed`` resolved an ``unknown``; a repair writes their lines.
    """

    def __init__(self) -> None:
        self.is_writable = True
        self.silent: Counter[tuple[str, str]] = Counter()
        self._said: dict[tuple[str, str], set[str]] = {}

    def follow(self, lines: list[Line], committed: list[Line]) -> None:
        """Take in the lines that were logged and the operations that were committed meanwhile."""
        self.silent.update((operation, of) for operation, _, of, _ in committed)
        for operation, outcome, of, _ in lines if self.is_writable else []:
            if outcome == "success":
                self.silent[operation, of] -= 1
            elif outcome in ("unknown", "replayed"):
                self._said.setdefault((operation, of), set()).add(outcome)

    def named(self) -> Counter[tuple[str, str]]:
        return Counter({one: count for one, count in self.silent.items() if not self._is_resolved(*one)})

    def _is_resolved(self, operation: str, of: str) -> bool:
        said = self._said.get((operation, of), set())
        if said == {"unknown"}:  # nested: its own answer counts
            return any(
                other == of.removeprefix("in ") and "replayed" in told for (_, other), told in self._said.items()
            )
        return said == {"unknown", "replayed"}

    def mended(self) -> None:
        self.silent -= self.named()
