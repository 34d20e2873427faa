"""A progress bar for reading a long log."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bake_tracker.entrypoints.cli.state import err
from bake_tracker.log.scan import total_bytes

LARGE_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Reading:
    """Call it with the number of bytes read so far; compressed files count by their size on disk."""

    bar: Progress
    task: TaskID

    def __call__(self, done_bytes: int) -> None:
        self.bar.update(self.task, completed=done_bytes)

    def make_room(self) -> None:
        """Stop the bar before the answer is printed to the same terminal."""
        if sys.stdout.isatty():
            self.bar.stop()


@contextmanager
def reading(path: Path) -> Iterator[Reading]:
    """Show a bar on stderr while a log is read, if stderr is a terminal and the log is large."""
    total = total_bytes(path)
    bar = Progress(
        TextColumn(f"Reading {path.name}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal or total < LARGE_BYTES,
    )
    with bar:
        yield Reading(bar, bar.add_task("", total=total))
