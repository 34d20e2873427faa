"""Let PostgreSQL's write-ahead log be a witness for the log."""

from typing import Annotated, Any

import typer

from bake_tracker.entrypoints.cli.log.verify import NO_WITNESS
from bake_tracker.entrypoints.cli.state import answer, ask, say, write
from bake_tracker.services.reconcile.witness import begin_witness, end_witness, prepare_witness, witness_state


def witness(
    begin: Annotated[bool, typer.Option("--begin", help="let the server keep its log from now on, or anew")] = False,
    end: Annotated[bool, typer.Option("--end", help="let the server stop keeping its log")] = False,
) -> None:
    """Show whether bake log verify --wal can ask the write-ahead log; turn that on or off."""
    if begin and end:
        raise typer.BadParameter("use --begin or --end, not both")
    if begin:
        write(prepare_witness)
        answer(write(begin_witness), _show)
    elif end:
        answer(write(end_witness), lambda _done: say("The server no longer keeps its write-ahead log for this."))
    else:
        answer(ask(witness_state, of_primary=True), _show)


def _show(state: Any) -> None:
    if state["available"]:
        say("The server keeps its write-ahead log for: bake log verify --wal")
    else:
        say(f"Not available: {NO_WITNESS[state['unavailable_because']]}")
