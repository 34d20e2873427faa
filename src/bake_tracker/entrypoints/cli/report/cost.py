"""Commands for purchase prices, recipe costs and margins."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

import typer

from bake_tracker.clock import now
from bake_tracker.domain.amounts import amount, amount_of
from bake_tracker.domain.units import MICRO
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import find
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import adding_up, answer, ask, counted, money, price, say, show_table, write
from bake_tracker.entrypoints.cli.tables import Csv, Xlsx, write_file
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.reports.prices import PriceHistory, PriceRow, load_prices
from bake_tracker.queries.reports.recipe_cost import BASES, RecipeCost, load_recipe_cost
from bake_tracker.services.catalog.rates import record_recipe_rate
from bake_tracker.services.database import Session


def prices(
    item: Annotated[str, typer.Argument(help="slug or id")],
    since: Annotated[Any, typer.Option(parser=parse.day, help="from this day on, for example 2026-11-01")] = None,
    csv: Csv = None,
    xlsx: Xlsx = None,
) -> None:
    """Show what you paid for an item, by product and supplier, latest first."""

    def work(session: Session) -> PriceHistory:
        return load_prices(session, find(session, "item", item), since=since)

    result = ask(work)
    if not write_file(result["purchases"], list(PriceRow.__annotations__), csv, xlsx):
        answer(result, lambda history: show_prices(history, since))


def cost(
    recipe: Annotated[str, typer.Argument(help="slug or id")],
    batches: Annotated[str, typer.Option(help="number of batches, for example 2 or 1/2")] = "1",
    price: Annotated[str | None, typer.Option(help="selling price of one piece, to see the margin")] = None,
) -> None:
    """Show what batches of a recipe cost today, at the last prices and on average, and the margin at a price."""

    def work(session: Session) -> RecipeCost:
        today = load_bakery(session).local_day(now())
        recipe_id = find(session, "recipe", recipe)
        return load_recipe_cost(
            session,
            recipe_id,
            parse.quantity(batches),
            today,
            price_micros=_micros(parse.money_if_given(session, price)),
        )

    answer(ask(work), show_cost)


def rate(
    recipe: Annotated[str, typer.Argument(help="slug or id")],
    labour: Annotated[str, typer.Option(help="labour cost of one batch")],
    overhead: Annotated[str, typer.Option(help="overhead cost of one batch")] = "0",
    operation_id: OperationId = None,
) -> None:
    """Set the labour and overhead of one batch. They are kept with each run, apart from the cost of its lot."""

    def work(session: Session) -> Any:
        recipe_id = find(session, "recipe", recipe)
        return record_recipe_rate(
            recipe_id,
            parse.money(session, labour),
            parse.money(session, overhead),
            session=session,
            operation_id=operation_id,
        )

    answer(write(work), show_rate)


def _micros(price: Decimal | None) -> int | None:
    if price is None:
        return None
    exact = Fraction(price) * MICRO
    if exact.denominator != 1 or exact <= 0:
        raise typer.BadParameter(f"{price} is not a valid price; it must be above 0, with at most six decimals")
    return int(exact)


def show_rate(result: Any) -> None:
    say(f"A batch of {result['slug']} costs {money(result['labour'])} labour and {money(result['overhead'])} overhead")
    if result["labour_before"] is not None:
        say(f"  before: {money(result['labour_before'])} labour, {money(result['overhead_before'])} overhead")
    say(f"  operation {result['operation_id']}")


def show_prices(history: Any, since: date | None = None) -> None:
    if not history["purchases"]:
        say(f"No purchases of {history['item_slug']}{f' since {since}' if since else ' yet'}.")
    else:
        show_table(
            {"bought": "left", "quantity": "right", "": "left", "cost": "right", "price": "right", "change": "right",
             "supplier": "left", "product": "left", "lot": "left"},
            (
                [
                    row["bought_on"],
                    row["quantity"],
                    row["unit"],
                    money(row["cost"]),
                    f"{price(row['price'])}/{row['price_per']}",
                    f"{row['change_percent']} %" if row["change_percent"] else "-",
                    row["supplier"] or "-",
                    row["product"] or "-",
                    row["lot_code"],
                ]
                for row in history["purchases"]
            ),
        )  # fmt: skip
    for source in history["sources"]:
        of = " from ".join(filter(None, (source["product"], source["supplier"]))) or "no product or supplier"
        span = ", ".join(f"{name} {price(source[name])}" for name in ("last", "lowest", "highest", "average"))
        per = "each" if source["price_per"] == "each" else f"per {source['price_per']}"
        say(f"{of}: {span} {per}, {counted(source['purchases'], 'purchase')}")
    if before := history.get("follows"):
        say(f"Before {before['since']} it was kept in {before['unit']}: bake prices {before['slug']}")
    if history["uncosted_lots"]:
        say(f"lots received without a known cost: {history['uncosted_lots']}", style="yellow")


def show_cost(found: Any) -> None:
    made = {
        one["finished_unit"]: amount_of(one["quantity"], one["unit"], one["finished_unit"]) for one in found["makes"]
    }
    batches = f"{found['batches']} {'batch' if found['batches'] == '1' else 'batches'}"
    joined = (" and " if found["together"] else " or ").join(made.values())
    say(f"{batches} of {found['recipe']}: {joined or 'no yield yet'}", style="bold")
    has_rates = {found["labour"], found["overhead"]} != {"0.00"}
    beside = ["labour", "overhead"] if has_rates else []
    names = [amount_of(row["needed"], row["unit"], row["item_slug"]) for row in found["items"]]
    columns = [_column(found, basis, beside) for basis in BASES]
    titles = [*names, "ingredients", *beside, *(["total"] if has_rates else [])]
    rows = [[title, *cells] for title, *cells in zip(titles, *columns, strict=True)]
    for unit in made:
        of = {one["basis"]: one for one in found["makes"] if one["finished_unit"] == unit}
        for ending, in_all in (("", ""), ("_in_all", ", total"))[: 2 if has_rates else 1]:
            rows.append([f"one {unit}{in_all}", *(price(of[basis][f"each{ending}"]) for basis in BASES)])
            if found["price"]:
                margins = [_margin(of[basis], ending) for basis in BASES]
                rows.append([f"margin at {price(found['price'])}{in_all}", *margins])
    show_table({"": "left", "today's lots": "right", "last prices": "right", "average on hand": "right"}, rows)
    for row in found["items"]:
        if row["missing"] != "0":
            say(
                f"cost today unknown: {amount(row['missing'], row['unit'])} short of {row['item_slug']}", style="yellow"
            )
    if found["uncosted_lots"]:
        say(f"lots without a price: {', '.join(found['uncosted_lots'])}", style="yellow")
    if found["never_bought"]:
        say(f"never bought at a known cost: {', '.join(found['never_bought'])}", style="yellow")


def _column(found: Any, basis: str, beside: list[str]) -> list[str]:
    """The costs of the ingredients, their sum, labour and overhead, and the total; all add up."""
    total = found[f"{basis}_in_all"] if beside else found[basis]
    parts = [row[basis] for row in found["items"]]
    shown = adding_up([*parts, *(found[name] for name in beside)], total)
    of_items = shown[: len(parts)]
    if beside and found[basis] is not None:
        of_all = str(sum(map(Decimal, of_items), Decimal(money("0"))))
    else:
        of_all = money(found[basis])
    return [*of_items, of_all, *shown[len(parts) :], *([money(total)] if beside else [])]


def _margin(one: Any, of: str) -> str:
    left, percent = one[f"margin{of}"], one[f"margin_percent{of}"]
    return "unknown" if left is None else f"{price(left)} ({percent} %)"
