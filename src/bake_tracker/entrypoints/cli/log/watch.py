"""Look at the last minutes of the log, for cron."""

from typing import Annotated, Any

import typer

from bake_tracker.clock import now
from bake_tracker.domain.log.thresholds import Watched, watch_lines
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.state import answer, complain, counted, say, state
from bake_tracker.log.reader import Unreadable, lines_written


def watch(
    every: Annotated[
        str, typer.Option(metavar="TIME", help="how far back to look, such as 5m: as often as you run this")
    ] = "5m",
    refused_above: Annotated[
        Any, typer.Option(parser=parse.threshold, metavar="LIMIT", help="a share like 10%, or a number of operations")
    ] = None,
    errors_above: Annotated[
        Any, typer.Option(parser=parse.threshold, metavar="LIMIT", help="a share like 1%, or a number like 0")
    ] = None,
) -> None:
    """Sum up in one line what ended in the last minutes; exit 1 if more was refused or failed than is allowed."""
    if refused_above is None and errors_above is None:
        raise typer.BadParameter("give --refused-above, --errors-above or both, such as --errors-above 0")
    back, until, unreadable = parse.duration(every), now(), Unreadable()
    if not state.log_file.exists():
        complain(f"There is no log file {state.log_file}.")
        raise typer.Exit(1)
    lines = lines_written(state.log_file, until - back, until, unreadable)
    watched = watch_lines(lines, refused_above, errors_above)

    def show(found: Any) -> None:
        say(_said(watched, every, {"refused": refused_above, "errors": errors_above}) + _unreadable(unreadable.count))

    answer({**watched, "unreadable": unreadable.count}, show)
    raise typer.Exit(1 if watched["exceeded"] else 0)


def _said(watched: Watched, every: str, limits: dict[str, Any]) -> str:
    """One line: OK or TOO MUCH, the counts, and for each exceeded limit what happened most often."""
    head = f"{counted(watched['operations'], 'operation')} in the last {every}"
    parts = []
    for name, count, most in (
        ("refused", watched["refused"], watched["most_refused"]),
        ("errors", watched["errors"], watched["most_failed"]),
    ):
        told = f"{count} refused" if name == "refused" else counted(count, "error")
        if name in watched["exceeded"]:
            told += f" (above {limits[name].text}; most often {most})"
        parts.append(told)
    return f"{'TOO MUCH' if watched['exceeded'] else 'OK'}: {head}, {', '.join(parts)}"


def _unreadable(count: int) -> str:
    return f", {counted(count, 'unreadable line')}" if count else ""
