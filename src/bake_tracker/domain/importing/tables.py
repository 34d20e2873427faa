"""The tables that exports write and imports read, in JSON, CSV and XLSX, and what their columns mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bake_tracker.domain.arguments import MAX_TEXT
from bake_tracker.domain.choices import ITEM_KINDS, MAX_SHELF_LIFE_DAYS, PICK_POLICIES
from bake_tracker.domain.orders.contents import HOWS

FORMAT = "bake-tracker tables 1"

CellKind = Literal["text", "number", "money", "day", "flag", "kept_in"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its heading.

    ``field`` is its name in the rows of its section, and ``of`` the exported attribute, if they differ. An empty cell
    means the first of the ``choices``; a number with a ``most`` is whole.
    """

    name: str
    kind: CellKind = "text"
    field: str = ""
    synonyms: tuple[str, ...] = ()
    is_needed: bool = False
    note: str = ""
    example: str = ""
    of: str = ""
    limit: int = MAX_TEXT
    most: int | None = None
    choices: tuple[str, ...] = ()
    older: str = ""
    """What the older program's exports call it."""

    def told_of(self, thing: object) -> object:
        """The value of an exported thing in this column."""
        return getattr(thing, self.of or self.name, None)

    @property
    def read_as(self) -> str:
        return self.field or self.name


@dataclass(frozen=True, slots=True)
class TableKind:
    """A table, the section of an import that its rows belong to, and what a row means."""

    section: str
    columns: tuple[Column, ...]
    about: str = ""

    def column_of(self, heading: str) -> Column | None:
        """The column with this heading."""
        for column in self.columns:
            if heading == column.name or heading in column.synonyms:
                return column
        return None


_ITEM = Column(
    "item", synonyms=("ingredient", "material", "what", "article", "item_slug", "ingredient_slug", "item_name"),
    is_needed=True, note="slug or name of the ingredient or material", example="flour",
)  # fmt: skip
_QUANTITY = Column("quantity", "number", synonyms=("qty", "amount"), is_needed=True, example="25")
_UNIT = Column(
    "unit", synonyms=("uom", "units"), is_needed=True, note="for example g, kg, lb, ml, cup, each", example="kg"
)
_COST = Column(
    "cost", "money", synonyms=("total", "total_cost", "total_price", "line_total"),
    note="for the whole row, not for one piece; leave it empty if unknown", example="31.50",
)  # fmt: skip
_EXPIRES = Column(
    "expires", "day", synonyms=("best_before", "use_by", "bbd", "expiry", "expiration_date", "expires_on"),
    example="2027-05-01",
)  # fmt: skip
_LOT = Column("lot", synonyms=("lot_code", "batch", "batch_number", "lot_number", "lot_or_batch"), example="M-2231")
_LOCATION = Column("location", synonyms=("place", "where", "storage"), example="Cellar")
_NOTE = Column("note", synonyms=("notes", "comment", "remark"))
_SUPPLIER = Column("supplier", synonyms=("vendor", "store", "shop", "bought_from"), example="Mill on the Brook")
_SLUG = Column("slug", note="if empty, made from the name")
_NAME = Column("name", is_needed=True)
_DESCRIPTION = Column("description")
_MEASURES = (
    Column("g_per_ml", "number", note="what one ml weighs in g, if it was weighed"),
    Column("g_per_each", "number", note="what one piece weighs in g"),
)

