"""From open lots, in the order they are to be used, to the draws that meet a need."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from bake_tracker.domain.money import divide_half_even

DUST_MICROS = 1_000
"""A draw that would leave less than 0.001 g, ml or each takes the rest: a US tablespoon has 11 decimals, and without
this rule one cup would be fifteen of them."""


@dataclass(frozen=True, slots=True)
class OpenLot:
    """A lot that may be used: what is left of it, in millionths; ``cost_micros`` is None when unknown."""

    lot_id: int
    item_id: int
    code: str
    quantity_micros: int
    cost_micros: int | None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """What one lot gives: quantity and cost in millionths; cost is None when the lot's is unknown."""

    lot: OpenLot
    quantity_micros: int
    cost_micros: int | None


@dataclass(frozen=True, slots=True)
class Allocation:
    """The draws for one need, and what is still missing of it."""

    draws: tuple[Draw, ...]
    needed_micros: int
    available_micros: int

    @property
    def is_short(self) -> bool:
        return self.available_micros < self.needed_micros


def draw_from(lot: OpenLot, wanted_micros: int) -> Draw:
    """Take ``wanted_micros`` or all of a lot; the last draw takes all that is left of quantity and of cost."""
    assert lot.quantity_micros > 0
    if lot.quantity_micros - wanted_micros < DUST_MICROS:
        return Draw(lot, lot.quantity_micros, lot.cost_micros)
    if lot.cost_micros is None:
        return Draw(lot, wanted_micros, None)
    return Draw(lot, wanted_micros, divide_half_even(lot.cost_micros * wanted_micros, lot.quantity_micros))


def allocate(needed_micros: int, lots: Iterable[OpenLot]) -> Allocation:
    """Meet a need from ``lots`` in the order given; short where they do not suffice."""
    draws: list[Draw] = []
    missing, available = needed_micros, 0
    for lot in lots:
        available += lot.quantity_micros
        if missing > 0:
            draws.append(draw_from(lot, missing))
            missing -= draws[-1].quantity_micros
    return Allocation(tuple(draws), needed_micros, available)


def plan_draws(needs: Mapping[int, int], lots: Iterable[OpenLot]) -> dict[int, Allocation]:
    """Allocate every need (item id -> millionths); check and record both decide by this, only locking differs."""
    by_item: dict[int, list[OpenLot]] = {item_id: [] for item_id in needs}
    for lot in lots:
        by_item[lot.item_id].append(lot)
    return {item_id: allocate(needed, by_item[item_id]) for item_id, needed in needs.items()}
