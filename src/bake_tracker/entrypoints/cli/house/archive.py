"""Commands that back up a bakery, restore it and move it to another database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bake_tracker.config import load_settings
from bake_tracker.domain.errors import DatabaseUnavailableError
from bake_tracker.entrypoints.cli.house.bakery import show_verification
from bake_tracker.entrypoints.cli.house.seal import seal_all, show_seals
from bake_tracker.entrypoints.cli.state import answer, ask, counted, err, say, state
from bake_tracker.log.setup import configure_logging
from bake_tracker.queries.verify.sealed_history import is_all_sealed
from bake_tracker.services.archive.backup import BackupRefusedError, refuse_to_replace, restore_backup, write_backup
from bake_tracker.services.archive.move import Telling, move_bakery
from bake_tracker.services.database import database_url
from bake_tracker.services.seal import SealResult


def backup(
    file: Annotated[Path, typer.Argument(help=".jsonl.gz or .jsonl (portable), .db (SQLite), .dump (PostgreSQL)")],
    force: Annotated[bool, typer.Option("--force", help="replace the file if it exists")] = False,
    with_seal: Annotated[
        bool, typer.Option("--seal/--no-seal", help="first seal the operations that are not sealed yet")
    ] = True,
) -> None:
    """Seal new operations and write the whole bakery to a file, while others keep working."""
    refuse_to_replace(file, force=force)
    seals = _seal_first() if with_seal and not ask(is_all_sealed) else []
    with _bar("Backing up") as told:
        result = write_backup(file, state.url, force=force, told=told)

    def show(written: Any) -> None:
        show_seals(written)
        say(f"Wrote {_size(written)} to {written['file']}")

    answer({**result, "seals": seals}, show)


def _seal_first() -> list[SealResult]:
    try:
        return seal_all()
    except DatabaseUnavailableError as error:
        raise BackupRefusedError(
            f"{error}. A backup first writes a seal; to back up without one, add --no-seal"
        ) from error


def restore(file: Annotated[Path, typer.Argument(help="a file written by bake backup")]) -> None:
    """Restore a backup into an empty database, all of it or nothing, and verify it; exit 1 if anything differs."""
    with _bar("Restoring") as told:
        result = restore_backup(file, state.url, told=told)
    _answer_restored("Restored", result)


def move(
    source: Annotated[str, typer.Option("--from", metavar="URL", help="the bakery to move; it is not changed")],
    target: Annotated[str, typer.Option("--to", metavar="URL", help="an empty database, or a new file")],
) -> None:
    """Copy the bakery into an empty database, compare every row and verify it; all of it or nothing."""
    state.database = database_url(target)
    configure_logging(load_settings(), state.url)  # the new place has its own log
    with _moving() as telling:
        result = move_bakery(source, target, telling)
    _answer_restored("Moved and compared", result)


def _answer_restored(done: str, result: Any) -> None:
    def show(restored: Any) -> None:
        say(f"{done} {_size(restored)}.")
        show_verification(restored["verification"])

    answer(result, show)
    raise typer.Exit(1 if result["verification"]["drift"] else 0)


def _size(done: Any) -> str:
    return f"{counted(done['rows'], 'row')} and {counted(done['operations'], 'operation')}"


def _progress() -> Progress:
    """A progress bar on stderr, if it is a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


@contextmanager
def _bar(title: str) -> Iterator[Callable[[int], None]]:
    with _progress() as progress:
        task = progress.add_task(title, total=None)
        yield lambda rows: progress.update(task, completed=rows)


class _MoveBars(Telling):
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._moving = progress.add_task("Moving", total=None)
        self._comparing = progress.add_task("Comparing", total=None)

    def size(self, rows: int) -> None:
        for task in (self._moving, self._comparing):
            self._progress.update(task, total=rows)

    def moved(self, rows: int) -> None:
        self._progress.update(self._moving, completed=rows)

    def compared(self, rows: int) -> None:
        self._progress.update(self._comparing, completed=rows)


@contextmanager
def _moving() -> Iterator[Telling]:
    with _progress() as progress:
        yield _MoveBars(progress)
