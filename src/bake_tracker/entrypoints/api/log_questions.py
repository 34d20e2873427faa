"""Routes that ask the log what broke, what changed, and what some lines have in common."""

from collections.abc import Iterator
from typing import Annotated, TypedDict

from fastapi import Query, Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.log.causes import Causes, find_causes
from bake_tracker.domain.log.changes import OperationChange, Span, gather_changes, read_span
from bake_tracker.domain.log.conditions import Condition
from bake_tracker.domain.log.faults import NEEDLES, Fault, gather_faults
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.domain.written import UnreadableError
from bake_tracker.entrypoints.api.common import reads, routes, tagged
from bake_tracker.entrypoints.api.log import CONDITIONS, MOST_CONDITIONS, Instant, condition_in, role_of, the_log
from bake_tracker.entrypoints.http.access import OWNER
from bake_tracker.log.reader import Unreadable, find_lines
from bake_tracker.log.scan import LogLine
from bake_tracker.log.slices import shown_to

router = routes("/log", "log")

Conditions = Annotated[list[str], Query(max_length=MOST_CONDITIONS, description=CONDITIONS)]
SpanText = Annotated[
    str, Query(max_length=80, description="2d..1d, 2026-11-22..2026-11-23 (UTC), a day, or the last 1h")
]


class ErrorList(TypedDict):
    """Errors by what was raised and where; ``ungrouped`` counts errors beyond the most kinds that are kept."""

    errors: list[Fault]
    ungrouped: int
    unreadable: int


class Changes(TypedDict):
    """Each operation in both spans; what changed most comes first."""

    operations: list[OperationChange]
    unreadable: int


class Explained(Causes):
    """The fields whose values differ most; ``unreadable`` counts the lines that cannot be read."""

    unreadable: int


@router.get("/errors", **reads(ErrorList, OWNER))
def list_errors(request: Request, where: Conditions = [], since: Instant = None, until: Instant = None) -> Response:  # noqa: B006  read only
    """Errors grouped by the exception's type and the innermost frame of our own source, the most frequent first."""
    unreadable = Unreadable()
    found = gather_faults(_lines(request, LogQuery(_all(where), since, until), unreadable, NEEDLES))
    return tagged(request, ErrorList(**found, unreadable=unreadable.count))


@router.get("/changes", **reads(Changes))
def list_changes(request: Request, before: SpanText, after: SpanText) -> Response:
    """Compare two spans of time by operation: refusals, errors, durations and SQL statements."""
    earlier, later, unreadable = _span("before", before), _span("after", after), Unreadable()
    query = LogQuery((), min(earlier.since, later.since), max(earlier.until, later.until))
    changes = gather_changes(_lines(request, query, unreadable), earlier, later)
    return tagged(request, Changes(operations=changes, unreadable=unreadable.count))


@router.get("/causes", **reads(Explained))
def list_causes(
    request: Request,
    where: Annotated[list[str], Query(min_length=1, max_length=MOST_CONDITIONS, description=CONDITIONS)],
    among: Conditions = [],  # noqa: B006  read only
    since: Instant = None,
    until: Instant = None,
) -> Response:
    """The fields whose values differ most between the lines that match and the others, the strongest first."""
    meant, common, unreadable = LogQuery(_all(where)), LogQuery(_all(among), since, until), Unreadable()
    asked = {one.path for one in (*meant.where, *common.where)}
    found = find_causes(_lines(request, common, unreadable), meant.matches, asked)
    return tagged(request, Explained(**found, unreadable=unreadable.count))


def _lines(
    request: Request, query: LogQuery, unreadable: Unreadable, needles: tuple[bytes, ...] = ()
) -> Iterator[LogLine]:
    """The matching lines as this role may read them, so that no condition reveals what is hidden."""
    role, span = role_of(request), LogQuery((), query.since, query.until)
    for _, line in find_lines(the_log(), span, unreadable, needles=needles):
        if (seen := shown_to(role, line)) and query.matches(seen):
            yield seen


def _all(where: list[str]) -> tuple[Condition, ...]:
    return tuple(map(condition_in, where))


def _span(field: str, text: str) -> Span:
    try:
        return read_span(text, now())
    except UnreadableError as error:
        raise ValidationError.of(field, str(error)) from None
