"""What an accepted plan was worked out from, as a short code with a part for each kind of input."""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256

from bake_tracker.domain.planning.demand import Demand
from bake_tracker.domain.planning.shelf import StockLot
from bake_tracker.domain.planning.ways import Ways

PARTS = (
    "the days",
    "the orders",
    "what the shelf is to have",
    "the stock",
    "the recipes and boxes",
    "what is on order",
)
"""What the parts of a code stand for, in their order."""

DIGITS = 8
LOOKS_RIGHT = rf"^[0-9a-f]{{{DIGITS}}}(-[0-9a-f]{{{DIGITS}}}){{{len(PARTS) - 1}}}$"
"""The pattern of a code."""


def code_of_inputs(
    days: tuple[date, ...],
    demands: tuple[Demand, ...],
    ways: Ways,
    lots: tuple[StockLot, ...],
    unusable: Mapping[int, int],
    coming: tuple[StockLot, ...],
) -> str:
    """The code of everything that the lines of a plan rest on; ``days`` begin with today."""
    orders = [one for one in demands if one.source != "par"]
    shelf = [one for one in demands if one.source == "par"]
    parts = (days, orders, shelf, (lots, sorted(unusable.items())), ways, coming)
    return "-".join(sha256(repr(part).encode()).hexdigest()[:DIGITS] for part in parts)


def parts_changed(shown: str, current: str) -> list[str]:
    """What differs between two codes, in words."""
    pairs = zip(PARTS, shown.split("-"), current.split("-"), strict=True)
    return [part for part, before, after in pairs if before != after]
