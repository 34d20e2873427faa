"""Group the errors in the log."""

import typer

from bake_tracker.domain.log.faults import NEEDLES, Faults, gather_faults
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.entrypoints.cli.log.lines import on_one_line, say_unreadable
from bake_tracker.entrypoints.cli.log.search import Since, Until, Where, conditions_of, refuse_no_span
from bake_tracker.entrypoints.cli.progress import reading
from bake_tracker.entrypoints.cli.state import answer, complain, counted, say, state
from bake_tracker.log.reader import Unreadable, find_lines


def errors(where: Where = None, since: Since = None, until: Until = None) -> None:
    """Group the errors by what was raised and where, the most frequent first; exit 1 if there are none."""
    refuse_no_span(since, until)
    query, unreadable = LogQuery(conditions_of(where), since, until), Unreadable()
    with reading(state.log_file) as read:
        lines = find_lines(state.log_file, query, unreadable, read, NEEDLES)
        found = gather_faults(line for _, line in lines)
    if found["errors"] or state.as_json:
        answer(found, _show)
    say_unreadable(unreadable.count)
    if not found["errors"]:
        complain(
            f"There is no error {'among these lines' if where or since or until else 'in the log'} ({state.log_file})."
        )
    raise typer.Exit(0 if found["errors"] else 1)


def _show(found: Faults) -> None:
    for fault in found["errors"]:
        say(f"{counted(fault['count'], 'time')}: {fault['type']}: {on_one_line(fault['message'])}", style="bold")
        say(f"  raised at {fault['raised_at'] or 'an unknown place'}")
        for cause in fault["causes"]:
            say(f"  caused by {on_one_line(cause)}")
        say(f"  first {fault['first']}, last {fault['last']}")
        if fault["example"]:
            say(f"  for example {fault['operation'] or 'request'} {fault['example']}")
    if found["ungrouped"]:
        say(f"and {counted(found['ungrouped'], 'error')} of other kinds")