TABLES: Mapping[str, TableKind] = {
    "bakery": TableKind(
        "bakery", (_NAME, Column("currency"), Column("time_zone"), Column("label_policy"), Column("format"))
    ),
    "items": TableKind(
        "items",
        (
            Column("kind", choices=ITEM_KINDS), _SLUG, _NAME, Column("base_unit", "kept_in", synonyms=("unit",)),
            Column("pick_policy", choices=PICK_POLICIES), Column("shelf_life_days", "number", most=MAX_SHELF_LIFE_DAYS),
            *_MEASURES, Column("parent", field="parent_slug", of="parent_slug"), Column("is_category", "flag"),
            Column("lot_count", "number", of="lots_numbered", most=10**9), _DESCRIPTION,
        ),
    ),
    "suppliers": TableKind("suppliers", (_SLUG, _NAME, Column("details", synonyms=("address", "notes")))),
    "products": TableKind(
        "products",
        (
            Column("key"), Column("item", field="ingredient_slug", synonyms=("ingredient",), of="item_slug"),
            Column("brand"), Column("name", field="product_name"), Column("package_type"),
            Column("package_quantity", "number", field="package_unit_quantity"), Column("package_unit"),
            Column("gtin", synonyms=("upc", "ean", "barcode")),
            Column("supplier", field="preferred_supplier_slug", of="supplier_slug"), Column("notes"),
        ),
    ),
    "recipes": TableKind("recipes", (_SLUG, _NAME, Column("category"), Column("source"), Column("notes"))),
    "recipe_lines": TableKind(
        "recipe_lines",
        (
            Column("recipe", synonyms=("recipe_name", "name"), is_needed=True, example="Sourdough"),
            Column("item", synonyms=_ITEM.synonyms, note="the ingredient; or use sub_recipe", example="flour"),
            Column("sub_recipe", note="instead of an item: a recipe"),
            Column("quantity", "number", synonyms=("qty", "amount"), is_needed=True, example="500"),
            Column("unit", synonyms=("uom", "units"), note="for a sub_recipe: batch or a weight", example="g"),
            Column("makes", synonyms=("yields", "product"), note="the finished unit", example="Sourdough loaf"),
            Column("per_batch", "number", synonyms=("yield", "pieces"), note="how many one batch makes", example="2"),
            Column("category"), Column("source"), Column("notes", synonyms=("note", "method")),
        ),
        "one row for each line of a recipe; give what it makes on one of the rows",
    ),
    "recipe_makes": TableKind(
        "recipe_makes", (Column("recipe"), Column("item"), Column("per_batch", "number", field="per_batch"),
        Column("together", "flag", note="yes if all of it comes out of one batch"), Column("share", "number")),
    ),
    "good_parts": TableKind("good_parts", (Column("good"), Column("component"), Column("quantity", "number"))),
    "events": TableKind("events", (_SLUG, _NAME, Column("date", "day", field="event_date", of="happens_on"))),
    "recipients": TableKind(
        "recipients", (_SLUG, _NAME, Column("household", field="household_name", limit=200, older="household"))
    ),
    "lots": TableKind(
        "lots",
        (
            _ITEM, _LOT, _QUANTITY, _UNIT, _COST,
            Column("received", "day", synonyms=("date", "received_on", "purchase_date"), example="2026-11-20"),
            _EXPIRES, Column("usable_until", "day", note="if it was released for use past its expiry"),
            Column("on_hold", "flag", note="yes or no"), _LOCATION,
            Column("supplier", synonyms=_SUPPLIER.synonyms), Column("product", note="a product's key"), _NOTE,
            Column("g_per_ml", "number", note="what one ml of this lot weighs in g, if it differs from the item's"),
            Column("g_per_each", "number", note="what one piece of this lot weighs in g"),
        ),
        "one row for each lot in stock",
    ),
    "purchases": TableKind(
        "lots",
        (
            Column(
                "date", "day", field="received", is_needed=True, example="2026-11-20",
                synonyms=("purchase_date", "purchased", "received", "bought_on", "day"),
            ),
            _SUPPLIER, _ITEM, _QUANTITY, _UNIT, _COST, _LOT, _EXPIRES, _LOCATION, _NOTE,
        ),
        "one row for each purchase; each becomes a lot",
    ),
    "ingredients": TableKind(
        "items",
        (
            Column("name", synonyms=("ingredient", "item", "display_name"), is_needed=True, example="Rye flour"),
            _SLUG,
            Column(
                "unit", field="base_unit", synonyms=("base_unit", "kept_in"), is_needed=True, example="g",
                note="the unit it is kept in: g, ml, each or cm",
            ),
            Column("parent", field="parent_slug", synonyms=("category",), note="slug of its category"),
            Column("is_category", "flag", note="yes or no"),
            Column("shelf_life_days", "number", synonyms=("shelf_life",), example="180"), *_MEASURES, _DESCRIPTION,
        ),
        "one row for each ingredient",
    ),
    "orders": TableKind(
        "orders",
        (
            Column("customer", synonyms=("recipient", "client"), is_needed=True, note="slug or name", example="ada"),
            Column(
                "reference", synonyms=("order", "order_number", "order_id", "number"), is_needed=True, example="A-17",
                note="the customer's own number; rows with the same number are one order",
            ),
            Column("due", "day", synonyms=("due_on", "date", "day", "wanted_on"), is_needed=True, example="2026-12-04"),
            Column("time", synonyms=("due_time", "at"), note="on the bakery's clock", example="14:30"),
            Column("item", synonyms=("product", "what", "article", "item_slug"), is_needed=True, example="cookie-box",
                note="slug or name of the finished unit or good"),
            Column("quantity", "number", synonyms=("qty", "amount"), is_needed=True, example="60"),
            Column("unit", synonyms=("uom", "units"), note="if it is not the item's own", example="each"),
            Column("price", "money", synonyms=("unit_price", "price_each"), note="of one, as agreed", example="12.50"),
            Column("how", choices=HOWS, note=", ".join(HOWS), example=HOWS[0]),
            Column("place", synonyms=("where", "address"), limit=200),
            Column("event", note="slug or name"), _NOTE,
        ),
        "one row for each line of an order; what all its rows share may be given in the first one only",
    ),
    "names": TableKind("names", (_NAME, Column("item"))),
    "measures": TableKind(
        "measures",
        (Column("item"), Column("kind"), Column("g", "number"), Column("measured_on", "day"), Column("source")),
    ),
    "allergens": TableKind("allergens", (Column("item"), Column("allergen"), Column("presence"))),
    "product_allergens": TableKind("product_allergens", (Column("product"), Column("allergen"), Column("presence"))),
    "product_terms": TableKind(
        "product_terms",
        (
            Column("product"), Column("least_packs", "number"), Column("multiple_packs", "number"),
            Column("lead_days", "number"), Column("order_days"),
            Column("from_packs", "number"), Column("price", "money"),
        ),
    ),
    "labels": TableKind("labels", (Column("item"), Column("ingredients"), Column("allergens"), Column("filed_at"))),
    "recipe_rates": TableKind(
        "recipe_rates", (Column("recipe"), Column("labour", "money"), Column("overhead", "money"))
    ),
}  # fmt: skip

TEMPLATES = {
    "purchases": "purchases",
    "ingredients": "ingredients",
    "lots": "lots",
    "recipes": "recipe_lines",
    "orders": "orders",
}
"""The tables that people fill in, by the name of their template."""

EXPORTED = (
    "bakery", "items", "suppliers", "products", "recipes", "recipe_lines", "recipe_makes", "good_parts", "events",
    "recipients", "names", "measures", "allergens", "product_allergens", "product_terms", "labels",
    "recipe_rates", "lots",
)  # fmt: skip
"""The tables of an export, in order."""


def table_called(name: str, headings: frozenset[str]) -> str | None:
    """The table that a file or sheet with this name and headings contains; ``recipes`` with quantities are lines."""
    name = name.lower().replace(" ", "_").replace("-", "_")
    lines = TABLES["recipe_lines"].columns
    if name == "recipes" and any(heading in (c.name, *c.synonyms) for c in lines[3:4] for heading in headings):
        return "recipe_lines"
    return name if name in TABLES else None
