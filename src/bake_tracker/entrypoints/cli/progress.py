"""How far a long reading of the log has come, for somebody who watches."""

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
    """Call it with the number of bytes read so far, of compressed files as they lie on disk."""

    bar: Progress
    task: TaskID

    def __call__(self, done_bytes: int) -> None:
        self.bar.update(self.task, completed=done_bytes)

    def make_room(self) -> None:
        """End the bar where the answer goes to the same terminal."""
        if sys.stdout.isatty():
            self.bar.stop()


@contextmanager
def reading(path: Path) -> Iterator[Reading]:
    """A bar on stderr while a log is read; none where nobody looks at stderr, or the log is read in a moment."""
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
