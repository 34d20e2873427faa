"""Where a lot came from and where it went."""

from typing import Annotated

import typer

from bake_tracker.entrypoints.cli.lookup import find_lot
from bake_tracker.entrypoints.cli.state import answer, ask
from bake_tracker.entrypoints.cli.trace_trees import Direction, show_trace
from bake_tracker.queries.traced import load_trace

Lot = Annotated[str, typer.Argument(help="code or id")]


def trace(
    lot: Lot,
    back: Annotated[bool, typer.Option("--back", help="only where it came from")] = False,
    forward: Annotated[bool, typer.Option("--forward", help="only where it went")] = False,
    undone: Annotated[bool, typer.Option("--undone", help="also what was undone")] = False,
) -> None:
    """Follow a lot both ways, to the receipts and to whoever got what was made of it."""
    found = ask(lambda session: load_trace(session, find_lot(session, lot), undone=undone))
    asked: list[Direction] = ["back"] if back else []
    asked += ["forward"] if forward else []
    answer(found, lambda result: show_trace(result, asked or ["back", "forward"]))
