"""Commands for what the stock allows, and for what to use soon."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

import typer

from bake_tracker.clock import now
from bake_tracker.domain.amounts import amount
from bake_tracker.entrypoints.cli.remedies import in_words
from bake_tracker.entrypoints.cli.state import answer, ask, counted, money, say, show_table
from bake_tracker.entrypoints.cli.tables import Csv, Xlsx, write_file
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.reports.expiring import ExpiringLot, Use, load_expiring
from bake_tracker.queries.runs.can_make import Possible, Stopper, load_can_make

COUNTED = (
    "Each row assumes that you make nothing else. Sub-recipes are made from their ingredients;"
    " baked and packed components are used only as far as they are on hand."
)
STOPPED = ("stopped_by", "needs", "has", "unit")
LOT = ("lot_code", "item_slug", "on_hand", "unit", "value", "usable_until", "days_left", "state")


def can_make(csv: Csv = None, xlsx: Xlsx = None) -> None:
    """Show how many of each recipe and finished good the stock allows, and what stops one more."""
    rows = in_words(ask(lambda session: load_can_make(session, load_bakery(session).local_day(now()))))
    flat = [dict(zip(("what", "slug", "how_many", *STOPPED), row, strict=True)) for row in _flat(rows)]
    if not write_file(flat, ["what", "slug", "how_many", *STOPPED], csv, xlsx):
        answer(rows, show_can_make)


def expiring(
    within: Annotated[
        int, typer.Option(min=0, max=100_000, help="days from now; 0 for lots that are good until today at the latest")
    ] = 7,
    csv: Csv = None,
    xlsx: Xlsx = None,
) -> None:
    """List lots to use soon, with their value and what could be made from them."""
    rows = ask(lambda session: load_expiring(session, load_bakery(session).local_day(now()), within))
    flat = [
        {**row, "days_left": str(row["days_left"]), "could_go_into": "; ".join(map(_use, row["uses"]))} for row in rows
    ]
    if not write_file(flat, [*LOT, "could_go_into"], csv, xlsx):
        answer(rows, lambda found: show_expiring(found, within))


def show_can_make(rows: list[Possible]) -> None:
    if not rows:
        say("There are no recipes or finished goods yet. Add one: bake recipe add NAME --line '500 g flour'")
        return
    show_table(
        {
            "": "left",
            "what": "left",
            "how many": "right",
            "short for one more": "left",
            "needed": "right",
            "on hand": "right",
            " ": "left",
        },
        _flat(rows),
    )
    say(COUNTED)


def show_expiring(rows: list[ExpiringLot], within: int) -> None:
    if not rows:
        say(f"Nothing expires within {within} days.")
        return
    show_table(
        {
            "lot": "left",
            "item": "left",
            "on hand": "right",
            "": "left",
            "value": "right",
            "use until": "left",
            "could be used for": "left",
        },
        (
            [
                row["lot_code"],
                row["item_slug"],
                row["on_hand"],
                row["unit"],
                money(row["value"]),
                row["usable_until"],
                "; ".join(map(_use, row["uses"])) or ("-" if row["state"] == "open" else row["state"]),
            ]
            for row in rows
        ),
    )
    known = [Decimal(row["value"]) for row in rows if row["value"] is not None]
    unknown = len(rows) - len(known)
    say(
        f"{counted(len(rows), 'lot')}, {money(str(sum(known, Decimal(0))))} at cost"
        + (f", without {counted(unknown, 'lot')} of unknown cost" if unknown else "")
    )


def _flat(rows: list[Possible]) -> Iterator[list[str]]:
    """A table row for each, and another for every further item that stops it."""
    for row in rows:
        how_many = "?" if row["count"] is None else str(row["count"])
        first, *more = [_stopper(one) for one in row["stopped_by"]] or [[row["problem"] or "", "", "", ""]]
        yield [row["what"] if row["makes"] else "part", row["slug"], how_many, *first]
        for one in more:
            yield ["", "", "", *one]


def _stopper(one: Stopper) -> list[str]:
    notes = [f"{maker['recipe_slug']} can make it: {counted(maker['batches'], 'batch')}" for maker in one["made_by"]]
    if one["unusable"] != "0":
        notes.append(f"{amount(one['unusable'], one['unit'])} expired or on hold")
    note = f" ({'; '.join(notes)})" if notes else ""
    return [f"{one['item_slug']}{note}", one["needed"], one["usable"], one["unit"]]


def _use(use: Use) -> str:
    if use["possible"] >= use["to_use_up"]:
        return f"{use['to_use_up']} x {use['slug']}"
    return f"{use['to_use_up']} x {use['slug']} (stock allows {use['possible']})"
