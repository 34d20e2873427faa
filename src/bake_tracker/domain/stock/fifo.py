"""Choose draws from open lots, in the order they are used, to meet a need."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from bake_tracker.domain.money import divide_half_even
from bake_tracker.domain.recipes.quantities import Mix
from bake_tracker.domain.units import MICRO

Reason = Literal["policy", "chosen", "reversal"]
"""Why a lot was drawn from: the item's policy chose it, a person named it, or the lot's addition was undone."""

_NO_MIXES: Mapping[int, Mix] = MappingProxyType({})

DUST_MICROS = 1_000
"""A draw that would leave less than 0.001 g, ml or each takes the rest. A US tablespoon has 11 decimals; without
this rule sixteen of them would not empty a cup."""


@dataclass(frozen=True, slots=True)
class OpenLot:
    """What is left of a lot that may be used, in millionths; ``cost_micros`` is None if unknown.

    ``priced_micros`` is the quantity that the cost belongs to, where less than that may be used. ``g_per_ml`` and
    ``g_per_each`` are None where the lot weighs what its item does.
    """

    lot_id: int
    item_id: int
    code: str
    quantity_micros: int
    cost_micros: int | None
    expires_on: date | None = None
    priced_micros: int | None = None
    g_per_ml: Fraction | None = None
    g_per_each: Fraction | None = None

    @property
    def is_weighed(self) -> bool:
        """Whether it has a weight of its own, other than its item's."""
        return self.g_per_ml is not None or self.g_per_each is not None


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


def to_draw(now: OpenLot, then: OpenLot | None, wanted_micros: int) -> OpenLot:
    """The lot as it was then, if it held enough or more than now; otherwise as it is now.

    If it holds too little by now, the ledger refuses to go below 0.
    """
    if then is not None and then.quantity_micros >= min(wanted_micros, now.quantity_micros + 1):
        return then
    return now


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


def allocate_by_weight(needed_micros: int, lots: Iterable[OpenLot], mix: Mix) -> Allocation:
    """Meet a need from lots whose volumes or pieces weigh differently, each by its own weight.

    A lot's stock counts as the part of the need that it meets.
    """
    draws: list[Draw] = []
    missing, met = Fraction(1), Fraction(0)
    for lot in lots:
        whole = mix.in_lot(lot.g_per_ml, lot.g_per_each) * MICRO
        part = lot.quantity_micros / whole
        met += part
        if wanted := int(whole * missing):
            draws.append(draw_from(lot, wanted))
            missing = Fraction(0) if draws[-1].quantity_micros >= wanted else max(missing - part, Fraction(0))
        else:
            missing = Fraction(0)  # less than a millionth
    available = int(needed_micros * met)
    return Allocation(tuple(draws), needed_micros, available if missing else max(available, needed_micros))


def plan_draws(
    needs: Mapping[int, int], lots: Iterable[OpenLot], mixes: Mapping[int, Mix] = _NO_MIXES
) -> dict[int, Allocation]:
    """Allocate every need (millionths by item id); checks and records both use this, only locking differs.

    ``mixes`` has the needs that depend on what a volume or a piece of a lot weighs.
    """
    by_item: dict[int, list[OpenLot]] = {item_id: [] for item_id in needs}
    for lot in lots:
        by_item[lot.item_id].append(lot)
    return {item_id: _allocate(needed, by_item[item_id], mixes.get(item_id)) for item_id, needed in needs.items()}


def _allocate(needed_micros: int, lots: Sequence[OpenLot], mix: Mix | None) -> Allocation:
    if mix is None or not any(lot.is_weighed for lot in lots):
        return allocate(needed_micros, lots)
    return allocate_by_weight(needed_micros, lots, mix)
