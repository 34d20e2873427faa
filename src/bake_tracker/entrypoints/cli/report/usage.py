"""Reports on usage, waste and customers."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.report.charts import add_up, show_chart
from bake_tracker.entrypoints.cli.state import answer, ask, money, say, show_table
from bake_tracker.entrypoints.cli.tables import Csv, Xlsx, write_file
from bake_tracker.queries.reports.usage import RecipientRow, UsageRow, WasteRow, load_recipients, load_usage, load_waste
from bake_tracker.services.database import Session

Since = Annotated[Any, typer.Option(parser=parse.day, help="from this day on, for example 2026-11-01")]
Until = Annotated[Any, typer.Option(parser=parse.day, help="up to and including this day")]
Chart = Annotated[bool, typer.Option("--chart", help="draw bars instead of a table")]
Load = Callable[[Session, date | None, date | None], list[Any]]
Name = Callable[[Any], str]

RIGHT = ("quantity", "cost", "came_back")
NAMES = {"item_slug": "item", "used_for": "used for", "first_on": "first", "last_on": "last", "came_back": "came back"}


def usage(since: Since = None, until: Until = None, chart: Chart = False, csv: Csv = None, xlsx: Xlsx = None) -> None:
    """Show what was used, by month, item and purpose. The chart shows the cost by month and purpose."""
    _report(load_usage, UsageRow, since, until, csv, xlsx, _by_purpose if chart else None)


def waste(since: Since = None, until: Until = None, chart: Chart = False, csv: Csv = None, xlsx: Xlsx = None) -> None:
    """Show what was thrown away, spoiled or lost in baking, by month, reason and item. The chart shows the cost."""
    _report(load_waste, WasteRow, since, until, csv, xlsx, _by_reason if chart else None)


def recipients(
    since: Since = None, until: Until = None, chart: Chart = False, csv: Csv = None, xlsx: Xlsx = None
) -> None:
    """Show what each customer has, what came back and what was made for each event. The chart shows the cost."""
    _report(load_recipients, RecipientRow, since, until, csv, xlsx, _by_whom if chart else None)


def check_period(since: date | None, until: date | None) -> None:
    """Refuse a period that ends before it begins."""
    if since and until and since > until:
        raise typer.BadParameter(f"--since {since} is after --until {until}; swap them or change one")


def _by_purpose(row: UsageRow) -> str:
    return f"{row['month']} {row['used_for']}"


def _by_reason(row: WasteRow) -> str:
    return f"{row['kind']}: {row['reason']}" if row["reason"] else row["kind"]


def _by_whom(row: RecipientRow) -> str:
    return f"{row['recipient'] or row['event'] or 'customer not recorded'}: {row['what']}"


def _report(
    load: Load,
    row_type: Any,
    since: date | None,
    until: date | None,
    csv: Path | None,
    xlsx: Path | None,
    chart: Name | None,
) -> None:
    check_period(since, until)
    rows: list[Any] = ask(lambda session: load(session, since, until))
    if write_file(rows, list(row_type.__annotations__), csv, xlsx):
        return
    if chart:
        answer(rows, lambda found: show_chart(add_up(found, chart, "cost"), lambda amount: money(str(amount))))
    else:
        answer(rows, _show)


def _show(rows: list[Any]) -> None:
    if not rows:
        say("Nothing to report.")
        return
    if all(row.get("came_back") == "0" for row in rows):
        rows = [{name: value for name, value in row.items() if name != "came_back"} for row in rows]
    show_table(
        {"" if name == "unit" else NAMES.get(name, name): "right" if name in RIGHT else "left" for name in rows[0]},
        ([_cell(name, value) for name, value in row.items()] for row in rows),
    )


def _cell(name: str, value: str | None) -> str:
    return money(value) if name == "cost" else value or "-"
