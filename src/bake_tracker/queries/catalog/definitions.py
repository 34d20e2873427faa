"""Items, recipes, goods and events as domain values."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, cast

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Connection,
    Row,
    String,
    and_,
    bindparam,
    null,
    select,
    text,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import (
    EventNotFoundError,
    FinishedGoodNotFoundError,
    FinishedUnitNotFoundError,
    FinishedUnitRecipeMismatchError,
    ItemNotFoundError,
    RecipeNotFoundError,
    RecipientNotFoundError,
    SupplierNotFoundError,
    UnitConversionError,
)
from bake_tracker.domain.recipes.quantities import (
    BATCH,
    Item,
    Rates,
    Recipe,
    RecipeLine,
    Yields,
    measured,
    sub_recipe_ids,
    topological_order,
)
from bake_tracker.domain.recipes.together import shares_of_cost
from bake_tracker.domain.units import format_micros
from bake_tracker.models import Base, Event, GoodComponent, Recipient, Supplier, tables
from bake_tracker.models import Item as ItemRow
from bake_tracker.models import Recipe as RecipeRow
from bake_tracker.models import RecipeLine as RecipeLineRow
from bake_tracker.queries.catalog.archived import ARCHIVES, is_archived

ITEM_COLUMNS = (
    tables.item.c.id,
    tables.item.c.kind,
    tables.item.c.slug,
    tables.item.c.name,
    tables.item.c.base_unit,
    tables.item.c.g_per_ml,
    tables.item.c.shelf_life_days,
    tables.item.c.g_per_each,
)
_RATIOS = (tables.item.c.g_per_ml, tables.item.c.g_per_each)


_ITEM_AS_TEXT = tuple(
    type_coerce(column, String) if any(column is ratio for ratio in _RATIOS) else column for column in ITEM_COLUMNS
)


TOGETHER_OF_YIELD = and_(
    tables.recipe_together.c.recipe_id == tables.recipe_yield.c.recipe_id,
    tables.recipe_together.c.item_id == tables.recipe_yield.c.item_id,
)
"""The row of a yield that comes out together with the recipe's others."""


def _recipe_with_all_below() -> CompoundSelect[*tuple[Any, ...]]:
    """One row per line, including sub-recipes, and one per finished unit that they make."""
    below = select(bindparam("recipe_id", type_=BigInteger).label("id")).cte("below", recursive=True)
    child = tables.recipe_line.alias("child")
    below = below.union(
        select(child.c.sub_recipe_id).where(child.c.recipe_id == below.c.id, child.c.sub_recipe_id.is_not(None))
    )
    of_recipe = (
        tables.recipe.c.id.label("of_recipe_id"),
        tables.recipe.c.slug.label("recipe_slug"),
        tables.recipe.c.name.label("named"),
    )
    lines = (
        select(
            *of_recipe,
            tables.recipe_line.c.position.label("position"),
            type_coerce(tables.recipe_line.c.quantity, String),
            tables.recipe_line.c.unit,
            tables.recipe_line.c.sub_recipe_id,
            null().label("made_micros"),
            null().label("together_id"),
            null().label("share"),
            tables.recipe_rate.c.labour_micros,
            tables.recipe_rate.c.overhead_micros,
            *_ITEM_AS_TEXT,
        )
        .select_from(below)
        .join(tables.recipe, tables.recipe.c.id == below.c.id)
        .outerjoin(tables.recipe_rate, tables.recipe_rate.c.recipe_id == below.c.id)
        .outerjoin(tables.recipe_line, tables.recipe_line.c.recipe_id == below.c.id)
        .outerjoin(tables.item, tables.item.c.id == tables.recipe_line.c.item_id)
    )
    makes = (
        select(
            *of_recipe,
            *(null() for _ in range(4)),
            tables.recipe_yield.c.quantity_micros,
            tables.recipe_together.c.item_id,
            type_coerce(tables.recipe_together.c.share, String),
            null(),
            null(),
            *_ITEM_AS_TEXT,
        )
        .select_from(below)
        .join(tables.recipe, tables.recipe.c.id == below.c.id)
        .join(tables.recipe_yield, tables.recipe_yield.c.recipe_id == tables.recipe.c.id)
        .join(tables.item, tables.item.c.id == tables.recipe_yield.c.item_id)
        .outerjoin(tables.recipe_together, TOGETHER_OF_YIELD)
    )
    every = union_all(lines, makes)
    return every.order_by(text("1, 4, 13"))  # recipe, position, item


