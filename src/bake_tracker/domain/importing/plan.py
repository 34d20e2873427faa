"""What an import will add: frozen values that refer to each other by slug, because ids do not exist yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from fractions import Fraction

KEY_DIGITS = 12
PREFERRED = {"mass": "g", "count": "each", "volume": "ml", "length": "cm"}
"""The base unit of each dimension, the likeliest first."""


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """An item or category, in the bakery or to be added."""

    slug: str
    name: str
    kind: str
    base_unit: str
    g_per_ml: Fraction | None = None
    is_category: bool = False
    parent_slug: str | None = None
    description: str | None = None
    pick_policy: str = "fefo"
    shelf_life_days: int | None = None
    g_per_each: Fraction | None = None
    lot_count: int = 0

    @property
    def lots_numbered(self) -> int | None:
        """How many lots got a number of their own; None if none did."""
        return self.lot_count or None


@dataclass(frozen=True, slots=True)
class SupplierPlan:
    """A supplier."""

    slug: str
    name: str
    details: str | None = None


@dataclass(frozen=True, slots=True)
class ProductPlan:
    """A branded package; ``identity`` is the SHA-256 of the fields that make it unique."""

    identity: str
    item_slug: str
    brand: str | None
    name: str
    package_type: str | None
    package_quantity: Fraction | None
    package_unit: str
    gtin: str | None
    supplier_slug: str | None
    notes: str | None

    @property
    def key(self) -> str:
        """The short key of a product in tables."""
        return self.identity[:KEY_DIGITS]


@dataclass(frozen=True, slots=True)
class LotPlan:
    """A lot to receive; the same row gets the same operation id in every import into this database.

    A lot carried over from another database (``is_carried``) keeps its code; it is already here if there are
    ``number`` lots of this item and code.
    """

    operation_id: str
    item_slug: str
    quantity: Fraction
    unit: str
    total_cost: Decimal | None
    received_on: date | None
    expires_on: date | None
    lot_code: str | None
    location: str | None
    note: str | None
    product_identity: str | None
    supplier_slug: str | None = None
    usable_until: date | None = None
    on_hold: bool = False
    is_carried: bool = False
    number: int = 1
    is_used_up: bool = False
    """Whether nothing was left of it before the import: it is kept for its price."""
    g_per_ml: Fraction | None = None
    g_per_each: Fraction | None = None


LotKey = tuple[str, date, str | None]
"""Item, day of receipt and product, by which a lot is recognised when its quantity has changed."""


@dataclass(frozen=True, slots=True)
class LinePlan:
    """``quantity`` of ``unit`` of an item or a sub-recipe, which may be counted in batches."""

    quantity: Fraction
    unit: str
    item_slug: str | None = None
    sub_recipe_slug: str | None = None


@dataclass(frozen=True, slots=True)
class YieldPlan:
    """How much of a finished unit one batch makes, in millionths; ``share`` is its stated part of the cost."""

    slug: str
    name: str
    quantity_micros: int
    base_unit: str = "each"
    share: Fraction | None = None


@dataclass(frozen=True, slots=True)
class RecipePlan:
    """A recipe with its lines and what it makes, all of it in one batch if ``together``."""

    slug: str
    name: str
    category: str | None = None
    source: str | None = None
    notes: str | None = None
    lines: tuple[LinePlan, ...] = ()
    makes: tuple[YieldPlan, ...] = ()
    together: bool = False


@dataclass(frozen=True, slots=True)
class GoodPlan:
    """The parts of one finished good: millionths of the base unit by component."""

    slug: str
    name: str
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class NamePlan:
    """Another name for an item."""

    slug: str
    name: str
    item_slug: str


@dataclass(frozen=True, slots=True)
class BakeryPlan:
    """The bakery's name, currency, time zone and label policy."""

    name: str
    currency: str | None = None
    time_zone: str | None = None
    label_policy: str | None = None


@dataclass(frozen=True, slots=True)
class EventPlan:
    """An event."""

    slug: str
    name: str
    happens_on: date | None = None


@dataclass(frozen=True, slots=True)
class RecipientPlan:
    """A customer."""

    slug: str
    name: str
    household: str | None = None


@dataclass(frozen=True, slots=True)
class OrderLinePlan:
    """A line of an order; the price is for one of the item's base unit."""

    item_slug: str
    quantity: Fraction
    unit: str | None
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """A customer's order to take."""

    recipient_slug: str
    reference: str
    due_on: date
    due_time: time | None
    how: str
    place: str | None
    event_slug: str | None
    note: str | None
    lines: tuple[OrderLinePlan, ...]


@dataclass(frozen=True, slots=True)
class OnFile:
    """What the bakery already has, by slug; products by identity, and orders by customer and reference."""

    database_id: str
    bakery: BakeryPlan
    is_empty: bool
    items: Mapping[str, ItemPlan]
    suppliers: Mapping[str, SupplierPlan]
    products: Mapping[str, ProductPlan]
    goods: Mapping[str, GoodPlan]
    recipes: Mapping[str, RecipePlan]
    events: Mapping[str, EventPlan]
    recipients: Mapping[str, RecipientPlan]
    names: Mapping[str, str]
    """Slugs of items by their other names."""
    orders: Mapping[tuple[str, str], int] = field(default_factory=dict)
