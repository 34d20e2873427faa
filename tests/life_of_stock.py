"""A row in every table of history, for what only asks whose it is and whether it can be changed."""

from datetime import UTC, date, datetime
from fractions import Fraction

from kitchen import Kitchen

from bake_tracker.models import Base
from bake_tracker.services.database import session_scope


def fill_the_life_of_stock(kitchen: Kitchen) -> None:
    """One row in every other table of history: what matters to a seal is only whose it is."""
    (operation_id, run_id, lot_id) = kitchen.rows("SELECT operation_id, id, lot_id FROM production_run")[0]
    tables, at, day = Base.metadata.tables, datetime.now(UTC), date(2026, 11, 23)
    owner = {"operation_id": str(operation_id)}
    with session_scope() as session:
        for name, row in {
            "reversal": {"reversed_operation_id": str(operation_id), "reason": "mistyped"},
            "adjustment": {"lot_id": lot_id, "kind": "waste", "quantity_micros": -1, "happened_at": at},
            "stocktake": {"id": 1, "counted_at": at},
            "stocktake_line": {"stocktake_id": 1, "lot_id": lot_id, "expected_micros": 2, "counted_micros": 1},
            "lot_hold": {"lot_id": lot_id, "action": "hold", "reason": "?", "was_on_hold": False, "happened_at": at},
            "transfer": {"lot_id": lot_id, "happened_at": at},
            "delivery": {"delivered_on": day},
            "item_measure": {"item_id": 1, "kind": "piece", "value": Fraction(50), "source": "?", "measured_on": day},
            "run_rate": {"production_run_id": run_id, "labour_micros": 1, "overhead_micros": 1},
        }.items():
            session.execute(tables[name].insert(), {**owner, **row})
