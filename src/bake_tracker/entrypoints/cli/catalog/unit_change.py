"""Keep an item in another unit."""

from typing import Annotated, Any

import typer

from bake_tracker.entrypoints.cli.lookup import find
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, ask, counted, say, write
from bake_tracker.services.catalog.unit_change import check_unit_change, record_unit_change


def change_unit(
    item: Annotated[str, typer.Argument(help="slug or id of an ingredient or material")],
    unit: Annotated[str, typer.Argument(help="g, ml or each")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only show what would change; record nothing")] = False,
    operation_id: OperationId = None,
) -> None:
    """Keep an item by weight, volume or piece from now on. Its stock and recipes follow; history stays in its unit."""
    if dry_run:
        answer(ask(lambda session: check_unit_change(find(session, "item", item), unit, session=session)), _show)
        return
    done = write(
        lambda session: record_unit_change(
            find(session, "item", item), unit, session=session, operation_id=operation_id
        )
    )
    answer(done, _show)


def _show(result: Any) -> None:
    old, new = result["from_unit"], result["to_unit"]
    would = "is now" if "operation_id" in result else "would be"
    say(f"{result['slug']} {would} kept in {new}, not {old}")
    for lot in result["lots"]:
        say(f"  lot {lot['lot_code']}: {_amounts(lot, old, new)}")
    for part in result["components"]:
        say(f"  in one {part['finished_good_slug']}: {_amounts(part, old, new)}")
    if result["recipe_count"] or result["package_count"]:
        say(f"  {counted(result['recipe_count'], 'recipe')} and {counted(result['package_count'], 'package')} follow")
    if "operation_id" in result:
        say(f"  history stays in {old}, as {result['old_slug']} (id {result['item_id']})")
        say(f"  operation {result['operation_id']}")


def _amounts(one: Any, old: str, new: str) -> str:
    rounded = f" (rounded up by {one['difference']} {new})" if one["difference"] != "0" else ""
    return f"{one['quantity']} {old} = {one['new_quantity']} {new}{rounded}"
