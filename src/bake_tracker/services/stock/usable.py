"""The lots that may be used: as they are now, or as they were when a late record happened."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from bake_tracker.domain.choices import CountSaw
from bake_tracker.domain.errors import ComponentShortage, Shortage
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.stock.fifo import OpenLot
from bake_tracker.domain.units import format_micros
from bake_tracker.queries.stock.counted import load_lots_as_they_were, load_then
from bake_tracker.queries.stock.lots import LotState
from bake_tracker.queries.stock.open_lots import load_came_later, load_lots_to_draw
from bake_tracker.services.operation import Operation

AnyShortage = TypeVar("AnyShortage", Shortage, ComponentShortage)


def usable_lots(operation: Operation, needs: Mapping[int, int], there_on: date) -> list[OpenLot]:
    """The lots that may meet ``needs``, in picking order: as they are now, or were when a late record happened."""
    if operation.said_at is None or not needs:
        return load_lots_to_draw(operation.connection, needs, operation.today, there_on=there_on) if needs else []
    return load_lots_as_they_were(operation.session, needs, operation.at, operation.today, _saw(operation))


def as_they_were(operation: Operation, lots: Mapping[int, LotState]) -> Mapping[int, LotState]:
    """These lots as they were when a late record happened, with what could be taken from each; else as they are."""
    if operation.said_at is None or not lots:
        return lots
    then = load_then(operation.session, lots, operation.at, _saw(operation))
    return {
        lot_id: replace(
            lot, on_hold=then[lot_id].on_hold, usable_until=then[lot_id].usable_until, then=then[lot_id].lot
        )
        for lot_id, lot in lots.items()
    }


def _saw(operation: Operation) -> CountSaw | None:
    # What is undone first is back already, though its counts are corrected last.
    return "after" if operation.settling else operation.count_saw


def with_what_came_later(
    operation: Operation, shortages: Sequence[AnyShortage], items: Mapping[int, Item], there_on: date
) -> Sequence[AnyShortage]:
    """The shortages of a late record, each with the quantity that arrived only after its day."""
    if there_on < date.max:
        by_slug = {item.slug: item_id for item_id, item in items.items()}
        later = load_came_later(operation.connection, items, there_on)
        for short in shortages:
            slug = short.get("ingredient_slug") or short.get("component_slug")
            if micros := later.get(by_slug[str(slug)]):
                short["came_later"] = format_micros(micros)
    return shortages
