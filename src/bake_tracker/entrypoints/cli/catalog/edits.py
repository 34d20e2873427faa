"""Change and archive items, suppliers, events and customers."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.lookup import find
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, ask, say, write
from bake_tracker.queries.catalog.archived import ArchivedThing, load_archived
from bake_tracker.queries.catalog.definitions import SluggedKind
from bake_tracker.services.catalog.edits import (
    record_event_change,
    record_item_change,
    record_recipient_change,
    record_supplier_change,
)

Which = Annotated[str, typer.Argument(help="slug or id")]
NewName = Annotated[str | None, typer.Option(help="the new name; the slug stays")]
Archive = Annotated[
    bool | None, typer.Option("--archive/--unarchive", help="offer it no longer, or again; history stays as it is")
]
NONE = "none"


def change_item(
    which: Which,
    name: NewName = None,
    policy: Annotated[str | None, typer.Option(help="fefo or fifo, also for the lots on hand")] = None,
    shelf_life: Annotated[str | None, typer.Option(help="shelf life in days of new lots, or none")] = None,
    notes: Annotated[str | None, typer.Option(help="free text, or none")] = None,
    parts: Annotated[
        bool | None, typer.Option("--parts/--no-parts", help="kept by the piece, and also recorded in parts")
    ] = None,
    archive: Archive = None,
    operation_id: OperationId = None,
) -> None:
    """Change an item, or archive it."""
    changes = {"name": name, "pick_policy": policy, "allows_parts": parts, "archived": archive}
    clearable = {
        "shelf_life_days": shelf_life if shelf_life in (None, NONE) else parse.whole_or_decimal(str(shelf_life)),
        "description": notes,
    }
    _change("item", which, changes, clearable, record_item_change, operation_id)


def change_supplier(
    which: Which,
    name: NewName = None,
    details: Annotated[str | None, typer.Option(help="address and telephone, or none")] = None,
    archive: Archive = None,
    operation_id: OperationId = None,
) -> None:
    """Change a supplier, or archive it."""
    changes = {"name": name, "archived": archive}
    _change("supplier", which, changes, {"details": details}, record_supplier_change, operation_id)


def change_event(
    which: Which,
    name: NewName = None,
    on: Annotated[str | None, typer.Option(help="the date, for example 2026-12-15, or none")] = None,
    archive: Archive = None,
    operation_id: OperationId = None,
) -> None:
    """Change an event, or archive it."""
    day = {"happens_on": on if on in (None, NONE) else parse.day(str(on))}
    _change("event", which, {"name": name, "archived": archive}, day, record_event_change, operation_id)


def change_recipient(
    which: Which,
    name: NewName = None,
    household: Annotated[str | None, typer.Option(help="the household the customer belongs to, or none")] = None,
    archive: Archive = None,
    operation_id: OperationId = None,
) -> None:
    """Change a customer, or archive them."""
    changes = {"name": name, "archived": archive}
    _change("recipient", which, changes, {"household": household}, record_recipient_change, operation_id)


def list_archived() -> None:
    """List archived items, suppliers, events and customers."""
    answer(ask(load_archived), _show_archived)


def _change(
    kind: SluggedKind,
    which: str,
    changes: dict[str, Any],
    clearable: dict[str, Any],
    record: Callable[..., Any],
    operation_id: str | None,
) -> None:
    """Record what was given; ``none`` empties a field that may be empty."""
    given = {field: value for field, value in (changes | clearable).items() if value is not None}
    given |= {field: None for field, value in clearable.items() if value == NONE}
    if not given:
        raise typer.BadParameter("give at least one option that changes something; see --help")
    done = write(lambda session: record(find(session, kind, which), given, session=session, operation_id=operation_id))
    answer(done, _show)


def _show(result: Any) -> None:
    changed = ", ".join(result["changed"]).replace("_", " ")
    say(f"{result['slug']}: changed {changed}" if changed else f"{result['slug']}: nothing to change")
    if "archived" in result["changed"]:
        say("  archived: no longer offered" if result["is_archived"] else "  offered again")
    say(f"  operation {result['operation_id']}")


def _show_archived(rows: list[ArchivedThing]) -> None:
    if not rows:
        say("Nothing is archived.")
    for row in rows:
        say(f"{row['kind'].replace('recipient', 'customer')} {row['slug']} (id {row['id']}): {row['name']}")
