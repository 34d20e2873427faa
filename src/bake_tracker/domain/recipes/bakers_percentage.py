"""Baker's percentages: every ingredient as a percentage of the flour."""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from fractions import Fraction

from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.units import NeedsMeasureError, parse_unit, to_base

FLOUR = re.compile(
    r"\b(flours?|wholemeal|farines?|harinas?|farin[ae]|farinhas?|meel|\w*bloem|\w*mehl|\w*mjöl|\w*hvedemel|rugmel|mąk[ai]"
    r"|mouk[ay])\b"
)
"""Whole words, so that cornflour, which is a starch, does not count."""


def is_called_flour(name: str) -> bool:
    """Whether the name says that the item is flour, which is our only clue."""
    return FLOUR.search(name.casefold()) is not None


def weight_g(item: Item, base_quantity: Fraction) -> Fraction | None:
    """The weight in g of a quantity in base units; None if the item's measure is not known."""
    try:
        return to_base(base_quantity, parse_unit(item.base_unit), "g", item.g_per_ml, item.g_per_each)
    except NeedsMeasureError:
        return None


def bakers_percentages(weights_g: Mapping[int, Fraction | None], flour: Collection[int]) -> dict[int, str | None]:
    """Each item's weight as a percentage of all flour, to a tenth, ties to even.

    None for an item of unknown weight; None for all if the weight of a flour is unknown or there is no flour.
    """
    known = [weights_g[item_id] for item_id in flour]
    whole = None if None in known else sum((one for one in known if one is not None), Fraction(0))
    if not whole:
        return dict.fromkeys(weights_g)
    return {
        item_id: None if weight is None else str(Decimal(round(weight * 1000 / whole)).scaleb(-1))
        for item_id, weight in weights_g.items()
    }
