"""Choose draws from open lots, in the order they are used, to meet a need."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from bake_tracker.domain.money import divide_half_even

Reason = Literal["policy", "chosen", "reversal"]
"""Why a lot was drawn from: the item's policy chose it, a person named it, or the lot's addition was undone."""

DUST_MICROS = 1_000
"""A draw that would leave less than 0.001 g, ml or each takes the rest. A US tablespoon has 11 decimals; without
this rule sixteen of them would not empty a cup."""


@dataclass(frozen=True, slots=True)
class OpenLot:
    """What is left of a lot that may be used, in millionths; ``cost_micros`` is None if unknown.

    ``priced_micros`` is the quantity that the cost belongs to, where less than that may be used.
    """

    lot_id: int
    item_id: int
    code: str
    quantity_micros: int
    cost_micros: int | None
    expires_on: date | None = None
    priced_micros: int | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """What is taken from one lot, in millionths, and why; the cost is None if the lot's is unknown."""

    lot: OpenLot
    quantity_micros: int
    cost_micros: int | None
    reason: Reason = "policy"


@dataclass(frozen=True, slots=True)
class Allocation:
    """The draws for one need, and how much was needed and available."""

    draws: tuple[Draw, ...]
    needed_micros: int
    available_micros: int

    @property
    def is_short(self) -> bool:
        return self.available_micros < self.needed_micros


def draw_from(lot: OpenLot, wanted_micros: int, reason: Reason = "policy") -> Draw:
    """Take ``wanted_micros`` or the whole lot; the last draw takes all the remaining quantity and cost."""
    assert lot.quantity_micros > 0
    priced = lot.quantity_micros if lot.priced_micros is None else lot.priced_micros
    taken = lot.quantity_micros if lot.quantity_micros - wanted_micros < DUST_MICROS else wanted_micros
    if taken == priced or lot.cost_micros is None:
        return Draw(lot, taken, lot.cost_micros, reason)
    return Draw(lot, taken, divide_half_even(lot.cost_micros * taken, priced), reason)


def allocate(needed_micros: int, lots: Iterable[OpenLot]) -> Allocation:
    """Meet a need from ``lots`` in the given order; the result is short if they are not enough."""
    draws: list[Draw] = []
    missing, available = needed_micros, 0
    for lot in lots:
        available += lot.quantity_micros
        if missing > 0:
            draws.append(draw_from(lot, missing))
            missing -= draws[-1].quantity_micros
    return Allocation(tuple(draws), needed_micros, available)


def plan_draws(needs: Mapping[int, int], lots: Iterable[OpenLot]) -> dict[int, Allocation]:
    """Allocate every need (millionths by item id); checks and records both use this, only locking differs."""
    by_item: dict[int, list[OpenLot]] = {item_id: [] for item_id in needs}
    for lot in lots:
        by_item[lot.item_id].append(lot)
    return {item_id: allocate(needed, by_item[item_id]) for item_id, needed in needs.items()}
