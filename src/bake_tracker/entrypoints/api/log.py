"""Routes of the log, which never lies: lines, transactions as trees, and statistics."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

from fastapi import Query, Request
from starlette.responses import Response

from bake_tracker.config import load_settings
from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.log.conditions import Condition, read_condition
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.domain.log.stats import OperationStats, gather_stats
from bake_tracker.domain.log.tree import TransactionView, committed_in, tree_view, walk
from bake_tracker.domain.slice_keys import read_key, write_key
from bake_tracker.domain.written import UnreadableError
from bake_tracker.entrypoints.api.common import After, Limit, Page, reads, routes, tagged
from bake_tracker.entrypoints.http.access import caller_of
from bake_tracker.log.reader import Unreadable, find_lines, read_trees
from bake_tracker.log.scan import LogLine, read_lines, scan_backwards
from bake_tracker.log.setup import log_file
from bake_tracker.log.slices import MOST_READ, shown_to
from bake_tracker.queries.stock.draws import load_consumed
from bake_tracker.services.database import database_url, read_scope

router = routes("/log", "log")

MOST_CONDITIONS, LONGEST_CONDITION = 20, 400
Instant = Annotated[
    str | None,
    Query(pattern=r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?Z?)?$", description="in UTC"),
]
Value = Annotated[str | None, Query(max_length=200)]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
CONDITIONS = (
    "such as shortages.ingredient_slug=flour, outcome!=success, duration_ms>700 or error~timeout; all must hold"
)


class LinePage(Page):
    """Lines of the log, newest first; ``unreadable`` counts the lines in these files that cannot be read."""

    lines: list[dict[str, Any]]
    unreadable: int


class Stats(TypedDict):
    """How operations ended and how long they took."""

    operations: list[OperationStats]
    unreadable: int


@router.get("/lines", **reads(LinePage))
def list_log_lines(
    request: Request,
    limit: Limit = 50,
    after: After = None,
    operation: Value = None,
    outcome: Value = None,
    actor: Value = None,
    where: Annotated[list[str], Query(max_length=MOST_CONDITIONS, description=CONDITIONS)] = [],  # noqa: B006  read only
    level: Level | None = None,
    since: Instant = None,
    until: Instant = None,
) -> Response:
    """Lines that match all filters, newest first. A page may be empty when matches are rare; `next` continues.

    Only owners see lines that are not operations, such as sign-ins, and where in the program something broke.
    """
    shown_before = None if after is None else read_key(after, str, int)
    short = {"operation": operation, "outcome": outcome, "actor": actor}
    named = [Condition(name, value) for name, value in short.items() if value is not None]
    # Read the lines of the last page's final instant again, and leave out those it already had.
    last, shown = shown_before or ("", 0)
    query = LogQuery((*map(condition_in, where), *named), since, f"{last}~" if shown_before else until, level)
    newer = LogQuery(until=query.until)
    raws = (raw for raw in scan_backwards(the_log()) if not newer.is_outside(raw))
    lines = (line for _, line in read_lines(raws) if line is None or newer.matches(line))
    found: list[LogLine] = []
    unreadable, ended = 0, None
    for read, line in enumerate(lines, 1):
        if line is None:
            unreadable += 1
            continue
        # Match only what this role may read, so that no condition reveals what is hidden.
        if (seen := shown_to(role_of(request), line)) and query.matches(seen):
            found.append(seen)
        # Never end within the instant the page began in, or the next page would begin there again.
        if len(found) > shown + limit or (read >= MOST_READ and line["timestamp"] != last):
            ended = str(line["timestamp"])
            break
    page = found[shown : shown + limit]
    if len(found) > shown + limit:
        ended = str(page[-1]["timestamp"])
    same = sum(str(line["timestamp"]) == ended for line in found[: shown + limit])
    following = write_key(None if ended is None else [ended, same])
    return tagged(request, LinePage(lines=page, unreadable=unreadable, next=following))


@router.get("/transactions", **reads(list[TransactionView]))
def list_transactions(
    request: Request,
    last: Annotated[int, Query(ge=1, le=200, description="the latest")] = 20,
    where: Annotated[list[str], Query(max_length=MOST_CONDITIONS, description=CONDITIONS)] = [],  # noqa: B006  read only
    since: Instant = None,
    until: Instant = None,
) -> Response:
    """The latest transactions as trees of operations, with the lots they used.

    With conditions or a time, only transactions with a matching line, each with all its attempts.
    """
    if not where and since is None and until is None:
        return tagged(request, _trees(role_of(request), None, last))
    wanted = LogQuery(tuple(map(condition_in, where)), since, until)
    return tagged(request, _trees(role_of(request), wanted, last)[-last:])


@router.get("/transactions/{wanted}", **reads(list[TransactionView]))
def get_transactions(
    request: Request, wanted: Annotated[str, "a transaction, operation, request or trace, or its beginning"]
) -> Response:
    """Transactions whose id is, or begins with, this one."""
    return tagged(request, _trees(role_of(request), wanted, 20))


@router.get("/stats", **reads(Stats))
def get_log_stats(request: Request, since: Instant = None, until: Instant = None) -> Response:
    """Operations by outcome, with the share refused and how long they took."""
    unreadable = Unreadable()
    lines = find_lines(the_log(), LogQuery((), since, until), unreadable)
    operations = gather_stats(line for _, line in lines)
    return tagged(request, Stats(operations=operations, unreadable=unreadable.count))


def the_log() -> Path:
    """The log file that these routes read."""
    return log_file(load_settings(), database_url())


def role_of(request: Request) -> Role:
    """The role of the caller, which decides what of the log is shown."""
    caller = caller_of(request)
    return caller.role if caller else Role.VIEWER


def _trees(role: Role, wanted: str | LogQuery | None, last: int) -> list[TransactionView]:
    trees = read_trees(the_log(), wanted, last, shown=partial(shown_to, role))
    for node in (node for tree in trees for node in walk(tree.operations)):
        node.line = shown_to(role, node.line) or node.line
    with read_scope() as session:
        consumed = load_consumed(session, committed_in(trees))
    return [tree_view(tree, consumed) for tree in trees]


def condition_in(text: str) -> Condition:
    """A condition of a query, or a refusal that shows how to write one."""
    if len(text) > LONGEST_CONDITION:
        raise ValidationError.of("where", f"has {len(text)} characters; at most {LONGEST_CONDITION} are allowed")
    try:
        return read_condition(text)
    except UnreadableError as error:
        raise ValidationError.of("where", str(error)) from None
