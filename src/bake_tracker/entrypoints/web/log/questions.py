"""Questions to the log: what changed between two spans of time, and what some lines have in common."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from bake_tracker.clock import now
from bake_tracker.config import load_settings
from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.log.causes import find_causes
from bake_tracker.domain.log.changes import Span, gather_changes, read_span
from bake_tracker.domain.log.conditions import Condition, read_condition
from bake_tracker.domain.log.moments import log_time, read_instant
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.domain.written import UnreadableError
from bake_tracker.entrypoints.http.access import VIEWER, caller_of
from bake_tracker.entrypoints.web.log.rows import called
from bake_tracker.entrypoints.web.pages import pages, render
from bake_tracker.log.reader import Unreadable, find_lines
from bake_tracker.log.scan import LogLine
from bake_tracker.log.setup import log_file
from bake_tracker.log.slices import can_be_read, shown_to
from bake_tracker.services.database import database_url

router = pages()
LONGEST = 400
CHANGED = {"refused": "refusals", "errors": "errors", "duration": "duration", "sql": "SQL statements"}
SpanText = Annotated[str, Query(max_length=80)]
Conditions = Annotated[str, Query(max_length=LONGEST, description="one in each line")]


@router.get("/log/changes", name="log_changes", dependencies=[VIEWER])
def changes(request: Request, before: SpanText = "2d..1d", after: SpanText = "1d") -> Response:
    """Compare two spans of time, operation by operation."""
    earlier, later, unreadable = _span("before", before), _span("after", after), Unreadable()
    query = LogQuery((), min(earlier.since, later.since), max(earlier.until, later.until))
    found = gather_changes(_lines(request, query, unreadable), earlier, later)
    return render(
        request,
        "log_changes.html",
        before=before,
        after=after,
        changes=found,
        called=called,
        measures=CHANGED,
        unread=unreadable.count,
    )


@router.get("/log/causes", name="log_causes", dependencies=[VIEWER])
def causes(request: Request, where: Conditions = "", among: Conditions = "", since: SpanText = "30d") -> Response:
    """Rank the fields that tell some lines from the others."""
    unreadable = Unreadable()
    meant, common = LogQuery(_conditions("where", where)), LogQuery(_conditions("among", among), _since(since))
    asked = {one.path for one in (*meant.where, *common.where)}
    found = find_causes(_lines(request, common, unreadable), meant.matches, asked) if meant.where else None
    return render(
        request, "log_causes.html", where=where, among=among, since=since, found=found, unread=unreadable.count
    )


def _lines(request: Request, query: LogQuery, unreadable: Unreadable) -> Iterator[LogLine]:
    """The matching lines as this reader may see them, so that no condition reveals what is hidden."""
    caller, path = caller_of(request), log_file(load_settings(), database_url())
    role, span = caller.role if caller else Role.VIEWER, LogQuery((), query.since, query.until)
    for _, line in find_lines(path, span, unreadable) if can_be_read(path) else ():
        if (seen := shown_to(role, line)) and query.matches(seen):
            yield seen


def _conditions(field: str, text: str) -> tuple[Condition, ...]:
    try:
        return tuple(read_condition(row.strip()) for row in text.splitlines() if row.strip())
    except UnreadableError as error:
        raise ValidationError.of(field, str(error)) from None


def _span(field: str, text: str) -> Span:
    try:
        return read_span(text, now())
    except UnreadableError as error:
        raise ValidationError.of(field, str(error)) from None


def _since(text: str) -> str | None:
    try:
        return log_time(read_instant(text, now())) if text.strip() else None
    except UnreadableError as error:
        raise ValidationError.of("since", str(error)) from None
