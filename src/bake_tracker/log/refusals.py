"""The latest refusals in a log, read from its end."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bake_tracker.domain.log.moments import log_time
from bake_tracker.domain.log.refusals import shortages
from bake_tracker.domain.log.tree import is_refusal
from bake_tracker.log.reader import is_written_before
from bake_tracker.log.scan import LogLine, Progress, log_line, scan, scan_backwards

# Refused reads, which nobody needs to have explained.
_ONLY_READ = frozenset(
    {"explain", "show", "tree", "find", "stats", "verify", "runs", "stock", "list_items", "list_recipes"}
)


def latest_refusals(
    path: Path,
    database_id: str,
    last: int,
    matches: Callable[[LogLine], bool],
    needle: str = "",
    progress: Progress | None = None,
    since: datetime | None = None,
) -> list[LogLine]:
    """A database's latest matching refusals, newest first; every possible match contains ``needle``.

    Of nested operations only the outermost is listed: its line comes last and names the one that caused the failure.
    """
    found: list[LogLine] = []
    told: set[str] = set()
    bytes_needed = needle.encode()
    for raw in scan_backwards(path, progress=progress):
        if bytes_needed not in raw or b'"outcome"' not in raw:
            continue
        line = log_line(raw)
        if line is not None and since is not None and is_written_before(line, since):
            break
        if line is None or (since is not None and line["timestamp"] < log_time(since)):
            continue
        if not _is_of(line, database_id) or str(line.get("operation_id")) in told or not matches(line):
            continue
        told.add(str(line.get("cause_operation_id")))
        found.append(line)
        if len(found) == last:
            break
    return found


def find_started(path: Path, operation_id: str, progress: Progress | None = None) -> LogLine | None:
    """An operation's entry line with all its arguments, if the log was written at DEBUG."""
    needle = operation_id.encode()
    for raw in scan(path, lambda raw: needle in raw and b'"started"' in raw, progress):
        line = log_line(raw)
        if line and line.get("operation_id") == operation_id and line.get("outcome") == "started":
            return line
    return None


def names_item(slug: str) -> Callable[[LogLine], bool]:
    """A test for refusals that list this item among their shortages."""
    return lambda line: any(short["item_slug"] == slug for short in shortages(line))


def _is_of(line: LogLine, database_id: str) -> bool:
    return (
        bool(line.get("outcome"))
        and is_refusal(line)
        and line.get("operation") not in _ONLY_READ
        and line.get("database_id", database_id) == database_id
    )
