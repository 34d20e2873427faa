"""A row in every table of history that a batch and a box do not fill."""

from kitchen import Kitchen

from bake_tracker.models import Base
from bake_tracker.services.adjustment_service import record_adjustment
from bake_tracker.services.catalog_service import record_supplier
from bake_tracker.services.database import run_in_transaction, session_scope
from bake_tracker.services.delivery_service import record_delivery
from bake_tracker.services.handling_service import record_hold, record_transfer
from bake_tracker.services.measure_service import record_piece_weight
from bake_tracker.services.reversal_service import record_reversal
from bake_tracker.services.stocktake_service import record_stocktake


def fill_the_life_of_stock(kitchen: Kitchen) -> None:
    """Sugar is spilt, counted, split, held, delivered and taken back; what nothing writes yet is put there by hand."""
    lot = kitchen.receive("Sugar", 1, "kg", 2)["lot_id"]
    mistyped = kitchen.receive("Sugar", 9, "kg", 2)["operation_id"]
    mill = run_in_transaction(lambda s: record_supplier("Watermill", session=s))["supplier_id"]
    line = {"item_id": kitchen.ids["Sugar"], "quantity": 1, "unit": "kg"}
    for work in (
        lambda s: record_adjustment("waste", [{"lot_id": lot, "quantity": 10}], session=s, reason="spilt"),
        lambda s: record_stocktake([{"lot_id": lot, "percent_left": 50}], session=s, notes="Monday"),
        lambda s: record_transfer(lot, "Cellar", session=s, quantity=100),
        lambda s: record_hold([lot], "smells", session=s),
        lambda s: record_delivery([line], session=s, supplier_id=mill, document="7"),
        lambda s: record_piece_weight(kitchen.ids["Sugar"], 10, 45, "g", session=s, source="our scale"),
        lambda s: record_reversal(mistyped, "mistyped", session=s),
    ):
        run_in_transaction(work)
    (operation_id, run_id) = kitchen.rows("SELECT operation_id, id FROM production_run")[0]
    tables = Base.metadata.tables
    with session_scope() as session:
        for name, row in {
            "run_rate": {"production_run_id": run_id, "labour_micros": 1, "overhead_micros": 1},
        }.items():
            session.execute(tables[name].insert(), {"operation_id": str(operation_id), **row})
