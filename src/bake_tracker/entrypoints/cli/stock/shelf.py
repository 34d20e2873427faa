"""Show the stock."""

from typing import Annotated, Any

import typer

from bake_tracker.clock import now
from bake_tracker.entrypoints.cli.lookup import find
from bake_tracker.entrypoints.cli.state import answer, ask, known_value, money, say, show_table, without_cost
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.views.lot import load_open_lots
from bake_tracker.queries.views.stock import load_stock
from bake_tracker.services.database import Session


def stock(item: Annotated[str | None, typer.Argument(help="show the lots of this item: slug or id")] = None) -> None:
    """Show the stock; for one item, its lots in the order they will be used."""

    def work(session: Session) -> Any:
        today = load_bakery(session).local_day(now())
        return (
            load_stock(session, today) if item is None else load_open_lots(session, find(session, "item", item), today)
        )

    answer(ask(work), show_stock if item is None else show_lots)


def show_stock(rows: list[Any]) -> None:
    if not rows:
        say("Nothing is in stock yet. Record goods in: bake receive ITEM QUANTITY UNIT --cost TOTAL")
        return
    table: list[list[str]] = []
    for row in rows:
        note = "" if row["usable"] == row["on_hand"] else f"only {row['usable']} usable"
        if row["next_expiry"]:
            note = f"{note}{'; ' if note else ''}expires {row['next_expiry']}"
        note = "; ".join(filter(None, (note, without_cost(row))))
        table.append([row["slug"], row["on_hand"], row["unit"], money(known_value(row)), str(row["lot_count"]), note])
    show_table(
        {"item": "left", "on hand": "right", "": "left", "value": "right", "lots": "right", "note": "left"}, table
    )


def show_lots(rows: list[Any]) -> None:
    if not rows:
        say("None in stock.")
        return
    has_places = any(row["location"] for row in rows)
    show_table(
        {
            "lot": "left",
            "on hand": "right",
            "": "left",
            "value": "right",
            "received": "left",
            "expires": "left",
            "state": "left",
            **({"place": "left"} if has_places else {}),
        },
        (
            [
                row["lot_code"],
                row["on_hand"],
                row["unit"],
                money(row["value"]),
                row["received_on"],
                row["expires_on"] or "-",
                _state(row),
                *([row["location"] or "-"] if has_places else []),
            ]
            for row in rows
        ),
    )


def _state(row: Any) -> str:
    """The state of a lot: why it is held, or until when it may be used past its expiry."""
    if row["held_because"]:
        return f"{row['state']}: {row['held_because']}"
    is_released = row["state"] == "open" and row["usable_until"] != row["expires_on"]
    return f"released until {row['usable_until']}" if is_released else str(row["state"])
