"""Bring in another program's data."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.importing import parse_export
from bake_tracker.entrypoints.cli.state import answer, ask, say, write
from bake_tracker.services.import_service import check_import, record_import


def import_file(
    file: Annotated[Path, typer.Argument(help="a bake-tracker 4.x export (JSON)")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would happen; write nothing")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="take the good rows, leave the others")] = False,
    map_: Annotated[
        list[str] | None, typer.Option("--map", metavar="NAME=ITEM", help="what a name of the file means; remembered")
    ] = None,
) -> None:
    """Bring in another program's data; the same file again adds nothing."""
    document = parse_export(_read(file))
    names = dict(_mapping(text) for text in map_ or [])
    if dry_run:
        report = ask(lambda session: check_import(document, session=session, source=file.name, names=names))
    else:
        report = write(
            lambda session: record_import(document, session=session, source=file.name, skip_bad=skip_bad, names=names)
        )
    answer(report, show_report)
    raise typer.Exit(1 if dry_run and report["refused_count"] else 0)


def show_report(report: Any) -> None:
    """What an import added, left and refused, each with its place and reason."""
    say(report["source"], style="bold")
    for row in report["kinds"]:
        counts = ", ".join(f"{row[what]} {what}" for what in ("added", "skipped", "refused") if row[what])
        if counts:
            say(f"  {row['kind']}: {counts}")
    for row in report["refused"]:
        say(f"  refused {row['place']} = {row['value']!r}: {row['reason']}", style="red")
    for reason in dict.fromkeys(row["reason"] for row in report["skipped"]):
        say(f"  skipped: {reason}", style="dim")
    for row in report["not_kept"]:
        say(f"  not kept: {row['what']} ({row['count']}): {row['reason']}", style="dim")


def _mapping(text: str) -> tuple[str, str]:
    name, equals, slug = text.rpartition("=")
    if not (equals and name.strip() and slug.strip()):
        raise typer.BadParameter(f"{text!r} cannot be read; write it like 'AP Flour=flour'")
    return name.strip(), slug.strip()


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValidationError.of("file", f"{file} cannot be read: {error}") from None
