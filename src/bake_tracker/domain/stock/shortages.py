"""Shortages and draws of a plan."""

from collections.abc import Iterable, Mapping

from bake_tracker.domain.errors import ComponentShortage, Shortage
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.stock.fifo import Allocation, Draw
from bake_tracker.domain.units import format_micros


def ingredient_shortages(plan: Mapping[int, Allocation], items: Mapping[int, Item]) -> list[Shortage]:
    """Every short ingredient, once, in the order of the plan."""
    return [
        {
            "ingredient_slug": items[item_id].slug,
            "ingredient_name": items[item_id].name,
            "needed": format_micros(allocation.needed_micros),
            "available": format_micros(allocation.available_micros),
            "unit": items[item_id].base_unit,
        }
        for item_id, allocation in plan.items()
        if allocation.is_short
    ]


def component_shortages(plan: Mapping[int, Allocation], items: Mapping[int, Item]) -> list[ComponentShortage]:
    """Every short component, once, in the order of the plan."""
    return [
        {
            "component_type": items[item_id].kind,
            "component_id": item_id,
            "component_slug": items[item_id].slug,
            "component_name": items[item_id].name,
            "needed": format_micros(allocation.needed_micros),
            "available": format_micros(allocation.available_micros),
            "unit": items[item_id].base_unit,
        }
        for item_id, allocation in plan.items()
        if allocation.is_short
    ]


def all_draws(plan: Mapping[int, Allocation]) -> list[Draw]:
    """Every draw of a plan, item by item."""
    return [draw for allocation in plan.values() for draw in allocation.draws]


def items_of(things: Iterable[Item | None]) -> dict[int, Item]:
    """Items by id, each once."""
    return {item.item_id: item for item in things if item is not None}
