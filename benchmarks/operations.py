"""What logging costs a production: CPU time with INFO JSON to a file against logging off.

Both ways run in one process, turn by turn and in changing order, on the same fresh database; what is printed is the
median of the paired ratios with its 95 % interval (bootstrap), and the statements of one operation.

    python benchmarks/operations.py [--pairs 400] [--ingredients 20] [--lots 10]
"""

import argparse
import logging
import random
import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy.orm import Session

from bake_tracker.services import batch_production_service, catalog_service, receiving_service, recipe_service
from bake_tracker.services.database import dispose_engines, run_in_transaction
from bake_tracker.services.log_format import JsonFormatter
from bake_tracker.services.log_setup import AppendHandler
from bake_tracker.services.transaction_outcomes import statement_count

ROOT = logging.getLogger("bake_tracker")


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


def produce_once(url: str, recipe: int, unit: int) -> int:
    """CPU nanoseconds of one production, its commit included."""
    started = time.process_time_ns()
    run_in_transaction(
        lambda session: batch_production_service.record_batch_production(recipe, unit, 1, 24, session=session), url
    )
    return time.process_time_ns() - started


def interval(ratios: list[float]) -> tuple[float, float]:
    """The 95 % bootstrap interval of the median."""
    rng = random.Random(1)
    medians = sorted(statistics.median(rng.choices(ratios, k=len(ratios))) for _ in range(1_000))
    return medians[25], medians[974]


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
        handler = AppendHandler(Path(folder) / "bench.log.jsonl")
        handler.setFormatter(JsonFormatter())
        ROOT.addHandler(handler)
        ROOT.propagate = False
        before = statement_count()
        produce_once(url, recipe, unit)
        statements = statement_count() - before
        times: dict[int, list[int]] = {logging.INFO: [], logging.CRITICAL: []}
        for pair in range(options.pairs + 20):
            order = [logging.INFO, logging.CRITICAL][:: 1 if pair % 2 else -1]
            for level in order:
                ROOT.setLevel(level)
                spent = produce_once(url, recipe, unit)
                if pair >= 20:  # the first ones warm caches
                    times[level].append(spent)
        ratios = [on / off for on, off in zip(times[logging.INFO], times[logging.CRITICAL], strict=True)]
        low, high = interval(ratios)
        print(f"record_batch_production, {options.ingredients} ingredients, {options.lots} lots each, SQLite file")
        print(f"  SQL statements                          {statements}")
        ratio = f"{statistics.median(ratios):.3f}  (95 %: {low:.3f} to {high:.3f})"
        print(f"  CPU, INFO JSON to a file / logging off  {ratio}")
        milliseconds = statistics.median(times[logging.CRITICAL]) / 1e6
        print(f"  CPU of one, logging off                 {milliseconds:.2f} ms")
        dispose_engines()


if __name__ == "__main__":
    main()