# Built once: building a statement costs more than running it.
_RECIPE = _recipe_with_all_below()
_ITEMS = select(*ITEM_COLUMNS).where(tables.item.c.id.in_(bindparam("ids", expanding=True)), ~tables.item.c.is_category)
_YIELDS = (
    select(tables.recipe_yield.c.quantity_micros, *ITEM_COLUMNS)
    .join(tables.item, tables.item.c.id == tables.recipe_yield.c.item_id)
    .where(tables.recipe_yield.c.recipe_id == bindparam("recipe_id"))
    .order_by(tables.item.c.id)
)
_PARTS = (
    select(tables.good_component.c.quantity_micros, *ITEM_COLUMNS)
    .join(tables.item, tables.item.c.id == tables.good_component.c.component_id)
    .where(tables.good_component.c.good_id == bindparam("good_id"))
    .order_by(tables.item.c.id)
)


SluggedKind = Literal[
    "item", "ingredient", "material", "finished_unit", "finished_good", "recipe", "event", "supplier", "recipient"
]
SLUGGED: dict[SluggedKind, tuple[Any, str | None]] = {
    "item": (ItemRow, None),
    "ingredient": (ItemRow, "ingredient"),
    "material": (ItemRow, "material"),
    "finished_unit": (ItemRow, "finished_unit"),
    "finished_good": (ItemRow, "finished_good"),
    "recipe": (RecipeRow, None),
    "event": (Event, None),
    "supplier": (Supplier, None),
    "recipient": (Recipient, None),
}


@dataclass(frozen=True, slots=True)
class RecipeContent:
    """Everything a run is calculated from, as JSON with its SHA-256."""

    sha256: str
    content: str


@dataclass(frozen=True, slots=True)
class Component:
    """An item and its quantity in one finished good, in millionths of its base unit."""

    item: Item
    quantity_micros: int


@dataclass(frozen=True, slots=True)
class Good:
    """A finished good and its bill of materials."""

    item: Item
    components: tuple[Component, ...]


def as_item(row: Row[*tuple[Any, ...]]) -> Item:
    """Convert a row of ``ITEM_COLUMNS`` to an item."""
    return Item(row.id, row.kind, row.slug, row.name, row.base_unit, row.g_per_ml, row.shelf_life_days, row.g_per_each)


def load_item(session: Session, item_id: int) -> Item:
    """One item of any kind.

    Raises:
        ItemNotFoundError: there is no such item.
    """
    row = session.execute(_ITEMS, {"ids": [item_id]}).one_or_none()
    if row is None:
        raise ItemNotFoundError(item_id)
    return as_item(row)


def load_items(session: Session, item_ids: Iterable[int]) -> dict[int, Item]:
    """Items by id, without categories."""
    rows = session.execute(_ITEMS, {"ids": sorted(item_ids)})
    return {row.id: as_item(row) for row in rows}


def load_recipe(session: Session | Connection, recipe_id: int) -> Recipe:
    """A recipe with its yields, its lines and those of every sub-recipe, in one statement at any depth.

    Raises:
        RecipeNotFoundError: there is no such recipe.
    """
    rows = session.execute(_RECIPE, {"recipe_id": recipe_id})
    recipe = _recipe_of(recipe_id, tuple(map(tuple, rows.all())))
    if recipe is None:
        raise RecipeNotFoundError(recipe_id)
    return recipe


