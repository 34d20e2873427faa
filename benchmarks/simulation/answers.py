"""The model's answer for each function, and the product's function of the same name."""

from collections.abc import Callable
from typing import Any

from bake_tracker.services import assembly_service, batch_production_service, reversal
from bake_tracker.services.catalog import goods, measures, recipes, things
from bake_tracker.services.production import bake_and_pack
from bake_tracker.services.stock import adjustment, handling, receipt, stocktake

from . import regret, shelf
from .scopes import Call
from .things import Deed, Refused, Stock
from .world import World, needs_of

Made = tuple[list[Stock | None], dict[str, Any]]
"""The lots that were made (None where the call made none) and the answer."""

INSIDE = {"production": "record_batch_production", "assembly": "record_assembly"}
SHORT = {"record_batch_production": "insufficient_inventory", "record_assembly": "insufficient_components"}
SHORT["record_adjustment"] = "insufficient_inventory"


class RefusedInside(Exception):  # noqa: N818  as Refused
    """A composite operation is refused by one of its parts."""

    def __init__(self, function: str, refused: Refused) -> None:
        super().__init__(function)
        self.function, self.short = function, refused.short
        self.outcome = SHORT[function] if refused.outcome == "short" else refused.outcome


def inside_of(call: Call, answer: dict[str, Any]) -> list[str]:
    """Return the operations nested in a call."""
    if call.function == "record_reversal":
        return ["record_reversal"] * len(answer["also_reversed"])
    return list(INSIDE.values()) if call.function == "record_bake_and_pack" else []


def _receive(world: World, **meant: Any) -> Made:
    lot, answer = world.receive(**meant)
    return [lot], answer


def _produce(world: World, **meant: Any) -> Made:
    lot, answer = world.produce(**meant)
    return [lot], answer


def _assemble(world: World, **meant: Any) -> Made:
    lot, answer = world.assemble(**meant)
    return [lot], answer


def _bake_and_pack(world: World, good: Any, quantity: int, **meant: Any) -> Made:
    deed = world.deed
    try:
        world.begin(INSIDE["production"], "", deed)
        baked, production = world.produce(**meant)
    except Refused as refused:
        raise RefusedInside(INSIDE["production"], refused) from None
    try:
        world.begin(INSIDE["assembly"], "", deed)
        packed, assembly = world.assemble(good, quantity, meant["at"])
    except Refused as refused:
        raise RefusedInside(INSIDE["assembly"], refused) from None
    known = {"recipe_id": production["recipe_id"], "finished_good_id": good.id, "quantity": quantity}
    world.deed = deed
    return [baked, packed], {**known, "production": production, "assembly": assembly}


def _move(world: World, **meant: Any) -> Made:
    part, answer = shelf.move(world, **meant)
    return [part], answer


def _on_shelf(do: Callable[..., dict[str, Any]]) -> Callable[..., Made]:
    """Wrap a function of the model that makes no lot."""
    return lambda world, **meant: ([], do(world, **meant))


def _check_reversal(world: World, of: Deed) -> list[str]:
    return sorted(deed.id for deed in regret.plan(world, of)[1])


def _check_production(world: World, formula: Any, times: Any) -> list[dict[str, str]]:
    return world.shortages(needs_of(formula, times), world.today(None))


def _check_assembly(world: World, good: Any, quantity: int) -> list[dict[str, str]]:
    return world.shortages({part: micros * quantity for part, micros in good.parts.items()}, world.today(None))


def _set_up(_world: World) -> Made:
    return [], {}


MODEL: dict[str, Callable[..., Any]] = {
    "record_receipt": _receive,
    "record_batch_production": _produce,
    "record_assembly": _assemble,
    "record_bake_and_pack": _bake_and_pack,
    "record_adjustment": _on_shelf(shelf.adjust),
    "record_stocktake": _on_shelf(shelf.count),
    "record_hold": _on_shelf(shelf.hold),
    "record_release": _on_shelf(shelf.release),
    "record_transfer": _move,
    "record_reversal": _on_shelf(regret.reverse),
    "check_reversal": _check_reversal,
    "check_can_produce": _check_production,
    "check_can_assemble": _check_assembly,
    "record_bakery": _set_up,
    "record_item": _set_up,
    "record_density": _set_up,
    "record_supplier": _set_up,
    "record_event": _set_up,
    "record_recipe": _set_up,
    "record_recipe_yield": _set_up,
    "record_good_components": _set_up,
}
_SERVICES = (
    adjustment,
    assembly_service,
    bake_and_pack,
    batch_production_service,
    things,
    goods,
    handling,
    measures,
    receipt,
    recipes,
    reversal,
    stocktake,
)
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: vars(service)[name]
    for service in _SERVICES
    for name in MODEL
    if getattr(vars(service).get(name), "__module__", None) == service.__name__
}
