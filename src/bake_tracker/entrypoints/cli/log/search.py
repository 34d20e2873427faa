"""Commands that find log lines and count outcomes."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import typer

from bake_tracker.domain.log.conditions import Condition
from bake_tracker.domain.log.query import LEVELS, LogQuery
from bake_tracker.domain.log.stats import OperationStats, gather_stats
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.log.lines import print_line, printing, say_unreadable
from bake_tracker.entrypoints.cli.progress import LARGE_BYTES, Reading, reading
from bake_tracker.entrypoints.cli.state import answer, complain, say, show_table, state
from bake_tracker.log.clock_steps import find_clock_step
from bake_tracker.log.reader import Unreadable, find_lines
from bake_tracker.log.scan import LogLine, scan, total_bytes
from bake_tracker.log.sorting import sort_lines

Where = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CONDITION]...",
        help="for example outcome=rolled_back, shortages.ingredient_slug=flour, 'duration_ms>700', error~timeout, "
        "or actor= for lines without an actor; = != < <= > >= ~ (contains) !~",
    ),
]
Since = Annotated[
    Any,
    typer.Option(
        "--since",
        parser=parse.instant,
        help="from this time on, for example 2026-11-23, 2026-11-23T14:30 (UTC), yesterday or 1h (an hour ago)",
    ),
]
Until = Annotated[Any, typer.Option("--until", parser=parse.instant, help="before this time (UTC)")]


def _level(text: str) -> str:
    if text.upper() not in LEVELS:
        raise typer.BadParameter(f"{text!r} is not a level; use one of {', '.join(LEVELS)}")
    return text.upper()


Level = Annotated[
    Any, typer.Option("--level", parser=_level, metavar="LEVEL", help="only lines of this level and above")
]


def find(
    where: Where = None,
    operation: Annotated[str | None, typer.Option(help="short for operation=...")] = None,
    outcome: Annotated[str | None, typer.Option(help="short for outcome=...")] = None,
    actor: Annotated[str | None, typer.Option(help="short for actor=...")] = None,
    level: Level = None,
    since: Since = None,
    until: Until = None,
    sort: Annotated[
        str | None, typer.Option(metavar="FIELD", help="sort by this field, or with a minus by the highest first")
    ] = None,
    first: Annotated[int | None, typer.Option(min=1, metavar="N", help="print only the first N lines")] = None,
    after_clock_step: Annotated[
        bool, typer.Option("--after-clock-step", help="only lines written after the clock was last set back")
    ] = False,
) -> None:
    """Print the log lines that match every condition, oldest first; exit 1 if there are none."""
    refuse_no_span(since, until)
    if sort is not None and not sort.removeprefix("-").strip():
        raise typer.BadParameter("--sort needs a field, such as --sort=-duration_ms")
    short = {"operation": operation, "outcome": outcome, "actor": actor}
    named = (Condition(name, value) for name, value in short.items() if value is not None)
    conditions = (*conditions_of(where), *named)
    asked = [*([sort.removeprefix("-")] if sort else []), *(one.path for one in conditions)]
    query, unreadable = LogQuery(conditions, since, until, level), Unreadable()
    found = False
    with printing(), reading(state.log_file) as read:
        lines = (
            _after_step(query, unreadable, read)
            if after_clock_step
            else find_lines(state.log_file, query, unreadable, read)
        )
        for raw, line in sort_lines(lines, sort, first) if sort else islice(lines, first):
            if not found:
                read.make_room()
            found = True
            print_line(raw, line, asked)
    say_unreadable(unreadable.count)
    if not found:
        absent = _fields_of_no_line([one.path for one in conditions])
        none = f"; no line has a field {' or '.join(absent)}" if absent else ""
        complain(f"No log line matches{none} ({state.log_file}).")
    raise typer.Exit(0 if found else 1)


def _after_step(query: LogQuery, unreadable: Unreadable, read: Reading) -> Iterator[tuple[bytes, LogLine]]:
    """The matching lines since the clock was last set back, after a line that says when that was."""
    step = find_clock_step(state.log_file, query, unreadable, read)
    if step is None:
        complain(f"The clock was not set back while this log was written ({state.log_file}).")
        raise typer.Exit(1)
    if not state.as_json:
        read.make_room()
        say(f"The clock was set back by {step.back} after {step.after[:19]}Z.", style="bold")
    return iter(step.lines)


def stats(since: Since = None, until: Until = None) -> None:
    """Count operations by outcome, with the share refused and the durations."""
    refuse_no_span(since, until)
    unreadable = Unreadable()
    with reading(state.log_file) as read:
        lines = find_lines(state.log_file, LogQuery((), since, until), unreadable, read)
        counted = gather_stats(line for _, line in lines)
    if counted or state.as_json:
        answer(counted, _show_stats)
    say_unreadable(unreadable.count)
    if not counted:
        complain(f"No operation finished {'in that time' if since or until else 'yet'} ({state.log_file}).")
    raise typer.Exit(0 if counted else 1)


def _fields_of_no_line(names: list[str]) -> list[str]:
    """The names that no line has as a field; a large log is not read a second time to find out."""
    if not 0 < total_bytes(state.log_file) < LARGE_BYTES:
        return []
    absent = {name: _keys_of(name) for name in names if name.isascii() and name.isprintable()}
    for raw in scan(state.log_file):
        absent = {name: keys for name, keys in absent.items() if not any(key in raw for key in keys)}
        if not absent:
            break
    return list(absent)


def _keys_of(path: str) -> list[bytes]:
    """The JSON keys that may precede the value: the last part of the path, or more if a key contains dots."""
    parts = path.split(".")
    return [json.dumps(".".join(parts[n:])).encode() for n in range(len(parts))]


def refuse_no_span(since: str | None, until: str | None) -> None:
    """Refuse a time span that ends before it begins."""
    if since is not None and until is not None and since >= until:
        raise typer.BadParameter(f"--since {since} must be before --until {until}")


def conditions_of(where: list[str] | None) -> tuple[Condition, ...]:
    return tuple(parse.condition(text) for text in where or [])


def _show_stats(rows: list[OperationStats]) -> None:
    show_table(
        {
            "operation": "left",
            "count": "right",
            "refused": "right",
            "p50 ms": "right",
            "p95 ms": "right",
            "p99 ms": "right",
        },
        (cells for row in rows for cells in _rows_of(row)),
    )


def _rows_of(row: OperationStats) -> list[list[str]]:
    """A row for all attempts of an operation, and a row below it for each outcome."""

    def durations(of: Any) -> list[str]:
        # Lines written by a repair have no duration.
        return [str(of[name] or "-") for name in ("p50_ms", "p95_ms", "p99_ms")]

    return [
        [row["operation"], str(row["count"]), f"{row['refused_percent']} %", *durations(row)],
        *(["  " + one["outcome"], str(one["count"]), "", *durations(one)] for one in row["by_outcome"]),
    ]