@lru_cache(256)
def _recipe_of(recipe_id: int, rows: tuple[tuple[Any, ...], ...]) -> Recipe | None:
    """The recipe in rows of ``_RECIPE``; cached by content, so that an unchanged recipe is parsed once."""
    lines: defaultdict[int, list[RecipeLine]] = defaultdict(list)
    makes: defaultdict[int, Yields] = defaultdict(dict)
    together: defaultdict[int, dict[int, Fraction | None]] = defaultdict(dict)
    slugs: dict[int, str] = {}
    name = None
    rates: dict[int, Rates] = {}
    for of_recipe, slug, recipe_name, _at, quantity, unit, sub_id, made_micros, in_all, share, *others in rows:
        labour, overhead, *columns = others
        slugs[of_recipe] = slug
        if labour is not None:
            rates[of_recipe] = Rates(labour, overhead)
        name = recipe_name if of_recipe == recipe_id else name
        item = _item_of(columns)
        if made_micros is not None and item:
            makes[of_recipe][item.item_id] = item, made_micros
            if in_all is not None:
                together[of_recipe][item.item_id] = Fraction(share) if share else None
        elif unit is not None:
            lines[of_recipe].append(RecipeLine(of_recipe, Fraction(quantity), unit, item, sub_id))
    if name is None:
        return None
    own = makes.get(recipe_id, {})
    return Recipe(recipe_id, slugs[recipe_id], name, dict(lines), slugs, own, rates, dict(makes), dict(together))


def _item_of(columns: Sequence[Any]) -> Item | None:
    """The item in ``ITEM_COLUMNS`` with weights as text; None if the line has no item."""
    item_id, kind, slug, name, base_unit, g_per_ml, shelf_life_days, g_per_each = columns
    if item_id is None:
        return None
    ratios = [Fraction(text) if text else None for text in (g_per_ml, g_per_each)]
    return Item(item_id, kind, slug, name, base_unit, ratios[0], shelf_life_days, ratios[1])


def yield_of(connection: Connection, recipe: Recipe, finished_unit_id: int) -> tuple[Item, int]:
    """A finished unit of the recipe and its quantity per batch, in millionths of its base unit.

    Raises:
        FinishedUnitNotFoundError: there is no such finished unit.
        FinishedUnitRecipeMismatchError: this recipe does not make it.
    """
    if finished_unit_id in recipe.makes:
        return recipe.makes[finished_unit_id]
    known = select(ItemRow.id).where(ItemRow.id == finished_unit_id, ItemRow.kind == "finished_unit")
    if connection.execute(known).first() is None:
        raise FinishedUnitNotFoundError(finished_unit_id)
    made = [item.slug for item, _ in recipe.makes.values()]
    raise FinishedUnitRecipeMismatchError(recipe.recipe_id, finished_unit_id, made)


def load_yields(session: Session, recipe_id: int) -> Yields:
    """Every finished unit a recipe makes: item id -> (item, millionths per batch)."""
    rows = session.execute(_YIELDS, {"recipe_id": recipe_id})
    return {row.id: (as_item(row), row.quantity_micros) for row in rows}


def load_good(session: Session | Connection, finished_good_id: int) -> Good:
    """A finished good and its components.

    Raises:
        FinishedGoodNotFoundError: there is no such finished good.
    """
    row = session.execute(_ITEMS, {"ids": [finished_good_id]}).one_or_none()
    if row is None or row.kind != "finished_good":
        raise FinishedGoodNotFoundError(finished_good_id)
    parts = session.execute(_PARTS, {"good_id": finished_good_id})
    return Good(as_item(row), tuple(Component(as_item(part_row), part_row.quantity_micros) for part_row in parts))


def check_parent(session: Session, item_id: int) -> None:
    """Raise ItemNotFoundError unless the parent item or category exists."""
    if session.scalar(select(ItemRow.id).where(ItemRow.id == item_id)) is None:
        raise ItemNotFoundError(item_id)


def check_event(session: Session | Connection, event_id: int | None) -> None:
    """Raise EventNotFoundError unless the event exists; None means no event."""
    if event_id is not None and session.scalar(select(Event.id).where(Event.id == event_id)) is None:
        raise EventNotFoundError(event_id)


def check_recipient(session: Session, recipient_id: int | None) -> None:
    """Raise RecipientNotFoundError unless the customer exists; None means no customer."""
    known = select(Recipient.id).where(Recipient.id == recipient_id)
    if recipient_id is not None and session.scalar(known) is None:
        raise RecipientNotFoundError(recipient_id)


def check_supplier(session: Session, supplier_id: int | None) -> None:
    """Raise SupplierNotFoundError unless the supplier exists; None means no supplier."""
    known = select(Supplier.id).where(Supplier.id == supplier_id)
    if supplier_id is not None and session.scalar(known) is None:
        raise SupplierNotFoundError(supplier_id)


