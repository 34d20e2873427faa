"""Questions to a person at the terminal; a script is never asked."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bake_tracker.entrypoints.cli.parse import KEPT
from bake_tracker.entrypoints.cli.state import ask, say, state
from bake_tracker.log.values import escape_unsafe

if TYPE_CHECKING:
    from bake_tracker.services.database import Session

Yes = Annotated[bool, typer.Option("--yes", help="skip the confirmation prompt")]


def at_terminal() -> bool:
    """Whether somebody can answer a question."""
    return sys.stdin is not None and sys.stdin.isatty() and not state.as_json


def reply(question: str) -> str:
    """What was typed; the end of the input is an empty reply."""
    sys.stdout.write(question)
    sys.stdout.flush()
    return sys.stdin.readline().strip()


def confirmed(question: str) -> bool:
    """Whether the reply was yes."""
    return reply(f"{question} [y/N] ").lower() in ("y", "yes")


def be_sure(load_doubts: Callable[["Session"], Sequence[str]], operation_id: str | None) -> None:
    """Ask about what looks mistyped, and exit unless it is confirmed; never ask about what is recorded already."""
    from bake_tracker.queries.operations.recorded import is_recorded

    doubts = ask(lambda session: () if is_recorded(session, operation_id) else load_doubts(session))
    if not doubts:
        return
    for doubt in doubts:
        say(f"{doubt[:1].upper()}{doubt[1:]}.", style="yellow")
    leave_unless("Record it?")


def leave_unless(question: str) -> None:
    """Exit with nothing recorded, unless the reply is yes."""
    if not confirmed(question):
        say("Nothing was recorded.")
        raise typer.Exit(1)


def ask_keeping(name: str) -> str:
    """Ask how long a new product keeps; exit if the reply is empty."""
    said = reply(f"How many days does {escape_unsafe(name)} keep? A number, or none for no limit: ")
    if not said:
        say("Nothing was recorded.")
        raise typer.Exit(1)
    return said


def ask_how_kept(name: str, likely: str | None) -> str:
    """Ask how a new item is kept; exit if the reply is empty and nothing is likely."""
    by_unit = {unit: word for word, unit in KEPT.items()}
    default = f" [{by_unit[likely]}]" if likely else ""
    said = reply(f"How is {escape_unsafe(name)} kept: by {', '.join(KEPT)}?{default} ") or (likely or "")
    if not said:
        say("Nothing was recorded.")
        raise typer.Exit(1)
    return said
