"""Find where the clock was set back: the log is in the order in which it was written, whatever its times say."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bake_tracker.domain.log.query import LogQuery
from bake_tracker.log.reader import LATEST_WRITER, Unreadable, written_at
from bake_tracker.log.scan import LogLine, Progress, read_lines, scan


@dataclass(slots=True)
class ClockStep:
    """The last time that the clock was set back: by how much, after which line's time, and the matching lines since."""

    back: timedelta
    after: str
    lines: list[tuple[bytes, LogLine]] = field(default_factory=list)


def find_clock_step(
    path: Path, query: LogQuery, unreadable: Unreadable, progress: Progress | None = None
) -> ClockStep | None:
    """The last step back of more than a minute: processes that wait for each other change the order by less.

    Only lines since a step are kept in memory.
    """
    step: ClockStep | None = None
    latest: datetime | None = None
    for raw, line in read_lines(scan(path, None, progress)):
        if line is None:
            unreadable.count += 1
            continue
        if (at := _written(line)) is not None:
            if latest is not None and latest - at > LATEST_WRITER:
                step = ClockStep(timedelta(seconds=round((latest - at).total_seconds())), latest.isoformat())
                latest = None
            latest = at if latest is None else max(latest, at)
        if step is not None and query.matches(line):
            step.lines.append((raw, line))
    return step


def _written(line: LogLine) -> datetime | None:
    """When our own programs wrote the line."""
    try:
        at = datetime.fromisoformat(str(line.get("repaired_at") or written_at(line)))
    except ValueError:
        return None
    return at if at.tzinfo else None
