"""Options that write a report to a CSV or XLSX file."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bake_tracker.domain.money import written
from bake_tracker.entrypoints.cli.state import answer, counted, say, state
from bake_tracker.files.tables import write_table

Csv = Annotated[Path | None, typer.Option("--csv", help="write the report to this file")]
Xlsx = Annotated[Path | None, typer.Option("--xlsx", help="write the report to this file")]


MONEY = ("cost", "known_value", "planned_unit_cost", "price", "unit_cost", "value")
"""The columns of reports that are amounts of money."""


def write_file(
    rows: Sequence[Mapping[str, Any]],
    headings: Sequence[str],
    csv: Path | None,
    xlsx: Path | None,
    money: Collection[str] = MONEY,
) -> bool:
    """Write the rows to the file of ``--csv`` or ``--xlsx``; False if neither was given."""
    if csv and xlsx:
        raise typer.BadParameter("use --csv or --xlsx, not both")
    file = csv or xlsx
    if file is None:
        return False
    if file.suffix.lower() != (wanted := ".csv" if csv else ".xlsx"):
        raise typer.BadParameter(f"{file} must end in {wanted}")
    count = write_table(file, headings, ([_written(row[name], name in money) for name in headings] for row in rows))
    answer({"file": str(file), "rows": count}, lambda r: say(f"Wrote {counted(r['rows'], 'row')} to {r['file']}"))
    return True


def _written(value: Any, is_money: bool) -> Any:
    return written(value, state.decimals) if is_money and value is not None else value
