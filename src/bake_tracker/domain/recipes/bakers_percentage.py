"""What a dough is made of, in per cent of its flour."""

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
"""Whole words, so that cornflour, which is a starch, is none."""


def is_called_flour(name: str) -> bool:
    """Whether a name says that something is flour; nothing else here knows."""
    return FLOUR.search(name.casefold()) is not None


def weight_g(item: Item, base_quantity: Fraction) -> Fraction | None:
    """What so much of an item, in its base unit, weighs; None where nobody has said what a ml or a piece does."""
    try:
        return to_base(base_quantity, parse_unit(item.base_unit), "g", item.g_per_ml, item.g_per_each)
    except NeedsMeasureError:
        return None


def bakers_percentages(weights_g: Mapping[int, Fraction | None], flour: Collection[int]) -> dict[int, str | None]:
    """By item its weight in per cent of that of all flour together, to a tenth, ties to even.

    None for what weighs nobody knows how much, and for everything where that is so of a flour or there is none.
    """
    known = [weights_g[item_id] for item_id in flour]
    whole = None if None in known else sum((one for one in known if one is not None), Fraction(0))
    if not whole:
        return dict.fromkeys(weights_g)
    return {
        item_id: None if weight is None else str(Decimal(round(weight * 1000 / whole)).scaleb(-1))
        for item_id, weight in weights_g.items()
    }
