"""A recall drill over a shop's year: its CPU, beside the bare recursive SQL.

The year runs through the public services, one transaction a day. Every batch takes salt from one sack, so that the
sack is in everything baked, packed and sold.

    python -m benchmarks.recall             # 300 days, about a minute to set up
    python -m benchmarks.recall --days 30   # a quick look
"""

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from bake_tracker.domain.stock.recall import Recall
from bake_tracker.files.recall_pdf import RecallHeading, render_recall
from bake_tracker.files.recall_table import write_recall_table
from bake_tracker.queries.stock.recall import load_recall
from bake_tracker.services.assembly_service import record_assembly
from bake_tracker.services.batch_production_service import record_batch_production
from bake_tracker.services.catalog.goods import record_good_components
from bake_tracker.services.catalog.recipes import record_recipe, record_recipe_yield
from bake_tracker.services.catalog.things import record_item, record_recipient
from bake_tracker.services.database import dispose_engines, read_scope, run_in_transaction
from bake_tracker.services.stock.adjustment import record_adjustment
from bake_tracker.services.stock.receipt import record_receipt
from benchmarks.harness import steady

BATCHES, BOXES, CUSTOMERS = 8, 5, 40
ROUNDS = 7
BY_HAND = """
WITH RECURSIVE reached (lot_id) AS (
    SELECT ?
    UNION
    SELECT made.id FROM reached
        CROSS JOIN movement AS drawn ON drawn.lot_id = reached.lot_id AND drawn.quantity_micros < 0
        JOIN lot AS made ON made.operation_id = drawn.operation_id
)
SELECT drawn.operation_id, drawn.lot_id, made.id, -drawn.quantity_micros
FROM reached
    CROSS JOIN movement AS drawn ON drawn.lot_id = reached.lot_id AND drawn.quantity_micros < 0
    LEFT JOIN lot AS made ON made.operation_id = drawn.operation_id
"""


class Shop:
    """Loaves of flour and salt, baskets of two loaves, forty customers."""

    def __init__(self, session: Session) -> None:
        def item(kind: str, name: str, unit: str) -> int:
            return record_item(kind, name, unit, session=session)["item_id"]

        self.flour, self.salt = item("ingredient", "Flour", "g"), item("ingredient", "Salt", "g")
        self.loaf, self.basket = item("finished_unit", "Loaf", "each"), item("finished_good", "Basket", "each")
        self.sack = record_receipt(self.salt, 1_000, "kg", session=session, total_cost=400)["lot_id"]
        lines = [
            {"item_id": self.flour, "quantity": 5, "unit": "kg"},
            {"item_id": self.salt, "quantity": 100, "unit": "g"},
        ]
        self.bread = record_recipe("Bread", lines, session=session)["recipe_id"]
        record_recipe_yield(self.bread, self.loaf, 10, session=session)
        record_good_components(self.basket, [{"item_id": self.loaf, "quantity": 2}], session=session)
        self.customers = [
            record_recipient(f"Customer {number}", session=session)["recipient_id"] for number in range(CUSTOMERS)
        ]

    def open(self, session: Session, day: int) -> None:
        """Run a day: receive flour, bake bread, pack baskets, sell both, and drop a loaf."""
        record_receipt(self.flour, 25 * BATCHES, "kg", session=session, total_cost=200)
        for _ in range(BATCHES):
            record_batch_production(self.bread, self.loaf, 1, 10, session=session)
        for number in range(BOXES):
            record_assembly(self.basket, 2, session=session)
            self.sell(session, self.basket, 2, day + number)
        self.sell(session, self.loaf, 50, day)
        record_adjustment("waste", [{"item_id": self.loaf, "quantity": 1}], session=session, reason="dropped")

    def sell(self, session: Session, item_id: int, quantity: int, number: int) -> None:
        line = {"item_id": item_id, "quantity": quantity}
        customer = self.customers[number % CUSTOMERS]
        record_adjustment("sale", [line], session=session, recipient_id=customer)


def cpu(turn: Callable[[], object]) -> float:
    """Return the median CPU seconds of a turn, without the first one."""
    spent = []
    with steady():
        for _ in range(ROUNDS + 1):
            started = time.process_time()
            turn()
            spent.append(time.process_time() - started)
    return statistics.median(spent[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the CPU of a recall drill over a shop's year.")
    parser.add_argument("--days", type=int, default=300)
    days = parser.parse_args().days
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "year.db"
        url = f"sqlite:///{file}"
        shop = run_in_transaction(Shop, url)
        for day in range(days):
            run_in_transaction(lambda session, day=day: shop.open(session, day), url)
        measure(file, url, shop.sack)
        dispose_engines()


def measure(file: Path, url: str, sack: int) -> None:
    def drill() -> Recall:
        with read_scope(url) as session:
            return load_recall(session, sack)

    bare = sqlite3.connect(file)
    (movements,) = bare.execute("SELECT count(*) FROM movement").fetchone()
    recall = drill()
    edges = bare.execute(BY_HAND, (sack,)).fetchall()
    assert len(edges) == len(recall["trace"]["forward"])
    assert recall["is_balanced"]
    print(
        f"{movements:,} movements; affected: {len(recall['lots']):,} lots, {len(recall['runs']):,} runs, "
        f"{len(recall['handed_over']):,} sales; {len(edges):,} steps"
    )
    ours, theirs = cpu(drill), cpu(lambda: bare.execute(BY_HAND, (sack,)).fetchall())
    print(f"drill: {ours:.3f} s of CPU; the bare recursive SQL: {theirs:.3f} s; ratio {ours / theirs:.1f}")
    heading = RecallHeading("drill", datetime.now(UTC))
    for name, once in {
        "record as CSV": lambda: write_recall_table(_fresh(file, "csv"), recall),
        "record as XLSX": lambda: write_recall_table(_fresh(file, "xlsx"), recall),
        "pages as PDF": lambda: render_recall(recall, heading),
    }.items():
        started = time.process_time()
        once()
        print(f"{name}: {time.process_time() - started:.2f} s more CPU")
    bare.close()


def _fresh(file: Path, suffix: str) -> Path:
    return file.with_name(f"record.{suffix}")


if __name__ == "__main__":
    main()
