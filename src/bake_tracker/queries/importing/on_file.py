"""The current data that a file's rows are compared with."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from bake_tracker.domain.importing.plan import (
    BakeryPlan,
    EventPlan,
    GoodPlan,
    ItemPlan,
    LinePlan,
    LotKey,
    OnFile,
    ProductPlan,
    RecipePlan,
    RecipientPlan,
    SupplierPlan,
    YieldPlan,
)
from bake_tracker.models import (
    Event,
    GoodComponent,
    Item,
    Lot,
    Operation,
    Product,
    Recipe,
    RecipeLine,
    RecipeTogether,
    RecipeYield,
    Recipient,
    Reversal,
    Supplier,
)
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.names import load_names

_CHUNK = 1_000  # SQLite and PostgreSQL both limit the number of parameters in a statement

_parents = aliased(Item)
_items = select(
    Item.slug, Item.name, Item.kind, Item.base_unit, Item.g_per_ml, Item.is_category,
    _parents.slug.label("parent_slug"), Item.description, Item.pick_policy, Item.shelf_life_days, Item.g_per_each,
    Item.lot_count,
).outerjoin(_parents, _parents.id == Item.parent_id)  # fmt: skip
_products = (
    select(
        Product.identity, Item.slug, Product.brand, Product.name, Product.package_type, Product.package_quantity,
        Product.package_unit, Product.gtin, Supplier.slug, Product.notes,
    )
    .join(Item, Item.id == Product.item_id)
    .outerjoin(Supplier, Supplier.id == Product.supplier_id)
    .order_by(Product.id)
)  # fmt: skip
_lines = (
    select(RecipeLine.recipe_id, RecipeLine.quantity, RecipeLine.unit, Item.slug, Recipe.slug)
    .outerjoin(Item, Item.id == RecipeLine.item_id)
    .outerjoin(Recipe, Recipe.id == RecipeLine.sub_recipe_id)
    .order_by(RecipeLine.recipe_id, RecipeLine.position)
)
_yields = (
    select(
        RecipeYield.recipe_id, Item.slug, Item.name, RecipeYield.quantity_micros, RecipeTogether.share,
        RecipeTogether.item_id.is_not(None),
    )
    .join(Item, Item.id == RecipeYield.item_id)
    .outerjoin(
        RecipeTogether,
        and_(RecipeTogether.recipe_id == RecipeYield.recipe_id, RecipeTogether.item_id == RecipeYield.item_id),
    )
    .order_by(RecipeYield.recipe_id, Item.slug)
)  # fmt: skip
_components = aliased(Item)
_parts = (
    select(Item.slug, Item.name, _components.slug, GoodComponent.quantity_micros)
    .join(Item, Item.id == GoodComponent.good_id)
    .join(_components, _components.id == GoodComponent.component_id)
    .order_by(Item.slug, _components.slug)
)
_lots_by_code = (
    select(Item.slug, Lot.code, func.count())
    .join(Item, Item.id == Lot.item_id)
    .where(Lot.operation_id.not_in(select(Reversal.reversed_operation_id)))
    .group_by(Item.slug, Lot.code)
)


_imports = aliased(Operation)
_imported = (
    select(Item.slug, Lot.received_on, Product.identity, func.count())
    .join(Item, Item.id == Lot.item_id)
    .join(Operation, Operation.id == Lot.operation_id)
    .join(_imports, _imports.id == Operation.parent_id)
    .outerjoin(Product, Product.id == Lot.product_id)
    .where(_imports.name == "record_import", Lot.operation_id.not_in(select(Reversal.reversed_operation_id)))
    .group_by(Item.slug, Lot.received_on, Product.identity)
)


def load_imported_lots(session: Session) -> Counter[LotKey]:
    """The number of lots that imports brought, by item, day and product, excluding undone ones."""
    return Counter({(slug, day, identity): count for slug, day, identity, count in session.execute(_imported)})


def load_on_file(session: Session) -> OnFile:
    """Everything that a file's rows can refer to or repeat."""

    def by_slug(statement: Executable, plan: Any) -> Mapping[str, Any]:
        return {row[0]: plan(*row) for row in session.execute(statement)}

    bakery = load_bakery(session)
    items = by_slug(_items, ItemPlan)
    return OnFile(
        database_id=bakery.database_id,
        bakery=BakeryPlan(bakery.name, bakery.currency, bakery.time_zone, bakery.label_policy),
        is_empty=not items,
        items=items,
        suppliers=by_slug(select(Supplier.slug, Supplier.name, Supplier.details), SupplierPlan),
        products=by_slug(_products, ProductPlan),
        goods=_load_goods(session),
        recipes=load_recipes(session),
        events=by_slug(select(Event.slug, Event.name, Event.happens_on), EventPlan),
        recipients=by_slug(select(Recipient.slug, Recipient.name, Recipient.household), RecipientPlan),
        names=load_names(session),
    )


def load_recipes(session: Session) -> dict[str, RecipePlan]:
    """Every recipe by slug, with its lines and yields."""
    lines: defaultdict[int, list[LinePlan]] = defaultdict(list)
    for recipe_id, quantity, unit, item_slug, recipe_slug in session.execute(_lines):
        lines[recipe_id].append(LinePlan(quantity, unit, item_slug, recipe_slug))
    makes: defaultdict[int, list[YieldPlan]] = defaultdict(list)
    together = set[int]()
    for recipe_id, slug, name, micros, share, is_together in session.execute(_yields):
        makes[recipe_id].append(YieldPlan(slug, name, micros, share=share))
        together |= {recipe_id} if is_together else set()
    heads = select(Recipe.id, Recipe.slug, Recipe.name, Recipe.category, Recipe.source, Recipe.notes)
    return {
        row.slug: RecipePlan(
            *row[1:], lines=tuple(lines[row.id]), makes=tuple(makes[row.id]), together=row.id in together
        )
        for row in session.execute(heads)
    }


def _load_goods(session: Session) -> dict[str, GoodPlan]:
    parts: defaultdict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for slug, name, component, micros in session.execute(_parts):
        parts[slug, name].append((component, micros))
    return {slug: GoodPlan(slug, name, tuple(components)) for (slug, name), components in parts.items()}


def load_recorded(session: Session, operation_ids: Sequence[str]) -> dict[str, bool]:
    """Which of these operations were recorded, and whether each was undone."""
    found: dict[str, bool] = {}
    was_undone = exists().where(Reversal.reversed_operation_id == Operation.id)
    for start in range(0, len(operation_ids), _CHUNK):
        chunk = operation_ids[start : start + _CHUNK]
        rows = session.execute(select(Operation.id, was_undone).where(Operation.id.in_(chunk)))
        found.update({key: bool(undone) for key, undone in rows})
    return found


def load_lots_by_code(session: Session, codes: Collection[str]) -> dict[tuple[str, str], int]:
    """The number of lots by item and code, including empty ones and excluding undone ones."""
    found: dict[tuple[str, str], int] = {}
    wanted = sorted(codes)
    for start in range(0, len(wanted), _CHUNK):
        rows = session.execute(_lots_by_code.where(Lot.code.in_(wanted[start : start + _CHUNK])))
        found.update({(slug, code): count for slug, code, count in rows})
    return found


def load_product_ids(session: Session) -> dict[str, int]:
    """Every product's id by its identity."""
    return {row.identity: row.id for row in session.execute(select(Product.identity, Product.id))}


def load_item_ids(session: Session) -> dict[str, int]:
    """Every item's id by slug, including categories."""
    return {row.slug: row.id for row in session.execute(select(Item.slug, Item.id))}
