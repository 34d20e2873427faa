"""Set what one mix of a recipe may be."""

from typing import Annotated

import typer

from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import find
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, say, write
from bake_tracker.services.database import Session
from bake_tracker.services.planning.batch_options import BatchResult, record_recipe_batches


def batches(
    recipe: Annotated[str, typer.Argument(help="slug or id")],
    step: Annotated[str, typer.Option(help="whole, half or quarter batches")] = "whole",
    smallest: Annotated[str | None, typer.Option(help="the smallest mix, in batches, such as 1/2")] = None,
    largest: Annotated[str | None, typer.Option(help="the largest mix, in batches: what the mixer holds")] = None,
    operation_id: OperationId = None,
) -> None:
    """Set what one mix of a recipe may be; plans then say how many mixes of which size."""

    def work(session: Session) -> BatchResult:
        return record_recipe_batches(
            find(session, "recipe", recipe),
            session=session,
            step=step.casefold(),
            smallest=None if smallest is None else parse.quantity(smallest),
            largest=None if largest is None else parse.quantity(largest),
            operation_id=operation_id,
        )

    answer(write(work), _show)


def _show(done: BatchResult) -> None:
    least = "" if done["smallest"] is None else f", at least {done['smallest']}"
    most = "" if done["largest"] is None else f", at most {done['largest']} at once"
    say(f"{done['slug']}: mixed in {done['step']} batches{least}{most}")
    say(f"  operation {done['operation_id']}")
