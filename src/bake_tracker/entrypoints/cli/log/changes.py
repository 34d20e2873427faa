"""Compare two spans of the log."""

from typing import Annotated, Any

import typer

from bake_tracker.domain.log.changes import InSpan, OperationChange, gather_changes
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.log.lines import say_unreadable
from bake_tracker.entrypoints.cli.progress import reading
from bake_tracker.entrypoints.cli.state import answer, complain, show_table, state
from bake_tracker.log.reader import Unreadable, find_lines

_WORDS = {"refused": "refusals", "errors": "errors", "duration": "duration", "sql": "SQL"}


def compare(
    before: Annotated[
        Any, typer.Option(parser=parse.span, metavar="SPAN", help="2d..1d, 2026-11-22..2026-11-23 (UTC) or a day")
    ],
    after: Annotated[
        Any,
        typer.Option(parser=parse.span, metavar="SPAN", help="the span to compare with it, such as 1d: the last day"),
    ],
) -> None:
    """Compare two spans by operation: share refused, errors, durations and SQL. What changed most comes first."""
    unreadable = Unreadable()
    query = LogQuery((), min(before.since, after.since), max(before.until, after.until))
    with reading(state.log_file) as read:
        lines = (line for _, line in find_lines(state.log_file, query, unreadable, read))
        changes = gather_changes(lines, before, after)
    if changes or state.as_json:
        answer(changes, _show)
    say_unreadable(unreadable.count)
    if not changes:
        complain(f"No operation finished in either span ({state.log_file}).")
    raise typer.Exit(0 if changes else 1)


def _show(changes: list[OperationChange]) -> None:
    headings = ("count", "refused", "errors", "p95 ms", "SQL")
    show_table(
        {"operation": "left", **dict.fromkeys(headings, "right"), "changed": "left"},
        (
            [change["operation"], *map(_pair, *(map(_cells, (change["before"], change["after"])))), _changed(change)]
            for change in changes
        ),
    )


def _cells(span: InSpan) -> list[str]:
    percent = [f"{span['refused_percent']} %", f"{span['errors_percent']} %"] if span["count"] else ["-", "-"]
    return [str(span["count"]), *percent, str(span["p95_ms"] or "-"), str(span["sql"] or "-")]


def _pair(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _changed(change: OperationChange) -> str:
    if not change["before"]["count"] or not change["after"]["count"]:
        return "only before" if change["before"]["count"] else "only after"
    return ", ".join(_WORDS[name] for name in change["changed"])
