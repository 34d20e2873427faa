"""Import tables and exports of other programs."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from bake_tracker.domain.errors import EmptyDatabaseError
from bake_tracker.domain.written import Reading
from bake_tracker.entrypoints.cli.options import DatesOption, DecimalsOption
from bake_tracker.entrypoints.cli.remedies import in_words
from bake_tracker.entrypoints.cli.state import answer, ask, say, state, write
from bake_tracker.files.imports import read_document
from bake_tracker.services.importing.tables import check_import, foresee_import, record_import

SHOWN, SHOWN_ALIKE = 50, 10
"""How many faults are listed one by one, and how many rows of the same fault."""
_ROW = re.compile(r"row \d+")


def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="an export (JSON, XLSX, ZIP, folder), a CSV or XLSX table, or an export of the older bake-tracker"
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show what would happen, without importing")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="import the good rows and leave out the others")] = False,
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar="NAME=ITEM", help="what a name in the file means; remembered")
    ] = None,
    table: Annotated[str | None, typer.Option(help="the kind of table, if the file's name does not say it")] = None,
    dates: DatesOption = None,
    decimals: DecimalsOption = None,
) -> None:
    """Import tables or another program's data. Importing the same file again adds nothing."""
    names = dict(_mapping(text) for text in map_ or [])
    document = read_document(file, table=table, reading=Reading(dates, decimals))
    if dry_run:
        try:
            report = ask(lambda session: check_import(document, session=session, source=file.name, names=names))
        except EmptyDatabaseError:
            if not state.as_json:
                say("There is no bakery yet; into a new one, the import would do this:", style="yellow")
            report = foresee_import(document, source=file.name, names=names)
    else:
        report = write(
            lambda session: record_import(document, session=session, source=file.name, skip_bad=skip_bad, names=names)
        )
    answer(in_words(report), show_report)
    raise typer.Exit(1 if dry_run and report["refused_count"] else 0)


def show_report(report: Any) -> None:
    """Print what an import added, skipped and refused, with places and reasons."""
    say(report["source"], style="bold")
    for row in report["kinds"]:
        counts = ", ".join(f"{row[what]} {what}" for what in ("added", "skipped", "differing", "refused") if row[what])
        if counts:
            say(f"  {row['kind']}: {counts}")
    if not any(report[what] for what in ("added_count", "skipped_count", "refused_count", "differences", "not_kept")):
        say("  the file contains nothing to import", style="yellow")
    _show_refused(report["refused"])
    for row in report["differences"]:
        here = "nothing" if row["here"] is None else repr(row["here"])
        what = f"{row['slug']}: {row['field']} is {here} here but {row['in_file']!r} in the file"
        say(f"  different: {row['place']}, {what}", style="yellow")
    for reason in dict.fromkeys(row["reason"] for row in report["skipped"]):
        say(f"  skipped: {reason}", style="dim")
    for row in report["not_kept"]:
        say(f"  not imported: {row['what']} ({row['count']}): {row['reason']}", style="dim")


def _show_refused(refused: list[Any]) -> None:
    """Print the refused rows, those with the same fault together, up to a readable number."""
    alike: dict[tuple[str, ...], list[Any]] = {}
    for row in refused:
        alike.setdefault((_ROW.sub("", row["place"]), repr(row["value"]), row["reason"]), []).append(row)
    for first, *others in list(alike.values())[:SHOWN]:
        line = f"line {first['line']}, column {first['column']}: " if "line" in first else ""
        value = "empty" if first["value"] is None else repr(first["value"])
        say(f"  refused {line}{first['place']} = {value}: {first['reason']}", style="red")
        if others:
            rows = [found[0] for one in others[:SHOWN_ALIKE] if (found := _ROW.search(one["place"]))]
            more = f" and {len(others) - len(rows)} more" if len(others) > len(rows) else ""
            say(f"    also in {', '.join(rows)}{more}", style="red")
    if len(alike) > SHOWN:
        say(f"  and {len(alike) - SHOWN} more kinds of refusal; --json lists them all", style="red")


def _mapping(text: str) -> tuple[str, str]:
    name, equals, slug = text.rpartition("=")
    if not (equals and name.strip() and slug.strip()):
        raise typer.BadParameter(f"cannot read {text!r}; write it like 'AP Flour=flour'")
    return name.strip(), slug.strip()
