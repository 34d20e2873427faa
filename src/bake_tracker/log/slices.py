"""A slice of the log, read from its end: the latest matching lines, and how far back the search went."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bake_tracker.domain.access import Role
from bake_tracker.domain.log.outcomes import BROKEN, DONE, NO_ENDS, QUESTIONS, is_refused
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.log.scan import LogLine, read_lines, scan_backwards
from bake_tracker.log.tail import Follower

MOST_READ = 100_000
"""The most lines read for one slice; a search for rarer lines continues from there."""

GROUPS: dict[str, Callable[[str], bool]] = {
    "": lambda outcome: outcome not in QUESTIONS,
    "done": lambda outcome: outcome in DONE,
    "refused": is_refused,
    "broken": lambda outcome: outcome in BROKEN,
    "asked": lambda outcome: outcome in QUESTIONS,
}
"""Groups of operations by outcome."""
OTHERS = "others"
"""Lines that are not operations: sign-ins, refused requests, and lines about the log itself."""


def shown_to(role: Role, line: Mapping[str, Any]) -> LogLine | None:
    """A line as this role may read it; None for lines that only owners see, such as sign-ins.

    Only owners see where in the program something broke.
    """
    if role.allows(Role.OWNER):
        return dict(line)
    return {name: value for name, value in line.items() if name != "exception"} if line.get("operation_id") else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter for one bakery's lines: a group of outcomes and a query."""

    database_id: str
    group: str = ""
    query: LogQuery = field(default_factory=LogQuery)

    def fits(self, line: LogLine) -> bool:
        """Whether a line matches."""
        if line.get("database_id", self.database_id) != self.database_id or not self.query.matches(line):
            return False
        outcome = str(line.get("outcome") or "")
        is_operation = bool(line.get("operation_id")) and bool(outcome) and outcome not in NO_ENDS
        if self.group == OTHERS:
            return not line.get("operation_id")
        return is_operation and GROUPS[self.group](outcome)


@dataclass(frozen=True, slots=True)
class LogSlice:
    """Lines, newest first; ``older_than`` is where the next older slice begins, or None."""

    lines: list[LogLine]
    older_than: str | None


def can_be_read(path: Path) -> bool:
    """Whether there is a readable log; it may be turned off (``/dev/null``) or not written yet."""
    return path.is_file()


def load_log_slice(path: Path, wanted: Wanted, limit: int, most_read: int | None = None) -> LogSlice:
    """The latest ``limit`` matching lines up to ``until``, reading at most ``most_read`` or ``MOST_READ``."""
    lines: list[LogLine] = []
    most = most_read or MOST_READ
    newer = LogQuery(until=wanted.query.until)
    raws = (raw for raw in scan_backwards(path) if not newer.is_outside(raw))
    for read, (_, line) in enumerate(read_lines(raws), 1):
        if line is not None and wanted.fits(line):
            lines.append(line)
        if len(lines) == limit or (read >= most and line is not None):
            return LogSlice(lines, str(line["timestamp"]) if line else None)
    return LogSlice(lines, None)


def mark_of(line: LogLine) -> str:
    """A line's mark, from which a reader can continue."""
    mark = f"{line['timestamp']} {line.get('operation_id') or line.get('request_id') or ''}"
    return " ".join(mark.split())  # on one line, as an event's id must be, whatever the log contains


def lines_since(path: Path, follower: Follower, mark: str, wanted: Wanted, limit: int) -> list[LogLine]:
    """The lines between a mark and the point where following starts, oldest first, at most ``limit``."""
    found: list[LogLine] = []
    if follower.place is None:
        return found
    at = mark.partition(" ")[0]
    for _, line in read_lines(scan_backwards(path, follower.place)):
        if line is None:
            continue
        if mark_of(line) == mark.strip() or str(line["timestamp"]) < at or len(found) == limit:
            break
        if wanted.fits(line):
            found.append(line)
    return found[::-1]
