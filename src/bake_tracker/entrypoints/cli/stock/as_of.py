"""Show the stock as it was at an instant."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from rich.tree import Tree

from bake_tracker.clock import now
from bake_tracker.domain.amounts import amount
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.explain.outflows import add_outflows
from bake_tracker.entrypoints.cli.lookup import find
from bake_tracker.entrypoints.cli.state import answer, ask, money, out, say, show_table, twig
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.definitions import load_item
from bake_tracker.queries.explain.operation import find_operations
from bake_tracker.queries.explain.outflows import load_item_outflows, load_lot_outflows
from bake_tracker.queries.explain.shelf import find_lots
from bake_tracker.queries.stock.as_of import Instant, load_instant_before, load_stock_as_of
from bake_tracker.queries.stock.lots import load_lot
from bake_tracker.services.database import Session

MOST = 10
BEFORE = "before:"


def as_of(
    instant: Annotated[
        str,
        typer.Argument(
            help="2026-11-23T14:30, yesterday or 1h (an hour ago), in the bakery's time; or before:ID, an operation"
        ),
    ],
    what: Annotated[Literal["stock", "value", "explain"], typer.Argument(help="stock, value, or explain with an item")],
    name: Annotated[
        str | None,
        typer.Argument(metavar="[ITEM|LOT]", help="only this item or lot; explain needs one"),
    ] = None,
    happened: Annotated[
        bool, typer.Option("--happened", help="by when things happened, as known now, not by when they were recorded")
    ] = False,
) -> None:
    """Show the stock, its value or where an item had gone, as the ledger said at an instant."""
    if what == "explain" and name is None:
        raise typer.BadParameter("explain needs an item or a lot, such as: bake as-of yesterday explain flour")

    def tell(session: Session) -> dict[str, Any]:
        at = _instant(session, instant)
        if at > now():
            raise typer.BadParameter(f"{instant!r} is yet to come; use an instant up to now")
        then = Instant(at, "happened" if happened else "recorded")
        lots = find_lots(session, name) if name else []
        item_id = find(session, "item", name) if name and not lots else None
        told: dict[str, Any] = {**load_stock_as_of(session, then, item_id=item_id, lot_ids=lots or None)}
        if what == "explain" and lots:
            if len(lots) > 1:
                raise typer.BadParameter(f"{len(lots)} lots have the code {name!r}; ask for their item")
            told |= {"name": name, "unit": load_lot(session, lots[0]).base_unit}
            told["outflows"] = load_lot_outflows(session, lots, MOST, until=then).get(lots[0], [])
        elif what == "explain" and item_id is not None:
            known = load_item(session, item_id)
            told |= {"name": known.slug, "unit": known.base_unit}
            told["outflows"] = load_item_outflows(session, item_id, MOST, until=then)
        return told

    found = ask(tell)
    answer(found, _SHOW[what])


def _instant(session: Session, text: str) -> datetime:
    """A time, or the last instant before an operation or a transaction, given by the beginning of its id."""
    if not text.startswith(BEFORE):
        return parse.moment_ago(text, load_bakery(session).time_zone)
    wanted = text.removeprefix(BEFORE)
    found = find_operations(session, wanted)
    if len(found) > 1 and len({one["recorded_at"] for one in found}) > 1:
        raise typer.BadParameter(f"several operations have an id that begins with {wanted!r}; type more of it")
    if not found:
        raise typer.BadParameter(f"{wanted!r} is not the id of a recorded operation or transaction, or its beginning")
    return load_instant_before(session, found[0]["operation_id"])


def _show_stock(then: Mapping[str, Any]) -> None:
    if not _is_anything(then):
        return
    show_table(
        {"item": "left", "lot": "left", "quantity": "right"},
        (
            [row["item_slug"], lot["lot_code"], amount(lot["quantity"], row["unit"])]
            for row in then["items"]
            for lot in row["lots"]
        ),
    )


def _show_value(then: Mapping[str, Any]) -> None:
    if not _is_anything(then):
        return
    show_table(
        {"item": "left", "quantity": "right", "value": "right"},
        ([row["item_slug"], amount(row["quantity"], row["unit"]), money(row["known_value"])] for row in then["items"]),
    )
    say(f"Total: {money(then['known_value'])} {then['currency']}")
    if unknown := then["lots_without_cost"]:
        say(f"Not included, because the cost was unknown: {', '.join(unknown)}", style="yellow")


def _show_explained(then: Mapping[str, Any]) -> None:
    _head(then)
    nothing: dict[str, Any] = {"quantity": "0", "lots": ()}
    row, unit = next(iter(then["items"]), nothing), then["unit"]
    tree = Tree(twig(f"{then['name']}: {amount(row['quantity'], unit)}"), guide_style="dim")
    for lot in row["lots"]:
        tree.add(twig(f"{amount(lot['quantity'], unit)} in {lot['lot_code']}, worth {money(lot['value'])}"))
    add_outflows(tree, then["outflows"], unit, MOST, of_item=True)
    out.print(tree)


def _head(then: Mapping[str, Any]) -> None:
    by = "as the ledger said" if then["by"] == "recorded" else "as known now"
    say(f"{then['as_of'][:19].replace('T', ' ')} UTC, {by}:", style="bold")


def _is_anything(then: Mapping[str, Any]) -> bool:
    """Print the heading, and say so if nothing was in stock; return whether anything was."""
    _head(then)
    if not then["items"]:
        say("Nothing was in stock.")
    return bool(then["items"])


_SHOW = {"stock": _show_stock, "value": _show_value, "explain": _show_explained}
