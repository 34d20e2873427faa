"""Par levels: what is to be on the shelf at opening."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from bake_tracker.domain.planning.demand import Demand
from bake_tracker.domain.planning.figures import Figure, not_negative, simplified

EVERY_DAY = "every day"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", EVERY_DAY)
"""By the number of a weekday; the last holds for days without a level of their own."""

AFTER_ORDERS = 24 * 60 + 1
"""The minute at which the shelf has its turn: what is ordered for a day comes first."""


@dataclass(frozen=True, slots=True)
class Par:
    """How much of an item is to be on the shelf on a weekday, by its number in ``WEEKDAYS``."""

    item: Hashable
    weekday: int
    quantity: Figure


def par_demands(
    pars: Iterable[Par], first: int, last: int, sold: Mapping[Hashable, Figure] | None = None
) -> Iterator[Demand]:
    """What the shelf wants of each item on each day, given as ordinals; a weekday's own level beats that of every day.

    Args:
        sold: what was sold on the first day already, of each item, which the shelf need not have again.

    Raises:
        ValidationError: a quantity is negative or a float.
    """
    levels = {(par.item, par.weekday): par for par in pars}
    items = list(dict.fromkeys(item for item, _ in levels))
    for day in range(first, last + 1):
        weekday = date.fromordinal(day).weekday()
        for item in items:
            par = levels.get((item, weekday)) or levels.get((item, WEEKDAYS.index(EVERY_DAY)))
            if par is None:
                continue
            gone = not_negative("sold", (sold or {}).get(item, 0)) if day == first else 0
            if (wanted := not_negative("quantity", par.quantity) - gone) > 0:
                yield Demand(("par", item, day), item, day, simplified(wanted), "par", AFTER_ORDERS)
