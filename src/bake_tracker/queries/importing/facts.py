"""Facts about items and recipes, in the form tables need."""

from collections import defaultdict

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from bake_tracker.domain.buying.terms import terms_of
from bake_tracker.domain.importing.facts import Facts, Weight
from bake_tracker.models import (
    Item,
    ItemAllergen,
    ItemLabel,
    Product,
    ProductAllergen,
    Recipe,
    RecipeRate,
    tables,
)
from bake_tracker.queries.operations.reversal import stands


def load_facts(session: Session) -> Facts:
    """Every measure in use, allergen, term, label and rate; six statements. A lot's own measure comes with the lot."""
    weights: defaultdict[tuple[str, str], list[Weight]] = defaultdict(list)
    standing = (
        select(
            Item.slug,
            tables.item_measure.c.kind,
            tables.item_measure.c.value,
            tables.item_measure.c.source,
            tables.item_measure.c.measured_on,
        )
        .join(Item, Item.id == tables.item_measure.c.item_id)
        .where(stands(tables.item_measure.c.operation_id), tables.item_measure.c.lot_id.is_(None))
        .order_by(Item.slug, tables.item_measure.c.kind, tables.item_measure.c.id)
    )
    for slug, kind, *weight in session.execute(standing):
        weights[slug, kind].append(Weight(*weight))
    said = select(Item.slug, ItemAllergen.allergen, ItemAllergen.presence).join(Item, Item.id == ItemAllergen.item_id)
    of_package = select(Product.identity, ProductAllergen.allergen, ProductAllergen.presence)
    of_package = of_package.join(Product, Product.id == ProductAllergen.product_id)
    terms = select(Product.identity, tables.product_terms).join(
        Product, Product.id == tables.product_terms.c.product_id
    )
    labels = select(Item.slug, ItemLabel.ingredients, ItemLabel.allergens, ItemLabel.filed_at)
    rates = select(Recipe.slug, RecipeRate.labour_micros, RecipeRate.overhead_micros)
    return Facts(
        weights=dict(weights),
        allergens=_presences(session, said.order_by(Item.slug, ItemAllergen.allergen)),
        product_allergens=_presences(session, of_package.order_by(Product.identity, ProductAllergen.allergen)),
        terms={row.identity: terms_of(row) for row in session.execute(terms.order_by(Product.identity))},
        labels={
            slug: (ingredients, listed, filed_at.isoformat())
            for slug, ingredients, listed, filed_at in session.execute(
                labels.join(Item, Item.id == ItemLabel.item_id).order_by(Item.slug)
            )
        },
        rates={
            slug: (labour, overhead)
            for slug, labour, overhead in session.execute(
                rates.join(Recipe, Recipe.id == RecipeRate.recipe_id).order_by(Recipe.slug)
            )
        },
    )


def _presences(session: Session, said: Select[str, str, str]) -> dict[str, dict[str, str]]:
    """The presence of each allergen, by item or product."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for thing, allergen, presence in session.execute(said):
        found[thing][allergen] = presence
    return dict(found)
