"""What a customer ordered, line by line, and how far it has been handed over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bake_tracker.domain.money import divide_half_even
from bake_tracker.domain.units import MICRO

HOWS = ("pick-up", "delivery", "counter")
"""The ways in which a customer gets an order."""

ORDERED = ("finished_unit", "finished_good")
"""The kinds of items that customers order."""

OrderState = Literal["open", "partly handed over", "done", "cancelled"]


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """A line of an order, in millionths of the item's base unit; the price is for one of it, None if nobody said.

    ``line`` is its number, which it keeps for as long as it is in the order; None if it has none yet.
    """

    line: int | None
    item_id: int
    quantity_micros: int
    price_micros: int | None = None


def price_of(quantity_micros: int, price_micros: int | None) -> int | None:
    """The price of a quantity, rounded once; None if the price of one is unknown."""
    return None if price_micros is None else divide_half_even(quantity_micros * price_micros, MICRO)


def total_of(lines: Iterable[OrderedLine]) -> int | None:
    """The price of all lines; None if the price of one is unknown."""
    amounts = [price_of(one.quantity_micros, one.price_micros) for one in lines]
    return None if None in amounts else sum(one for one in amounts if one is not None)


def numbered(lines: Sequence[OrderedLine], before: Sequence[OrderedLine], highest: int) -> list[OrderedLine]:
    """These lines with their numbers: the given one, else that of the same item before, else a new one."""
    taken = {one.line for one in lines if one.line is not None}
    free: dict[int, list[int]] = {}
    for one in before:
        if one.line is not None and one.line not in taken:
            free.setdefault(one.item_id, []).append(one.line)
    found: list[OrderedLine] = []
    for one in lines:
        number = one.line
        if number is None and free.get(one.item_id):
            number = free[one.item_id].pop(0)
        if number is None:
            highest += 1
            number = highest
        found.append(replace(one, line=number))
    return found


def state_of(lines: Iterable[OrderedLine], handed_over: Mapping[int, int], *, is_cancelled: bool) -> OrderState:
    """The state that follows from what is ordered and what was handed over, by line; what came back does not count."""
    if is_cancelled:
        return "cancelled"
    if all(handed_over.get(one.line or 0, 0) >= one.quantity_micros for one in lines):
        return "done"
    return "partly handed over" if any(handed_over.values()) else "open"
