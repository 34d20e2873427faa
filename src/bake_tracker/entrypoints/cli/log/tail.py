"""Show the end of the log and follow new lines."""

import os
import select
import stat
import sys
import time
from contextlib import closing, suppress
from typing import Annotated

import typer

from bake_tracker.domain.log.query import LogQuery
from bake_tracker.entrypoints.cli.log.lines import print_line, printing, say_unreadable
from bake_tracker.entrypoints.cli.log.search import Level, Where, conditions_of
from bake_tracker.entrypoints.cli.state import complain, state
from bake_tracker.log.reader import Unreadable
from bake_tracker.log.tail import Follower, last_lines, matching

PAUSE_S = 0.2


def tail(
    where: Where = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="how many lines")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="keep printing new lines until Ctrl-C")] = False,
    level: Level = None,
) -> None:
    """Print the last log lines that match every condition. With --follow, keep going even if the file is rotated."""
    query = LogQuery(conditions_of(where), level=level)
    asked = [one.path for one in query.where]
    unreadable = Unreadable()
    with printing(), closing(Follower(state.log_file)) as follower, suppress(KeyboardInterrupt):
        if follower.place is None:
            complain(f"There is no log file {state.log_file} yet{'; waiting for it' if follow else ''}.")
        for raw, line in last_lines(state.log_file, lines, query, unreadable, follower.place):
            print_line(raw, line, asked)
        while follow and not _is_reader_gone():
            for raw, line in matching(follower.new_lines(), query, unreadable):
                print_line(raw, line, asked)
            sys.stdout.flush()
            pause()
    say_unreadable(unreadable.count)


def pause() -> None:
    time.sleep(PAUSE_S)


def _is_reader_gone() -> bool:
    """Whether the reader of our pipe has gone, which we would otherwise notice only at the next line."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return False  # not a real file, as in tests
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))
