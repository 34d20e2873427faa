"""Find out what some log lines have in common."""

from typing import Annotated

import typer

from bake_tracker.domain.log.causes import Cause, Causes, find_causes
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.entrypoints.cli.log.lines import say_unreadable
from bake_tracker.entrypoints.cli.log.search import Since, Until, conditions_of, refuse_no_span
from bake_tracker.entrypoints.cli.progress import reading
from bake_tracker.entrypoints.cli.state import answer, complain, counted, say, state
from bake_tracker.log.reader import Unreadable, find_lines


def why(
    where: Annotated[
        list[str],
        typer.Argument(
            metavar="CONDITION...", help="the lines to explain, such as outcome=conflict or 'duration_ms>700'"
        ),
    ],
    among: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="compare only with lines like this, such as operation=record_assembly"),
    ] = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Rank the fields whose values differ most between these lines and the rest; exit 1 if none does."""
    refuse_no_span(since, until)
    meant, common = LogQuery(conditions_of(where)), LogQuery(conditions_of(among), since, until)
    unreadable = Unreadable()
    with reading(state.log_file) as read:
        lines = (line for _, line in find_lines(state.log_file, common, unreadable, read))
        found = find_causes(lines, meant.matches, {one.path for one in (*meant.where, *common.where)})
    if found["causes"] or state.as_json:
        answer(found, _show)
    say_unreadable(unreadable.count)
    if not found["lines"] or not found["others"]:
        complain(f"{'No' if not found['lines'] else 'Every'} operation in the log matches ({state.log_file}).")
    elif not found["causes"]:
        complain(f"No field tells {_lines(found)} apart.")
    raise typer.Exit(0 if found["causes"] else 1)


def _lines(found: Causes) -> str:
    return f"{counted(found['lines'], 'line')} from {counted(found['others'], 'other')}"


def _show(found: Causes) -> None:
    say(f"What tells {_lines(found)} apart:", style="bold")
    if (found["lines_read"], found["others_read"]) != (found["lines"], found["others"]):
        say(f"from a sample of {found['lines_read']} and {found['others_read']} of them", style="dim")
    for number, cause in enumerate(found["causes"], 1):
        say(f"{number}. {_said(cause)}")
        if cause["along_with"]:
            say(f"   goes along with {cause['along_with']}", style="dim")
    if found["only_these_have"]:
        say(f"Only these lines have: {', '.join(found['only_these_have'])}", style="dim")


def _said(cause: Cause) -> str:
    value = f" {cause['sign']}" if cause["value"] is None else f"{cause['sign']}{cause['value']}"
    shares = f"{cause['percent']} % of them, {cause['others_percent']} % of the others"
    return f"{cause['field']}{value}: {shares}, {cause['lift']} times as often"
