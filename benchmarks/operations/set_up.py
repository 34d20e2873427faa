"""A bakery to measure: a recipe of many ingredients, each with many lots."""

from sqlalchemy.orm import Session

from bake_tracker.services import batch_production_service
from bake_tracker.services.catalog import goods, recipes, things
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.stock import receipt

PACKED = 2


def set_up(session: Session, ingredients: int, lots: int) -> tuple[int, int]:
    """Record a recipe of ``ingredients`` lines, with ``lots`` lots of each item."""
    unit = things.record_item("finished_unit", "Cookie", "each", session=session)["item_id"]
    lines = []
    for number in range(ingredients):
        item = things.record_item("ingredient", f"Ingredient {number}", "g", session=session)["item_id"]
        lines.append({"item_id": item, "quantity": 1, "unit": "g"})
        for _ in range(lots):
            receipt.record_receipt(item, 1_000, "kg", session=session, total_cost=1_000)
    recipe = recipes.record_recipe("Cookies", lines, session=session)["recipe_id"]
    recipes.record_recipe_yield(recipe, unit, 24, session=session)
    return recipe, unit


def set_up_boxes(session: Session, unit: int) -> int:
    """Record a box of three cookies."""
    box = things.record_item("finished_good", "Box", "each", session=session)["item_id"]
    goods.record_good_components(box, [{"item_id": unit, "quantity": 3}], session=session)
    return box


def produce_once(url: str, recipe: int, unit: int) -> None:
    """Record and commit one production."""
    run_in_transaction(
        lambda session: batch_production_service.record_batch_production(recipe, unit, 1, 24, session=session), url
    )
