"""The production sheet of a day, on the terminal or as a PDF."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bake_tracker.clock import now
from bake_tracker.domain.planning.paper import job_words, source_words, weighed_amount
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.planning.words import for_whom
from bake_tracker.entrypoints.cli.state import answer, ask, say, show_table
from bake_tracker.queries.planning.reasons import TakenQuantity
from bake_tracker.queries.planning.sheet import DaySheet, load_day_sheet


def sheet(
    day: Annotated[Any, typer.Argument(parser=parse.day, help="for example 2026-12-04")],
    pdf: Annotated[Path | None, typer.Option("--pdf", help="write it to this file, for the wall")] = None,
) -> None:
    """Show or print the production sheet of a day: what to make, every weight scaled, and the lots to take."""
    found = ask(lambda session: load_day_sheet(session, day, now()))
    if pdf is not None:
        from bake_tracker.files.sheet_pdf import write_sheet  # only with this option does it wait for the PDF library

        write_sheet(pdf, found)
    answer({**found, "pdf": None if pdf is None else str(pdf)}, lambda done: _show(done, pdf))


def _show(found: DaySheet, pdf: Path | None) -> None:
    if pdf is not None:
        say(f"Wrote the sheet of {found['day']} to {pdf}")
        return
    say(f"Production sheet of {found['day']}")
    if not found["lines"]:
        say("Nothing is planned for this day.")
    for line in found["lines"]:
        say("")
        what = job_words(line["what"], line["batches"], line["name"])
        say(f"{what}, for {for_whom(line['wanted_by'])}", style="bold")
        show_table(
            {"": "right", "take": "left", "from": "left"},
            (
                [
                    weighed_amount(one["quantity"], one["unit"]),
                    one["item_name"],
                    _sources(one),
                ]
                for one in line["ingredients"]
            ),
        )


def _sources(one: TakenQuantity) -> str:
    told = [source_words(row) for row in one["taken_from"]]
    missing = [] if one["missing"] == "0" else [f"{weighed_amount(one['missing'], one['unit'])} missing"]
    return ", ".join([*told, *missing])
