"""What an import will add: frozen values that name each other by slug, for ids exist only once they are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """An ingredient, material, finished unit or category, in the bakery or to be added."""

    slug: str
    name: str
    kind: str
    base_unit: str
    g_per_ml: Fraction | None = None
    is_category: bool = False
    parent_slug: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class SupplierPlan:
    """Who goods come from."""

    slug: str
    name: str
    details: str | None = None


@dataclass(frozen=True, slots=True)
class ProductPlan:
    """A branded package; ``identity`` is the SHA-256 of what tells it from any other."""

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


@dataclass(frozen=True, slots=True)
class LotPlan:
    """A lot to be received under an operation id that the same row gets in every import of this database."""

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


@dataclass(frozen=True, slots=True)
class LinePlan:
    """``quantity`` of ``unit`` of an item, or ``quantity`` batches of a sub-recipe."""

    quantity: Fraction
    unit: str
    item_slug: str | None = None
    sub_recipe_slug: str | None = None


@dataclass(frozen=True, slots=True)
class YieldPlan:
    """What one batch gives of a finished unit, in millionths of one."""

    slug: str
    name: str
    quantity_micros: int


@dataclass(frozen=True, slots=True)
class RecipePlan:
    """A recipe with its lines and what it makes."""

    slug: str
    name: str
    category: str | None = None
    source: str | None = None
    notes: str | None = None
    lines: tuple[LinePlan, ...] = ()
    makes: tuple[YieldPlan, ...] = ()


@dataclass(frozen=True, slots=True)
class EventPlan:
    """An occasion."""

    slug: str
    name: str
    happens_on: date | None = None


@dataclass(frozen=True, slots=True)
class RecipientPlan:
    """Who boxes go to."""

    slug: str
    name: str
    household: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the bakery has already, by slug; products by identity."""

    database_id: str
    items: Mapping[str, ItemPlan]
    suppliers: Mapping[str, SupplierPlan]
    products: frozenset[str]
    recipes: Mapping[str, RecipePlan]
    events: Mapping[str, EventPlan]
    recipients: Mapping[str, RecipientPlan]
