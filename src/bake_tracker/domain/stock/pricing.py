"""What a batch costs by three prices, what is in the way of knowing it, and what is left at a selling price."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from bake_tracker.domain.money import divide_half_even
from bake_tracker.domain.units import MICRO

PER = {"g": ("kg", 1000), "ml": ("l", 1000), "each": ("each", 1), "cm": ("m", 100)}
"""What a price is told for, where an item is kept in this unit, and how many of the unit that is."""


@dataclass(frozen=True, slots=True)
class Price:
    """So much of an item for so much, in millionths: a lot as it was bought, or all of it that is on hand."""

    quantity_micros: int
    cost_micros: int

    def of(self, micros: int) -> int:
        """What this many millionths of the item's unit cost, ties to even."""
        return divide_half_even(self.cost_micros * micros, self.quantity_micros)

    def per(self, base_unit: str) -> int:
        """The price of a kg, l, piece or m."""
        return self.of(PER[base_unit][1] * MICRO)


def cost_at(needs: Mapping[int, int], prices: Mapping[int, Price]) -> tuple[dict[int, int | None], int | None]:
    """What every need costs, and all of them together: unknown as soon as one of them is."""
    costs = {item_id: prices[item_id].of(micros) if item_id in prices else None for item_id, micros in needs.items()}
    return costs, total(costs.values())


def total(costs: Iterable[int | None]) -> int | None:
    """The sum; unknown as soon as a part is, since a partial sum would read like a whole one."""
    known = list(costs)
    return None if None in known else sum(cost for cost in known if cost is not None)


def margin(price_micros: int, cost_micros: int | None) -> tuple[int | None, str | None]:
    """What is left of a price, and how much of it that is in per cent, to a tenth; unknown where the cost is."""
    if cost_micros is None:
        return None, None
    left = price_micros - cost_micros
    tenths = round(Fraction(left * 1000, price_micros))  # ties to even
    return left, str(Decimal(tenths).scaleb(-1))
