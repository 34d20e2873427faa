"""The log: operations as they happen, refused ones included, and a transaction's tree with the reasons."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from bake_tracker.clock import now
from bake_tracker.config import load_settings
from bake_tracker.domain.access import Role
from bake_tracker.domain.arguments import AFTER_EVERYTHING, BEFORE_EVERYTHING
from bake_tracker.domain.errors import ForbiddenError, OperationNotFoundError, TooManyAttemptsError
from bake_tracker.domain.log.conditions import Condition
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.domain.log.tree import TransactionNode, is_refusal, walk
from bake_tracker.entrypoints.http.access import VIEWER, caller_of
from bake_tracker.entrypoints.web.log.events import stream_lines
from bake_tracker.entrypoints.web.log.rows import Rows, called, details
from bake_tracker.entrypoints.web.pages import pages, path_for, render
from bake_tracker.entrypoints.web.words import RECORDED
from bake_tracker.log.reader import read_trees
from bake_tracker.log.setup import log_file
from bake_tracker.log.slices import OTHERS, Wanted, can_be_read, load_log_slice, mark_of
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.queries.explain.log_names import load_log_names
from bake_tracker.queries.explain.operation import find_operations
from bake_tracker.queries.explain.refusal import explain_refusal
from bake_tracker.queries.stock.draws import load_consumed
from bake_tracker.queries.views.operation import load_latest_operations
from bake_tracker.services.database import database_url, read_scope

router = pages()

SHOWN = 50
MOST_LISTENERS, MOST_OF_ONE = 100, 10
"""The most listeners in all, and the most windows of one person, so that nobody can take every place."""
SHORTEST_ID = 8
_GROUP_WORDS = {
    "": "Done, refused or failed",
    "done": "Done",
    "refused": "Refused",
    "broken": "Rolled back or failed",
    "asked": "Only asked",
    OTHERS: "Everything else",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """The log filter in a URL."""

    outcome: str = ""
    operation: str = ""
    actor: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def query(self) -> dict[str, str]:
        """The filter as query parameters."""
        given = {"outcome": self.outcome, "operation": self.operation, "actor": self.actor}
        given |= {"since": _iso(self.since), "until": _iso(self.until)}
        return {name: value for name, value in given.items() if value}

    def wanted(self, house: BakeryInfo, before: str | None = None) -> Wanted:
        """The log query for this filter; ``before`` is where an older page begins."""
        where = tuple(
            Condition(name, value) for name, value in (("operation", self.operation), ("actor", self.actor)) if value
        )
        first, last = self.since or BEFORE_EVERYTHING, self.until or AFTER_EVERYTHING
        since = _instant(house, first) if first > BEFORE_EVERYTHING else None
        until = _instant(house, last + timedelta(days=1)) if last < AFTER_EVERYTHING else None
        ends = min(filter(None, (until, before)), default=None)
        return Wanted(house.database_id, self.outcome, LogQuery(where, since, ends))


def _filter(
    request: Request,
    outcome: Literal["", "done", "refused", "broken", "asked", "others"] = "",
    operation: Annotated[str, Query(max_length=100)] = "",
    actor: Annotated[str, Query(max_length=200)] = "",
    since: date | Literal[""] = "",
    until: date | Literal[""] = "",
) -> Filter:
    if outcome == OTHERS and not _may_see_others(request):
        raise ForbiddenError("who signed in, and from where, is shown to the owner only")
    return Filter(outcome, operation.strip(), actor.strip(), since or None, until or None)


def _may_see_others(request: Request) -> bool:
    caller = caller_of(request)
    return caller is not None and caller.role.allows(Role.OWNER)


Asked = Annotated[Filter, Depends(_filter)]


@router.get("/log", name="log", dependencies=[VIEWER])
def log(request: Request, asked: Asked, before: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Show the latest lines or, without a readable log, the ledger's latest operations."""
    path = _log_file()
    with read_scope() as session:
        house = load_bakery(session)
        page = load_log_slice(path, asked.wanted(house, before or None), SHOWN) if can_be_read(path) else None
        lines = page.lines if page else []
        ledger = [] if page else load_latest_operations(session, SHOWN)
        rows = Rows(request, house, load_log_names(session, lines))
    query = asked.query
    return render(
        request,
        "log.html",
        bakery=house,
        asked=asked,
        rows=[rows.row(line) for line in lines],
        is_off=page is None,
        ledger=ledger,
        older=path_for(request, "log", query | {"before": page.older_than}) if page and page.older_than else None,
        is_live=not before and asked.until is None,
        is_filtered=bool(query or before),
        events=path_for(request, "log_events", query),
        after=mark_of(lines[0]) if lines else f"{now():%Y-%m-%dT%H:%M:%S.%fZ} ",
        groups={key: word for key, word in _GROUP_WORDS.items() if key != OTHERS or _may_see_others(request)},
        operations=RECORDED,
    )


@router.get("/log/events", name="log_events", dependencies=[VIEWER])
async def events(request: Request, asked: Asked, after: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Stream new lines, and those since ``after``, as server-sent events."""
    path = _log_file()
    if not can_be_read(path):
        return Response(status_code=204)  # tells the browser not to ask again
    caller, listeners = caller_of(request), request.app.state.listeners
    reader = caller.user_id if caller else 0
    if listeners.total() >= MOST_LISTENERS or listeners[reader] >= MOST_OF_ONE:
        raise TooManyAttemptsError(60)
    house = await run_in_threadpool(_house)
    mark = request.headers.get("last-event-id", after)[:200]
    stream = stream_lines(request, path, asked.wanted(house), mark, house, reader)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.get("/log/{wanted}", name="log_tree", dependencies=[VIEWER])
def tree(request: Request, wanted: str) -> Response:
    """Show everything in a transaction, found by any id in it, and why anything was refused."""
    if not SHORTEST_ID <= len(wanted) <= 128:
        raise OperationNotFoundError(wanted)
    path = _log_file()
    with read_scope() as session:
        house = load_bakery(session)
        found = read_trees(path, wanted) if can_be_read(path) else []
        trees = [one for one in found if _is_of(one, house)]
        recorded = find_operations(session, wanted)
        if not trees and not recorded:
            raise OperationNotFoundError(wanted)
        lines = [node.line for one in trees for node in walk(one.operations)]
        # A failure caused by another one is explained with that one.
        refused = [line for line in lines if is_refusal(line) and not line.get("cause_operation_id")]
        today = house.local_day(now())
        return render(
            request,
            "log_tree.html",
            bakery=house,
            wanted=wanted,
            trees=trees[:SHOWN],
            more=max(0, len(trees) - SHOWN),
            row=Rows(request, house, load_log_names(session, lines)).row,
            details=details,
            only_recorded=[] if trees else recorded,
            done={line["operation_id"] for line in lines if line["outcome"] == "success"},
            called=called,
            consumed=load_consumed(session, {str(one.transaction_id) for one in trees}),
            refusals=[explain_refusal(session, line, today) for line in refused[:5]],
            shows_frames=_may_see_others(request),
        )


def _is_of(one: TransactionNode, house: BakeryInfo) -> bool:
    return all(node.line.get("database_id", house.database_id) == house.database_id for node in walk(one.operations))


def _house() -> BakeryInfo:
    with read_scope() as session:
        return load_bakery(session)


def _log_file() -> Path:
    return log_file(load_settings(), database_url())


def _instant(house: BakeryInfo, day: date) -> str:
    """The start of a day in the bakery's time zone, in the format of log lines."""
    began = datetime.combine(day, time(), ZoneInfo(house.time_zone)).astimezone(UTC)
    return f"{began.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
