"""How a supplier sells a product: numbers, lead time, order days and prices."""

from typing import Annotated, Any

import typer

from bake_tracker.domain.buying.terms import WEEKDAYS, TermsView
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import find
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, price, say, write
from bake_tracker.services.catalog.product_change import ProductChangeResult, record_product_change
from bake_tracker.services.database import Session

NONE = "none"
_FROM = " from "


def change_product(
    product: Annotated[int, typer.Argument(help="the product's id")],
    prices: Annotated[
        list[str] | None,
        typer.Option("--price", help="of one pack: 18.50, and '17.90 from 10' for more; all prices anew, or none"),
    ] = None,
    supplier: Annotated[str | None, typer.Option(help="who sells it: slug or id, or none")] = None,
    least: Annotated[str | None, typer.Option(help="the fewest packs in an order, or none")] = None,
    multiple: Annotated[str | None, typer.Option(help="packs are sold in multiples of this, or none")] = None,
    lead: Annotated[str | None, typer.Option(help="days from the order to its arrival, or none")] = None,
    order_days: Annotated[
        str | None, typer.Option(help="weekdays on which the supplier takes orders, such as mon,thu, or none")
    ] = None,
    notes: Annotated[str | None, typer.Option(help="free text, or none")] = None,
    operation_id: OperationId = None,
) -> None:
    """Record who sells a product, and on which terms."""

    def work(session: Session) -> ProductChangeResult:
        changes: dict[str, Any] = {} if notes is None else {"notes": None if notes == NONE else notes}
        if supplier is not None:
            changes["supplier_id"] = None if supplier == NONE else find(session, "supplier", supplier)
        for name, typed in (("least_packs", least), ("multiple_packs", multiple), ("lead_days", lead)):
            if typed is not None:
                changes[name] = None if typed == NONE else parse.whole_or_decimal(typed)
        if order_days is not None:
            changes["order_days"] = [] if order_days == NONE else [_weekday(day) for day in order_days.split(",")]
        if prices:
            changes["prices"] = None if prices == [NONE] else [_tier(session, text) for text in prices]
        if not changes:
            raise typer.BadParameter("give at least one option that changes something; see --help")
        return record_product_change(product, changes, session=session, operation_id=operation_id)

    answer(write(work), _show)


def terms_words(terms: TermsView) -> str:
    """Terms on one line: ``18.50, 17.90 from 10; at least 2; comes in 2 days; orders on Monday``."""
    said = []
    if terms["prices"]:
        first, *more = terms["prices"]
        further = (f"{price(one['price'])} from {one['from_packs']}" for one in more)
        said.append(", ".join([price(first["price"]), *further]))
    if terms["least_packs"] is not None:
        said.append(f"at least {terms['least_packs']}")
    if terms["multiple_packs"] is not None:
        said.append(f"in multiples of {terms['multiple_packs']}")
    if terms["lead_days"] is not None:
        days = "1 day" if terms["lead_days"] == 1 else f"{terms['lead_days']} days"
        said.append(f"comes in {days}")
    if terms["order_days"]:
        said.append(f"orders on {', '.join(day.capitalize() for day in terms['order_days'])}")
    return "; ".join(said)


def _weekday(typed: str) -> str:
    """A weekday by its name or the beginning of it; the service refuses what is none."""
    name = typed.strip().casefold()
    return next((day for day in WEEKDAYS if len(name) >= 2 and day.startswith(name)), name)


def _tier(session: Session, text: str) -> dict[str, Any]:
    amount, _, least = text.partition(_FROM)
    tier = {"price": parse.money(session, amount.strip())}
    return {**tier, "from_packs": parse.whole_or_decimal(least.strip())} if least else tier


def _show(done: ProductChangeResult) -> None:
    changed = ", ".join(done["changed"]).replace("supplier_id", "supplier").replace("_", " ")
    say(f"{done['name']} (id {done['product_id']}): changed {changed}" if changed else f"{done['name']}: no change")
    if words := terms_words(done):
        say(f"  {words}")
    say(f"  operation {done['operation_id']}")
