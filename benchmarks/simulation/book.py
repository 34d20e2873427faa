"""The lines of the log: those that are heard, and those that ought to be."""

import logging

Line = tuple[str, str, str, int]
"""Operation, outcome, operation id (of the parent, for an operation inside another; "?" if unknowable), attempt."""


class Ear(logging.Handler):
    """Hears the outcome of every operation."""

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
    """The lines that ought to be told: at once, or when the savepoint or transaction they wait for is decided."""

    def __init__(self) -> None:
        self.told: list[Line] = []
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

    def end(self, outcome: str | None) -> None:
        """Everything that waits comes to ``outcome``, or as it is when the transaction was committed."""
        waiting = [line for frame in self.frames for line in frame]
        self.told.extend(_with_outcome(waiting, outcome) if outcome else waiting)
        self.frames = [[]]


def _with_outcome(lines: list[Line], outcome: str) -> list[Line]:
    return [(line[0], outcome, line[2], line[3]) for line in lines]
