"""Costs at given prices, and the margin at a selling price."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from bake_tracker.domain.money import divide_half_even
from bake_tracker.domain.units import MICRO

PER = {"g": ("kg", 1000), "ml": ("l", 1000), "each": ("each", 1), "cm": ("m", 100)}
"""The unit that prices are quoted in for each base unit, and how many base units it contains."""


@dataclass(frozen=True, slots=True)
class Price:
    """A quantity and its cost, in millionths: one purchase, or everything on hand."""

    quantity_micros: int
    cost_micros: int

    def of(self, micros: int) -> int:
        """The cost of this many millionths of the item's unit, ties to even."""
        return divide_half_even(self.cost_micros * micros, self.quantity_micros)

    def per(self, base_unit: str) -> int:
        """The price per kg, l, piece or m."""
        return self.of(PER[base_unit][1] * MICRO)


def cost_at(needs: Mapping[int, int], prices: Mapping[int, Price]) -> tuple[dict[int, int | None], int | None]:
    """The cost of every need, and their total; the total is None if any cost is unknown."""
    costs = {item_id: prices[item_id].of(micros) if item_id in prices else None for item_id, micros in needs.items()}
    return costs, total(costs.values())


def total(costs: Iterable[int | None]) -> int | None:
    """The sum; None if a part is unknown, because a partial sum would look complete."""
    known = list(costs)
    return None if None in known else sum(cost for cost in known if cost is not None)


def margin(price_micros: int, cost_micros: int | None) -> tuple[int | None, str | None]:
    """The margin at a price, as an amount and in percent to a tenth; None if the cost is unknown."""
    if cost_micros is None:
        return None, None
    left = price_micros - cost_micros
    tenths = round(Fraction(left * 1000, price_micros))  # ties to even
    return left, str(Decimal(tenths).scaleb(-1))
