"""Write a file's facts about items and recipes: measures, rates, allergens, terms and labels."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from bake_tracker.domain.buying.terms import terms_row
from bake_tracker.domain.importing.facts import Facts
from bake_tracker.models import tables
from bake_tracker.queries.catalog.things import key_of
from bake_tracker.services.catalog.changes import note_made
from bake_tracker.services.catalog.measures import record_density, record_piece_weight
from bake_tracker.services.catalog.rates import record_recipe_rate
from bake_tracker.services.operation import Operation


def write_facts(
    operation: Operation,
    facts: Facts,
    items: Mapping[str, int],
    products: Mapping[str, int],
    recipes: Mapping[str, int],
) -> None:
    """Record measures and rates, each as an operation, and insert allergens, terms and labels with their items."""
    session = operation.session
    for (slug, kind), weights in facts.weights.items():
        for place, weight in enumerate(weights):
            # The figures of one file replace each other: only the last is in use.
            more: dict[str, Any] = {"source": weight.source, "measured_on": weight.measured_on, "correct": place > 0}
            if kind == "density":
                record_density(items[slug], 1, "ml", weight.value, "g", session=session, **more)
            else:
                record_piece_weight(items[slug], 1, weight.value, "g", session=session, **more)
    for slug, (labour, overhead) in facts.rates.items():
        amounts = Decimal(labour).scaleb(-6), Decimal(overhead).scaleb(-6)
        record_recipe_rate(recipes[slug], *amounts, session=session)
    allergens = [
        {"item_id": items[slug], "allergen": allergen, "presence": presence}
        for slug, said in facts.allergens.items()
        for allergen, presence in said.items()
    ]
    of_products = [
        {"product_id": products[identity], "allergen": allergen, "presence": presence}
        for identity, said in facts.product_allergens.items()
        for allergen, presence in said.items()
    ]
    terms = [{"product_id": products[identity], **terms_row(said)} for identity, said in facts.terms.items()]
    labels = [
        {"item_id": items[slug], "ingredients": label[0], "allergens": label[1], "filed_at": _moment(label[2])}
        for slug, label in facts.labels.items()
    ]
    for table, rows in (
        (tables.item_allergen, allergens),
        (tables.product_allergen, of_products),
        (tables.product_terms, terms),
        (tables.item_label, labels),
    ):
        if rows:
            session.execute(insert(table), rows)
            note_made(operation, *((table.name, key_of(table.name, row)) for row in rows))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
