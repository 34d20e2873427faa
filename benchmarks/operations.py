"""What logging costs a production: CPU time with INFO JSON to a file against logging off, and its statements.

python benchmarks/operations.py [--pairs 400] [--ingredients 20] [--lots 10]
"""

import argparse
import logging
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness import ratio, take_turns
from sqlalchemy.orm import Session

from bake_tracker.services import (
    batch_production_service,
    catalog_service,
    goods_service,
    receiving_service,
    recipe_service,
)
from bake_tracker.services.database import dispose_engines, run_in_transaction
from bake_tracker.services.log_setup import AppendHandler
from bake_tracker.services.transaction_outcomes import statement_count

ROOT = logging.getLogger("bake_tracker")
PACKED = 2


def set_up(session: Session, ingredients: int, lots: int) -> tuple[int, int]:
    """A recipe of ``ingredients`` lines, each item with ``lots`` lots."""
    unit = catalog_service.record_item("finished_unit", "Cookie", "each", session=session)["item_id"]
    lines = []
    for number in range(ingredients):
        item = catalog_service.record_item("ingredient", f"Ingredient {number}", "g", session=session)["item_id"]
        lines.append({"item_id": item, "quantity": 1, "unit": "g"})
        for _ in range(lots):
            receiving_service.record_receipt(item, 1_000, "kg", session=session, total_cost=1_000)
    recipe = recipe_service.record_recipe("Cookies", lines, session=session)["recipe_id"]
    recipe_service.record_recipe_yield(recipe, unit, 24, session=session)
    return recipe, unit


def set_up_boxes(session: Session, unit: int) -> int:
    """A box of three cookies."""
    box = catalog_service.record_item("finished_good", "Box", "each", session=session)["item_id"]
    goods_service.record_good_components(box, [{"item_id": unit, "quantity": 3}], session=session)
    return box


def produce_once(url: str, recipe: int, unit: int) -> None:
    """One production, its commit included."""
    run_in_transaction(
        lambda session: batch_production_service.record_batch_production(recipe, unit, 1, 24, session=session), url
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--ingredients", type=int, default=20)
    parser.add_argument("--lots", type=int, default=10)
    options = parser.parse_args()
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        ROOT.setLevel(logging.CRITICAL)
        recipe, unit = run_in_transaction(lambda session: set_up(session, options.ingredients, options.lots), url)
        ROOT.addHandler(AppendHandler(Path(folder) / "bench.log.jsonl"))
        ROOT.propagate = False
        before = statement_count()
        produce_once(url, recipe, unit)
        statements = statement_count() - before

        def at(level: int) -> Callable[[], None]:
            def turn() -> None:
                ROOT.setLevel(level)
                produce_once(url, recipe, unit)

            return turn

        spent = take_turns({"on": at(logging.INFO), "off": at(logging.CRITICAL)}, options.pairs)
        print(f"record_batch_production, {options.ingredients} ingredients, {options.lots} lots each, SQLite file")
        print(f"  SQL statements                          {statements}")
        print(f"  CPU, INFO JSON to a file / logging off  {ratio('', spent['on'], spent['off']).shown}")
        print(f"  CPU of one, logging off                 {statistics.median(spent['off']) / 1e6:.2f} ms")
        dispose_engines()


if __name__ == "__main__":
    main()
