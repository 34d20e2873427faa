"""Commands that export tables and write templates to fill in."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bake_tracker.domain.importing.tables import TEMPLATES
from bake_tracker.entrypoints.cli.state import answer, ask, say
from bake_tracker.files.exports import ENDINGS, write_export, write_template
from bake_tracker.queries.archive.rows import see_one_moment
from bake_tracker.queries.importing.exporting import load_tables
from bake_tracker.services.database import Session


def export(
    file: Annotated[Path, typer.Argument(help=f"the file to write; its name ends in {ENDINGS} (CSV files)")],
) -> None:
    """Export the catalogue and the stock as tables that bake import reads. For runs and history, use bake backup."""

    def load(session: Session) -> Any:
        see_one_moment(session)
        return load_tables(session)

    tables = ask(load)
    write_export(file, tables)
    counts = [{"table": name, "rows": len(rows)} for name, rows in tables.items() if rows]
    answer({"file": str(file), "tables": counts}, _show)


def template(
    table: Annotated[str, typer.Argument(help=", ".join(TEMPLATES))],
    file: Annotated[Path, typer.Argument(help="the file to write; its name ends in .csv or .xlsx")],
) -> None:
    """Write an empty table to fill in and import."""
    write_template(table, file)
    answer(
        {"file": str(file), "template": table},
        lambda r: say(f"Wrote {r['file']}. Fill it in, then run: bake import {r['file']}"),
    )


def _show(result: Any) -> None:
    say(f"Wrote {result['file']}")
    for row in result["tables"]:
        say(f"  {row['table']}: {row['rows']}")
