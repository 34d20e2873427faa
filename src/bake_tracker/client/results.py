"""The server's answers as values: quantities and money as Decimal, dates as date, unknown as None.

Fields added by a newer server are ignored.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Shortage:
    """An ingredient or component that is short."""

    needed: Decimal
    available: Decimal
    unit: str
    ingredient_slug: str | None = None
    component_slug: str | None = None

    @property
    def slug(self) -> str:
        """The item that is short."""
        return self.ingredient_slug or self.component_slug or ""


@dataclass(frozen=True, slots=True)
class Check:
    """Whether there is enough stock, and every shortage."""

    possible: bool
    shortages: list[Shortage]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded operation; the answers to all other recordings build on it."""

    operation_id: str


@dataclass(frozen=True, slots=True)
class Item(Recorded):
    """An item that was added."""

    item_id: int
    slug: str
    name: str
    kind: str
    base_unit: str


@dataclass(frozen=True, slots=True)
class Lot:
    """Goods received as one lot."""

    lot_id: int
    lot_code: str
    item_id: int
    item_slug: str
    quantity: Decimal
    unit: str
    total_cost: Decimal | None
    unit_cost: Decimal | None
    received_on: date
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Receipt(Lot):
    """A lot that was received."""

    operation_id: str


@dataclass(frozen=True, slots=True)
class Delivery(Recorded):
    """A supplier's document, with a lot for every line."""

    delivery_id: int
    supplier_id: int
    document: str | None
    delivered_on: date
    lots: list[Lot]
    total_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Consumption:
    """The quantity a run used from one lot."""

    lot_id: int
    lot_code: str
    quantity: Decimal
    unit: str
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Production(Recorded):
    """A production; it has no lot if everything was lost."""

    production_run_id: int
    recipe_id: int
    finished_unit_id: int
    num_batches: int
    expected_yield: Decimal
    actual_yield: Decimal
    loss_quantity: Decimal
    production_status: str
    lot_id: int | None
    lot_code: str | None
    total_ingredient_cost: Decimal | None
    per_unit_cost: Decimal | None
    cost_complete: bool
    consumptions: list[Consumption]


@dataclass(frozen=True, slots=True)
class Assembly(Recorded):
    """An assembly."""

    assembly_run_id: int
    finished_good_id: int
    quantity: int
    lot_id: int
    lot_code: str
    total_component_cost: Decimal | None
    per_unit_cost: Decimal | None
    cost_complete: bool
    consumptions: list[Consumption]


@dataclass(frozen=True, slots=True)
class BakeAndPack(Recorded):
    """A production and its assembly, recorded as one operation."""

    production: Production
    assembly: Assembly


@dataclass(frozen=True, slots=True)
class Adjustment(Recorded):
    """A recorded adjustment."""

    kind: str
    reason: str | None
    total_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Return(Recorded):
    """A recorded return."""

    kind: str
    put: str | None
    reason: str | None
    total_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Reversal(Recorded):
    """A reversal."""

    reversed_operation_id: str
    reversed_operation: str
    reversed_count: int


@dataclass(frozen=True, slots=True)
class ItemOnHand:
    """An item and its stock on hand."""

    item_id: int
    kind: str
    slug: str
    name: str
    unit: str
    on_hand: Decimal
    value: Decimal | None
    lot_count: int
    known_value: Decimal | None = None
    """The value without the lots of unknown cost, which hold ``quantity_without_cost``; older servers have neither."""
    quantity_without_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ListedLot:
    """A lot and what is left of it."""

    lot_id: int
    lot_code: str
    item_id: int
    item_slug: str
    quantity: Decimal
    on_hand: Decimal
    unit: str
    value: Decimal | None
    received_on: date
    expires_on: date | None
    state: str
    location: str | None
    operation_id: str


@dataclass(frozen=True, slots=True)
class Order(Recorded):
    """A customer's order as it is now; the price is None if a line has none."""

    order_id: int
    state: str
    recipient_id: int | None
    due_on: date
    due_time: str | None
    reference: str | None
    total_price: Decimal | None


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """An order in a list; ``recipient`` is the customer's name."""

    order_id: int
    state: str
    recipient: str | None
    due_on: date
    due_time: str | None
    reference: str | None
    total_price: Decimal | None


@dataclass(frozen=True, slots=True)
class HandOver(Recorded):
    """Goods given to a customer; ``state`` is the order's after it, and costs are signed."""

    hand_over_id: int
    order_id: int | None
    state: str | None
    total_cost: Decimal | None
    total_price: Decimal | None


@dataclass(frozen=True, slots=True)
class Run:
    """A production or an assembly."""

    kind: str
    run_id: int
    operation_id: str
    at: datetime
    what: str
    made: str
    quantity: Decimal
    unit: str
    status: str
    cost: Decimal | None
    lot_code: str | None
    reversed: bool


@dataclass(frozen=True, slots=True)
class Operation(Recorded):
    """A recorded operation."""

    operation: str
    recorded_at: datetime
    actor: str | None


def read(kind: type[Result], found: Mapping[str, Any]) -> Result:
    """Convert an answer to a value of this kind."""
    hints = _hints(cast(Any, kind))
    given = {one.name: _value(hints[one.name], found[one.name]) for one in fields(cast(Any, kind)) if one.name in found}
    return kind(**given)


@lru_cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(kind: Any, found: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        if found is None:
            return None
        (kind,) = (one for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is list:
        (inner,) = get_args(kind)
        return [_value(inner, one) for one in found]
    if is_dataclass(kind):
        return read(cast(Any, kind), found)
    if kind is Decimal:
        return Decimal(found)
    if kind in (date, datetime):
        return kind.fromisoformat(found)
    return found
