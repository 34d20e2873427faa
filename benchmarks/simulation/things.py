"""What the model knows: items, lots, recipes and operations."""

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any


class Refused(Exception):  # noqa: N818  a refusal is no error here
    """A refusal that the model expects, with its outcome and its shortages."""

    def __init__(self, outcome: str, short: list[dict[str, str]] | None = None) -> None:
        super().__init__(outcome)
        self.outcome, self.short = outcome, short or []


@dataclass(slots=True, eq=False)
class Thing:
    """An item: its unit, its pick policy, and its open lots in picking order."""

    name: str
    kind: str
    unit: str
    policy: str = "fefo"
    shelf_life: int | None = None
    g_per_ml: Fraction | None = None
    id: int = 0
    slug: str = ""
    lot_count: int = 0
    lots: list["Stock"] = field(default_factory=list)
    splits: dict[str, int] = field(default_factory=dict)
    parts: dict["Thing", int] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Stock:
    """One lot; the product's first answer about it gives its ``id``."""

    thing: Thing
    code: str
    received_on: date
    expires_on: date | None
    quantity: int
    cost: int | None
    left: int
    cost_left: int | None
    order: tuple[date, date, int]
    until: date | None
    made_by: int
    parent: "Stock | None" = None
    is_held: bool = False
    place: str | None = None
    parts: list["Stock"] = field(default_factory=list)
    handled_by: list["Deed"] = field(default_factory=list)
    id: int = 0

    def may_be_used(self, day: date) -> bool:
        return self.left > 0 and not self.is_held and (self.until is None or self.until >= day)


@dataclass(slots=True, eq=False)
class Formula:
    """A recipe: lines of (quantity, unit, item) or (batches, "batch", recipe), and what one batch makes."""

    name: str
    lines: list[tuple[Fraction, str, "Thing | Formula"]]
    makes: dict[Thing, int]
    id: int = 0


@dataclass(slots=True)
class Done:
    """An operation that succeeded: its request, its transaction and its first answer."""

    request: object
    transaction: int
    answer: Any = None


@dataclass(slots=True, eq=False)
class Deed:
    """What an operation did: the lots it changed, the earlier state of those it handled, and where the cost went."""

    number: int
    name: str
    id: str
    parent: "Deed | None" = None
    posted: list[tuple[Stock, int, int | None]] = field(default_factory=list)
    handled: list[tuple[Stock, bool, date | None]] = field(default_factory=list)
    moved: list[tuple[Stock, str | None]] = field(default_factory=list)
    split: tuple[Stock, Stock] | None = None
    costs: dict[str, int] = field(default_factory=dict)
    parts: list["Deed"] = field(default_factory=list)
    is_undone: bool = False
