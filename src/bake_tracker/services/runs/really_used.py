"""Draw the lots that were really used as said, and let the policy choose the rest."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bake_tracker.domain.errors import ComponentShortage, Shortage
from bake_tracker.domain.recipes.quantities import Item, Mix
from bake_tracker.domain.stock.fifo import Allocation, plan_draws
from bake_tracker.domain.stock.really_used import (
    MadeBy,
    NamedLot,
    Stated,
    Used,
    UsedLot,
    check_can_be_used,
    state_draws,
)
from bake_tracker.domain.stock.shortages import component_shortages, ingredient_shortages
from bake_tracker.domain.units import format_micros
from bake_tracker.queries.catalog.definitions import load_items
from bake_tracker.queries.stock.lots import load_lots
from bake_tracker.services.operation import Operation
from bake_tracker.services.stock.ledger import choose_lots, lock_items
from bake_tracker.services.stock.usable import as_they_were, usable_lots


@dataclass(frozen=True, slots=True)
class Need:
    """What a run needs, in millionths by item id, and the entries of ``used`` that say where it came from.

    ``items`` are those of the recipe or the good; a late record takes nothing that came in after ``there_on``.
    ``mixes`` has the needs that depend on what a lot weighs.
    """

    made_by: MadeBy
    needs: Mapping[int, int]
    items: Mapping[int, Item]
    used: Sequence[Used]
    there_on: date = date.max
    mixes: Mapping[int, Mix] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The draws by item, every item among them, the named lots that hold too little, and what was named."""

    plan: Mapping[int, Allocation]
    items: Mapping[int, Item]
    short: Sequence[tuple[NamedLot, int]] = ()
    told: Sequence[UsedLot] = field(default=())

    def ingredients_short(self) -> list[Shortage]:
        """Every short ingredient, and every named lot that holds too little."""
        lots: list[Shortage] = [
            {
                "ingredient_slug": lot.item.slug,
                "ingredient_name": lot.item.name,
                "needed": format_micros(wanted),
                "available": format_micros(lot.to_draw(wanted).quantity_micros),
                "unit": lot.item.base_unit,
                "lot_code": lot.open_lot.code,
            }
            for lot, wanted in self.short
        ]
        return [*ingredient_shortages(self.plan, self.items), *lots]

    def components_short(self) -> list[ComponentShortage]:
        """Every short component, and every named lot that holds too little."""
        lots: list[ComponentShortage] = [
            {
                "component_type": lot.item.kind,
                "component_id": lot.item.item_id,
                "component_slug": lot.item.slug,
                "component_name": lot.item.name,
                "needed": format_micros(wanted),
                "available": format_micros(lot.to_draw(wanted).quantity_micros),
                "unit": lot.item.base_unit,
                "lot_code": lot.open_lot.code,
            }
            for lot, wanted in self.short
        ]
        return [*component_shortages(self.plan, self.items), *lots]


def choose_draws(operation: Operation, need: Need, *, also_lock: Collection[int]) -> Chosen:
    """Lock every item used and ``also_lock`` (the items made), then choose the draws.

    Raises:
        LotNotFoundError, ValidationError, UnitConversionError, ConflictError: a lot in ``used`` cannot be used.
    """
    if not need.used:
        if len(also_lock) > 1:
            lock_items(operation, {*need.needs, *also_lock})
        first = next(iter(also_lock))
        return Chosen(
            choose_lots(operation, need.needs, there_on=need.there_on, also_lock=first, mixes=need.mixes),
            need.items,
        )
    named = {lot.item.item_id for lot in _load_named(operation, need).values()}
    lock_items(operation, {*need.needs, *named, *also_lock})
    return plan_as_used(operation, need)


def plan_as_used(operation: Operation, need: Need) -> Chosen:
    """The same choice without a lock, for a check.

    Raises:
        LotNotFoundError, ValidationError, UnitConversionError, ConflictError: a lot in ``used`` cannot be used.
    """
    lots = _load_named(operation, need)
    stated = Stated(named={}, left=need.needs, short=(), told=())
    if lots:
        check_can_be_used(lots.values(), need.there_on)
        stated = state_draws(need.used, lots, need.needs, need.items, need.made_by, operation.today)
    open_lots = usable_lots(operation, stated.left, need.there_on)
    return Chosen(
        plan={**plan_draws(stated.left, open_lots, need.mixes), **stated.named},
        items={**need.items, **{lot.item.item_id: lot.item for lot in lots.values()}},
        short=stated.short,
        told=stated.told,
    )


def _load_named(operation: Operation, need: Need) -> dict[int, NamedLot]:
    if not need.used:
        return {}
    lots = as_they_were(operation, load_lots(operation.session, {one.lot_id for one in need.used}))
    items = load_items(operation.session, {lot.item_id for lot in lots.values()})
    return {
        lot.lot_id: NamedLot(lot.open_lot, lot.weighed(items[lot.item_id]), lot.received_on, lot.on_hold, lot.then)
        for lot in lots.values()
    }
