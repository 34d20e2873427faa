"""Reports on stock value and on yields against the plan."""

from decimal import Decimal
from typing import Annotated, Any

import typer

from bake_tracker.clock import now
from bake_tracker.entrypoints.cli.report.charts import add_up, show_chart
from bake_tracker.entrypoints.cli.report.usage import Chart, Since, Until, check_period
from bake_tracker.entrypoints.cli.state import (
    adding_up,
    answer,
    ask,
    known_value,
    money,
    price,
    say,
    show_table,
    without_cost,
)
from bake_tracker.entrypoints.cli.tables import Csv, Xlsx, write_file
from bake_tracker.queries.reports.stock_value import StockValue, load_stock_value
from bake_tracker.queries.reports.yields import Compared, load_run_yields, load_yields_by_month

NAMED = 5
"""How many lots without a known cost are named; the rest are counted."""
ITEM = (
    *("kind", "item_slug", "quantity", "unit", "value", "known_value", "quantity_without_cost", "lot_count"),
    "lots_without_cost",
)
LOT = (
    "kind", "item_slug", "lot_code", "quantity", "unit", "value", "unit_cost", "received_on", "usable_until",
    "location",
)  # fmt: skip
AGAINST_PLAN = ("planned", "actual", "unit", "loss_percent", "cost", "planned_unit_cost", "unit_cost")
MONTH = ("month", "recipe_slug", "product_slug", "runs", "batches", *AGAINST_PLAN)
RUN = (
    "at", "recipe_slug", "product_slug", "batches", "scale_factor", *AGAINST_PLAN, "status", "loss_reason",
    "operation_id",
)  # fmt: skip


def value(
    lots: Annotated[bool, typer.Option("--lots", help="show each lot")] = False,
    chart: Chart = False,
    csv: Csv = None,
    xlsx: Xlsx = None,
) -> None:
    """Show what the stock is worth now, at cost, by item or by lot."""
    found = ask(lambda session: load_stock_value(session, now()))
    rows: list[Any] = [*found["lots"]] if lots else [*found["items"]]
    if write_file([_as_text(row) for row in rows], LOT if lots else ITEM, csv, xlsx):
        return
    if chart:
        name = "lot_code" if lots else "item_slug"
        worth = [{**row, "value": row["value"] if lots else known_value(row)} for row in rows]
        largest = sorted(worth, key=lambda row: (row["value"] is None, -Decimal(row["value"] or 0)))
        answer(found, lambda _: show_chart(add_up(largest, lambda row: str(row[name]), "value"), _money))
    else:
        answer(found, lambda stock: _show_value(stock, rows, lots))


def yields(
    since: Since = None,
    until: Until = None,
    each: Annotated[bool, typer.Option("--each", help="show each run, latest first")] = False,
    last: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="with --each: how many runs (default 50)")
    ] = None,
    before: Annotated[
        str | None, typer.Option(help="with --each: only runs before this one: its operation id or the beginning of it")
    ] = None,
    chart: Chart = False,
    csv: Csv = None,
    xlsx: Xlsx = None,
) -> None:
    """Compare yields and costs with the plan, by month and recipe. The chart shows the loss in percent."""
    check_period(since, until)
    if not each and (last or before):
        raise typer.BadParameter("--last and --before need --each")
    rows: list[Any] = ask(
        lambda session: [
            *(
                load_run_yields(session, since, until, limit=last or 50, before=before)
                if each
                else load_yields_by_month(session, since, until)
            )
        ]
    )
    if write_file([_as_text(row) for row in rows], RUN if each else MONTH, csv, xlsx):
        return
    if chart:
        answer(rows, _show_losses)
    else:
        answer(rows, _show_yields)


def _as_text(row: Any) -> dict[str, str | None]:
    return {
        name: ", ".join(cell) if isinstance(cell, list) else None if cell is None else str(cell)
        for name, cell in row.items()
    }


def _show_value(stock: StockValue, rows: list[Any], by_lot: bool) -> None:
    if not rows:
        say("Nothing is in stock.")
        return
    first = {"item": "left", "lot": "left"} if by_lot else {"item": "left"}
    end = {"each": "right", "use until": "left"} if by_lot else {"lots": "right"}
    headings: dict[str, Any] = {"kind": "left", **first, "quantity": "right", "": "left", "value": "right", **end}
    known = [row["value"] if by_lot else known_value(row) for row in rows]
    values = adding_up(known, stock["known_value"])
    notes = ["" if by_lot else without_cost(row) for row in rows]
    headings |= {"note": "left"} if any(notes) else {}
    cells = (_value_cells(row, value, by_lot) for row, value in zip(rows, values, strict=True))
    show_table(headings, ([*row, note] if any(notes) else row for row, note in zip(cells, notes, strict=True)))
    unknown = stock["lots_without_cost"]
    say(f"Total: {money(stock['known_value'])} {stock['currency']}")
    if unknown:
        more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
        say(f"Not included, because the cost is unknown: {', '.join(unknown[:NAMED])}{more}", style="yellow")


def _value_cells(row: Any, value: str, by_lot: bool) -> list[str]:
    names = [row["kind"].replace("_", " "), row["item_slug"], *([row["lot_code"]] if by_lot else [])]
    cells = [*names, row["quantity"], row["unit"], value]
    return [*cells, price(row["unit_cost"]), row["usable_until"] or "-"] if by_lot else [*cells, str(row["lot_count"])]


def _show_yields(rows: list[Any]) -> None:
    if not rows:
        say("Nothing has been baked.")
        return
    when = "month" if "month" in rows[0] else "at"
    show_table(
        {
            "month" if when == "month" else "when": "left",
            "recipe": "left",
            "batches": "right",
            "planned": "right",
            "actual": "right",
            "": "left",
            "loss %": "right",
            "cost": "right",
            "planned each": "right",
            "each": "right",
        },
        (
            [
                row[when][:16].replace("T", " "),
                row["recipe_slug"],
                str(row["batches"]),
                row["planned"],
                row["actual"],
                row["product_slug"] if row["unit"] == "each" else f"{row['unit']} {row['product_slug']}",
                row["loss_percent"],
                *_costs(row),
            ]
            for row in rows
        ),
    )


def _costs(row: Compared) -> list[str]:
    each = "-" if row["actual"] == "0" else price(row["unit_cost"])
    return [money(row["cost"]), price(row["planned_unit_cost"]), each]


def _show_losses(rows: list[Any]) -> None:
    def name(row: Any) -> str:
        when = row["month"] if "month" in row else f"{row['at'][:16].replace('T', ' ')} {row['operation_id'][:13]}"
        return f"{when} {row['product_slug']}"

    show_chart(add_up(rows, name, "loss_percent"), lambda percent: f"{percent} %")


def _money(amount: Any) -> str:
    return money(str(amount))