def has_item_slug(session: Session, slug: str) -> bool:
    """Whether an item or category has this slug."""
    return session.scalar(select(ItemRow.id).where(ItemRow.slug == slug)) is not None


def load_recipe_children(session: Session) -> dict[int, list[int]]:
    """The direct sub-recipes of every recipe, to find a cycle before it is written."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    lines = select(RecipeLineRow.recipe_id, RecipeLineRow.sub_recipe_id)
    for recipe_id, child_id in session.execute(lines.where(RecipeLineRow.sub_recipe_id.is_not(None))):
        children[recipe_id].append(cast(int, child_id))
    return children


def load_good_children(session: Session) -> dict[int, list[int]]:
    """The direct components of every good, to find a cycle before it is written."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for good_id, component_id in session.execute(select(GoodComponent.good_id, GoodComponent.component_id)):
        children[good_id].append(component_id)
    return children


def load_slugs(session: Session, kind: SluggedKind, *, offered: bool = False) -> dict[str, int]:
    """Every slug of this kind, with its id; without archived ones if ``offered``."""
    model, item_kind = SLUGGED[kind]
    slugs = select(model.slug, model.id).order_by(model.slug)
    if item_kind:
        slugs = slugs.where(ItemRow.kind == item_kind)
    if model is ItemRow:
        slugs = slugs.where(~ItemRow.is_category)
    if offered and model.__tablename__ in ARCHIVES:
        slugs = slugs.where(~is_archived(Base.metadata.tables[model.__tablename__]))
    return {row.slug: row.id for row in session.execute(slugs)}


def find_id(session: Session, kind: SluggedKind, slug: str) -> int | None:
    """The id for a slug, or None."""
    model, item_kind = SLUGGED[kind]
    found = select(model.id).where(model.slug == slug)
    if item_kind:
        found = found.where(ItemRow.kind == item_kind, ~ItemRow.is_category)
    return cast("int | None", session.scalar(found))


@lru_cache(256)
def snapshot(recipe: Recipe) -> RecipeContent:
    """Everything a run is calculated from, as stored with each run; cached for an unchanged recipe."""
    content = json.dumps(_content(recipe), ensure_ascii=False, sort_keys=True)
    return RecipeContent(hashlib.sha256(content.encode()).hexdigest(), content)


def _shares(recipe: Recipe) -> Mapping[int, Fraction | None]:
    """The shares of the cost of what comes out together; None where a weight is not known."""
    with suppress(UnitConversionError):
        return shares_of_cost(recipe.makes, recipe.together) if recipe.together else {}
    return recipe.together


def _content(recipe: Recipe) -> Mapping[str, Any]:
    items = [line.item for lines in recipe.lines_by_recipe.values() for line in lines if line.item]
    sizes = measured(recipe, topological_order(recipe.recipe_id, lambda one: sub_recipe_ids(recipe, one), recipe.names))
    together = {recipe.makes[one][0].slug: share and str(share) for one, share in _shares(recipe).items()}
    return {
        "slug": recipe.slug,
        "name": recipe.name,
        "makes": {
            item.slug: {"quantity": format_micros(micros), "unit": item.base_unit}
            for item, micros in recipe.makes.values()
        },
        "items": {
            item.slug: {
                "base_unit": item.base_unit,
                "g_per_ml": str(item.g_per_ml) if item.g_per_ml else None,
                # Left out if unknown, so that such a recipe keeps its old hash.
                **({"g_per_each": str(item.g_per_each)} if item.g_per_each else {}),
            }
            for item in items
        },
        "recipes": {
            recipe.names[recipe_id]: [
                {
                    "quantity": str(line.quantity),
                    "unit": line.unit,
                    **({"item": line.item.slug} if line.item else {"recipe": recipe.names[line.sub_recipe_id or 0]}),
                    # Left out of other lines, so that a recipe without sub-recipes by weight keeps its old hash.
                    **({} if line.item or line.unit == BATCH else {"batches": str(sizes.batches(line))}),
                }
                for line in lines
            ]
            for recipe_id, lines in sorted(recipe.lines_by_recipe.items())
        },
        # Left out of alternatives, so that such a recipe keeps its old hash.
        **({"together": together} if together else {}),
    }
