"""Read the log: matching lines, and transactions as trees."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.ids import spellings
from bake_tracker.domain.log.moments import log_time
from bake_tracker.domain.log.outcomes import BEGINNINGS
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.domain.log.tree import TransactionNode, build_trees
from bake_tracker.log.scan import LogLine, Matters, Progress, read_lines, scan, scan_backwards

MOST_TREES = 1_000
_IDS = ("transaction_id", "operation_id", "request_id", "trace_id")
FEW = 8
_AGAIN = frozenset({"retried", "rolled_back"})
"""Outcomes after which the same operation may have been tried again."""
LATEST_WRITER = timedelta(minutes=1)
"""Lines of several processes are in order except for as long as one of them waits to write."""


Shown = Callable[[LogLine], LogLine | None]


class Unreadable:
    """The number of unreadable lines that were skipped."""

    count = 0


def find_lines(
    path: Path,
    query: LogQuery,
    unreadable: Unreadable,
    progress: Progress | None = None,
    needles: tuple[bytes, ...] = (),
) -> Iterator[tuple[bytes, LogLine]]:
    """Matching lines, raw and parsed, oldest first; lines whose bytes rule out a match are not parsed.

    With ``needles``, only lines that hold one of them are looked at.
    """
    may_match = query.prefilter()

    def matters(raw: bytes) -> bool:
        return any(needle in raw for needle in needles) and (may_match is None or may_match(raw))

    raws = scan(path, matters if needles else may_match, progress)
    for raw, line in read_lines(raw for raw in raws if not query.is_outside(raw)):
        if line is None:
            unreadable.count += 1
        elif query.matches(line):
            yield raw, line


def lines_written(path: Path, since: datetime, until: datetime, unreadable: Unreadable) -> Iterator[LogLine]:
    """The lines written in a span of time that has just ended, newest first; the rest of the log is not read."""
    first, last = log_time(since), log_time(until)
    for _, line in read_lines(scan_backwards(path)):
        if line is None:
            unreadable.count += 1
            continue
        if is_written_before(line, since):
            return
        if first <= written_at(line) < last:
            yield line


def is_written_before(line: LogLine, since: datetime) -> bool:
    """Whether this line, and so every line before it, was written before an instant."""
    return written_at(line) < log_time(since - LATEST_WRITER)


def written_at(line: LogLine) -> str:
    """When the line was written, as far as it says."""
    return str(line.get("settled_at") or line["timestamp"])


def read_trees(
    path: Path,
    wanted: str | LogQuery | None = None,
    last: int = 20,
    progress: Progress | None = None,
    shown: Shown | None = None,
) -> list[TransactionNode]:
    """The ``last`` transactions, those with an id that begins with ``wanted``, or those with a line that it matches.

    ``shown`` is what a reader sees of a line, so that no condition tells what is hidden.

    Only the lines of these trees are kept in memory. A transaction includes the other attempts at its operations.

    Raises:
        ValidationError: too many transactions match.
    """
    if wanted is None:
        return build_trees(_latest(path, last))
    if isinstance(wanted, LogQuery):
        groups = _groups_like(path, wanted, progress, shown)
    else:
        groups = _groups_called(path, wanted, progress)
    lines = _lines_of(path, groups, progress)
    if again := {line["operation_id"] for line in lines if line.get("attempt", 1) != 1 or line["outcome"] in _AGAIN}:
        earlier = _groups_with(path, again, progress)
        lines = _lines_of(path, groups | earlier, progress) if earlier - groups else lines
    return build_trees(lines)


def _groups_called(path: Path, wanted: str, progress: Progress | None) -> set[str]:
    """Every transaction, or check outside one, that has a line with a matching id."""
    groups: set[str] = set()
    begins = spellings(wanted)
    for line in _outcomes(path, _holding({f'"{begin}' for begin in begins}), progress):
        if any(str(line.get(name) or "").startswith(begins) for name in _IDS):
            groups.add(_group(line))
            if len(groups) > MOST_TREES:
                raise ValidationError.of(
                    "id",
                    f"more than {MOST_TREES} transactions have an id that begins with {wanted!r}; give more of the id",
                )
    return groups


def _groups_like(path: Path, query: LogQuery, progress: Progress | None, shown: Shown | None) -> set[str]:
    """Every transaction, or check outside one, that has a matching line; a retry without an operation counts too."""
    groups: set[str] = set()
    span = query if shown is None else LogQuery((), query.since, query.until)
    for _, line in find_lines(path, span, Unreadable(), progress):
        if shown is not None and not ((seen := shown(line)) and query.matches(seen)):
            continue
        if line.get("outcome") and (group := line.get("transaction_id") or line.get("operation_id")):
            groups.add(str(group))
            if len(groups) > MOST_TREES:
                raise ValidationError.of(
                    "where", f"matches more than {MOST_TREES} transactions; add a condition or a time"
                )
    return groups


def _groups_with(path: Path, operation_ids: set[str], progress: Progress | None) -> set[str]:
    lines = _outcomes(path, _holding(operation_ids), progress)
    return {_group(line) for line in lines if line["operation_id"] in operation_ids and line["outcome"] != "replayed"}


def _lines_of(path: Path, groups: set[str], progress: Progress | None) -> list[LogLine]:
    return [line for line in _outcomes(path, _holding(groups), progress) if _group(line) in groups] if groups else []


def _outcomes(path: Path, matters: Matters, progress: Progress | None) -> Iterator[LogLine]:
    for _, line in read_lines(scan(path, matters, progress)):
        if line is not None and _is_outcome(line):
            yield line


def _latest(path: Path, last: int) -> list[LogLine]:
    """The lines of the latest transactions, read backwards to the beginning of the first."""
    found: dict[str, list[LogLine]] = {}
    began_at = ""
    for _, line in read_lines(scan_backwards(path)):
        if line is None or not _is_outcome(line):
            continue
        group = _group(line)
        if group in found or len(found) < last:
            found.setdefault(group, []).append(line)
            began_at = min(began_at or line["timestamp"], _began(line))
        elif str(line.get("settled_at") or line["timestamp"]) < began_at:
            break
    return [line for lines in found.values() for line in reversed(lines)]


def _began(line: LogLine) -> str:
    """When the line's operation began."""
    at = str(line["timestamp"])
    try:
        began = datetime.fromisoformat(at) - timedelta(milliseconds=float(str(line.get("duration_ms"))))
    except (ValueError, OverflowError):
        return at
    return f"{began:%Y-%m-%dT%H:%M:%S.%f}Z"


def _is_outcome(line: LogLine) -> bool:
    return bool(line.get("operation_id")) and bool(line.get("outcome")) and line["outcome"] not in BEGINNINGS


def _group(line: LogLine) -> str:
    """The group of a line: its transaction, or else its operation."""
    return str(line.get("transaction_id") or line["operation_id"])


def _holding(texts: set[str]) -> Matters:
    """A test for lines that contain one of these texts; with many texts it accepts every line."""
    needles = [text.encode("utf-8", "replace") for text in texts]
    if len(needles) == 1:
        (only,) = needles
        return lambda raw: only in raw
    if len(needles) <= FEW:
        return lambda raw: any(needle in raw for needle in needles)
    return lambda raw: b'"operation_id"' in raw


def read_latest(path: Path, most: int) -> tuple[list[LogLine], bool]:
    """The latest ``most`` lines, oldest first, and whether these are all the lines."""
    latest: list[LogLine] = []
    for _, line in read_lines(scan_backwards(path)):
        if line is None:
            continue
        if len(latest) == most:
            return latest[::-1], False
        latest.append(line)
    return latest[::-1], True
