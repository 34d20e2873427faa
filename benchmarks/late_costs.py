"""A cost that comes after everything was used: its CPU and its statements, by the number of lots that it reaches.

One sack of salt is in every batch, and every other batch is boxed. Then the invoice for the sack comes.

    python -m benchmarks.late_costs               # 1,000 and 10,000 batches, about two minutes to set up
    python -m benchmarks.late_costs --batches 300
"""

import argparse
import tempfile
import time

from sqlalchemy.orm import Session

from bake_tracker.database.transaction_outcomes import statement_count
from bake_tracker.services.assembly_service import record_assembly
from bake_tracker.services.batch_production_service import record_batch_production
from bake_tracker.services.catalog.goods import record_good_components
from bake_tracker.services.catalog.recipes import record_recipe, record_recipe_yield
from bake_tracker.services.catalog.things import record_item
from bake_tracker.services.database import dispose_engines, run_in_transaction, session_scope
from bake_tracker.services.stock.cost_statement import record_cost_statement
from bake_tracker.services.stock.receipt import record_receipt
from benchmarks.harness import steady

AT_ONCE = 500


class Shop:
    """Loaves that need only salt, and boxes of two loaves."""

    def __init__(self, session: Session) -> None:
        def item(kind: str, name: str, unit: str) -> int:
            return record_item(kind, name, unit, session=session)["item_id"]

        self.salt, self.loaf = item("ingredient", "Salt", "g"), item("finished_unit", "Loaf", "each")
        self.box = item("finished_good", "Box", "each")
        self.sack = record_receipt(self.salt, 10_000, "kg", session=session)["lot_id"]
        lines = [{"item_id": self.salt, "quantity": 100, "unit": "g"}]
        self.bread = record_recipe("Bread", lines, session=session)["recipe_id"]
        record_recipe_yield(self.bread, self.loaf, 10, session=session)
        record_good_components(self.box, [{"item_id": self.loaf, "quantity": 2}], session=session)

    def bake(self, session: Session, batches: int) -> None:
        for number in range(batches):
            record_batch_production(self.bread, self.loaf, 1, 9, session=session)
            if number % 2:
                record_assembly(self.box, 3, session=session)


def measured(shop: Shop, url: str, cost: int) -> tuple[float, int]:
    """Return the CPU of one statement in seconds, and how many SQL statements it sends."""
    with steady(), session_scope(url) as session:
        session.connection()
        before, began = statement_count(), time.process_time()
        record_cost_statement([{"lot_id": shop.sack, "cost": cost}], session=session, kind="invoice")
        return time.process_time() - began, statement_count() - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, nargs="+", default=[1_000, 10_000])
    wanted = sorted(parser.parse_args().batches)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/late.db"
        shop = run_in_transaction(Shop, url)
        baked = 0
        for batches in wanted:
            while baked < batches:
                more = min(AT_ONCE, batches - baked)
                run_in_transaction(lambda session, more=more: shop.bake(session, more), url)
                baked += more
            first, statements = measured(shop, url, 100 + baked)
            again, _ = measured(shop, url, 101 + baked)
            lots = baked + baked // 2
            print(f"{lots:,} lots: {first:.2f} s of CPU, {statements} statements; once more {again:.2f} s")
        dispose_engines()


if __name__ == "__main__":
    main()
