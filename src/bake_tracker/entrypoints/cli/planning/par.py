"""Set, list and remove par levels."""

from typing import Annotated

import typer

from bake_tracker.domain.amounts import amount, amount_of
from bake_tracker.domain.planning.pars import EVERY_DAY
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import check_unit, find
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, ask, say, show_table, write
from bake_tracker.queries.planning.shelf import ParRow, load_par_levels
from bake_tracker.services.database import Session
from bake_tracker.services.planning.par_levels import ParResult, record_par_level

On = Annotated[str, typer.Option("--on", help="a weekday, such as saturday; every day if left out")]


def set_par(
    what: Annotated[str, typer.Argument(help="for example '40 cookie'; 0 for none on that weekday")],
    on: On = EVERY_DAY,
    operation_id: OperationId = None,
) -> None:
    """Set how much of an item is to be on the shelf at opening. A weekday's own level beats that of every day."""

    def work(session: Session) -> ParResult:
        quantity, unit, name = parse.amount_of(what)
        item_id = find(session, "item", name)
        check_unit(session, unit, item_id=item_id)
        return record_par_level(
            item_id, quantity, unit or None, session=session, weekday=on.casefold(), operation_id=operation_id
        )

    answer(write(work), _show)


def remove_par(
    item: Annotated[str, typer.Argument(help="slug or id")],
    on: On = EVERY_DAY,
    operation_id: OperationId = None,
) -> None:
    """Remove a par level."""

    def work(session: Session) -> ParResult:
        return record_par_level(
            find(session, "item", item), None, session=session, weekday=on.casefold(), operation_id=operation_id
        )

    answer(write(work), _show)


def list_pars() -> None:
    """List all par levels."""
    answer(ask(load_par_levels), _show_rows)


def _show(done: ParResult) -> None:
    day = done["weekday"] if done["weekday"] == EVERY_DAY else f"on {done['weekday'].capitalize()}"
    before = "" if done["quantity_before"] is None else f", before {amount(done['quantity_before'], done['unit'])}"
    if done["quantity"] is None:
        say(f"The shelf has no par level of {done['item_slug']} {day} any more{before}")
    else:
        say(f"The shelf is to have {amount_of(done['quantity'], done['unit'], done['item_slug'])} {day}{before}")
    say(f"  operation {done['operation_id']}")


def _show_rows(rows: list[ParRow]) -> None:
    if not rows:
        say("There are no par levels yet. Set one: bake par set '40 cookie'")
        return
    show_table(
        {"item": "left", "on": "left", "at opening": "right", "": "left"},
        ([row["item_slug"], row["weekday"], row["quantity"], row["unit"]] for row in rows),
    )
