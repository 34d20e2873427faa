"""Reports on what left the shelf: used for what, wasted why, made for whom."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.state import answer, ask, money, say, show_table
from bake_tracker.queries.usage import RecipientRow, UsageRow, WasteRow, load_recipients, load_usage, load_waste
from bake_tracker.services.database import Session
from bake_tracker.services.table_files import write_table

Since = Annotated[Any, typer.Option(parser=parse.day, help="from this day on, like 2026-11-01")]
Until = Annotated[Any, typer.Option(parser=parse.day, help="to the end of this day")]
Csv = Annotated[Path | None, typer.Option("--csv", help="write it to this file")]
Xlsx = Annotated[Path | None, typer.Option("--xlsx", help="write it to this file")]
Load = Callable[[Session, date | None, date | None], list[Any]]

RIGHT = ("quantity", "cost")
NAMES = {"item_slug": "item", "used_for": "used for", "first_on": "first", "last_on": "last"}


def usage(since: Since = None, until: Until = None, csv: Csv = None, xlsx: Xlsx = None) -> None:
    """What was used, by month, item and purpose."""
    _report(load_usage, UsageRow, since, until, csv, xlsx)


def waste(since: Since = None, until: Until = None, csv: Csv = None, xlsx: Xlsx = None) -> None:
    """What was wasted, spoiled, or lost in baking, by month, reason and item."""
    _report(load_waste, WasteRow, since, until, csv, xlsx)


def recipients(since: Since = None, until: Until = None, csv: Csv = None, xlsx: Xlsx = None) -> None:
    """What was given or sold to whom, and what was made for which event."""
    _report(load_recipients, RecipientRow, since, until, csv, xlsx)


def _report(
    load: Load, row_type: Any, since: date | None, until: date | None, csv: Path | None, xlsx: Path | None
) -> None:
    if csv and xlsx:
        raise typer.BadParameter("--csv FILE or --xlsx FILE, not both")
    rows: list[Any] = ask(lambda session: load(session, since, until))
    if file := csv or xlsx:
        if file.suffix.lower() != (wanted := ".csv" if csv else ".xlsx"):
            raise typer.BadParameter(f"{file} must end in {wanted}")
        headings = list(row_type.__annotations__)
        count = write_table(file, headings, ([row[name] for name in headings] for row in rows))
        answer({"file": str(file), "rows": count}, lambda r: say(f"Wrote {r['rows']} rows to {r['file']}"))
        return
    answer(rows, _show)


def _show(rows: list[Any]) -> None:
    if not rows:
        say("There is nothing to report.")
        return
    show_table(
        {"" if name == "unit" else NAMES.get(name, name): "right" if name in RIGHT else "left" for name in rows[0]},
        ([_cell(name, value) for name, value in row.items()] for row in rows),
    )


def _cell(name: str, value: str | None) -> str:
    return money(value) if name == "cost" else value or "-"
