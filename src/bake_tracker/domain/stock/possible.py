"""How many the stock allows, by the same rule that recording uses."""

from collections.abc import Mapping
from fractions import Fraction

from bake_tracker.domain.arguments import MAX_COUNT
from bake_tracker.domain.stock.fifo import DUST_MICROS
from bake_tracker.domain.units import MAX_TOTAL_MICROS, MICRO, drawn_micros


def most_times(per_one: Mapping[int, Fraction], usable_micros: Mapping[int, int]) -> int:
    """How many the usable stock (millionths by item id) allows, if one takes ``per_one`` base units of every item.

    Needs are rounded down once, so ``n`` fit while ``n * per_one < usable + 1``. No run is larger than ``MAX_COUNT``.
    """
    most = MAX_COUNT
    for item_id, quantity in per_one.items():
        there = min(usable_micros.get(item_id, 0), MAX_TOTAL_MICROS)
        most = min(most, -(-(there + 1) // (quantity * MICRO)) - 1)
    return most


def short_of(per_one: Mapping[int, Fraction], usable_micros: Mapping[int, int], times: int) -> dict[int, int]:
    """How much of every short item ``times`` of them would need, in millionths by item id."""
    needs = {item_id: drawn_micros(quantity, Fraction(times)) for item_id, quantity in per_one.items()}
    return {item_id: need for item_id, need in needs.items() if need > usable_micros.get(item_id, 0)}


def times_to_use_up(per_one: Fraction, micros: int) -> int:
    """How many must be made to use up this much; a draw that would leave only dust takes the rest."""
    left = max(micros - DUST_MICROS + 1, 1)
    return int(-(-left // (per_one * MICRO)))
