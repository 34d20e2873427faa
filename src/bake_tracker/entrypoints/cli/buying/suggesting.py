"""What the plan suggests to buy, and ordering it."""

from typing import Annotated, Any

import typer

from bake_tracker.clock import now
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.buying.ordering import show_ordered
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.planning.asked import From, To, purchase_words
from bake_tracker.entrypoints.cli.planning.words import of_item
from bake_tracker.entrypoints.cli.state import answer, ask, say, write
from bake_tracker.queries.planning.week import ToBuy, load_plan
from bake_tracker.services.planning.purchases import SuggestedPurchasesResult, record_suggested_purchases


def buy(
    since: From = None,
    until: To = None,
    accept: Annotated[bool, typer.Option("--accept", help="order what must be ordered by today")] = False,
    by: Annotated[Any, typer.Option(parser=parse.day, help="with --accept: by this day instead")] = None,
    operation_id: OperationId = None,
) -> None:
    """Show what to buy for the plan, from whom, and by when. Only --accept records anything: purchase orders."""
    if not accept:
        if by is not None:
            raise typer.BadParameter("goes with --accept; use --to for the days of the plan", param_hint="--by")
        answer(ask(lambda session: load_plan(session, now(), since, until)["buy"]), _show)
        return
    answer(
        write(
            lambda session: record_suggested_purchases(
                session=session, since=since, until=until, order_by=by, operation_id=operation_id
            )
        ),
        _show_accepted,
    )


def _show(rows: list[ToBuy]) -> None:
    if not rows:
        say("Nothing needs to be bought: the stock and what is on order cover the plan.")
    for one in rows:
        words = purchase_words(one) if one["packs"] else f"{of_item(one)}; no package is on file"
        nobody = "; nobody on file sells it" if one["packs"] and one["supplier_id"] is None else ""
        say(f"Order by {one['order_on']}: {words}{nobody}")


def _show_accepted(done: SuggestedPurchasesResult) -> None:
    for order in done["purchase_orders"]:
        show_ordered(order, f"Purchase order {order['purchase_order_id']}, wanted on {order['wanted_on']}")
    say(f"Recorded together as operation {done['operation_id']}")
