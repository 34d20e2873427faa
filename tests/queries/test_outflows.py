"""Where stock went, by kind, on both databases."""

from decimal import Decimal

from bake_tracker.clock import now
from bake_tracker.queries.explain.outflows import load_item_outflows, load_lot_outflows
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.adjustment import record_adjustment
from support.kitchen import Kitchen


def test_outflows_are_summed_by_kind_and_listed_by_size(kitchen: Kitchen) -> None:
    """An item and its lot say the same; only the largest are listed, and a later time leaves everything out."""
    flour = kitchen.simple_bakery().ids["Flour"]
    for grams in (10, 30, 20):
        run_in_transaction(
            lambda session, grams=grams: record_adjustment(
                "waste",
                [{"item_id": flour, "quantity": Decimal(grams), "unit": "g"}],
                session=session,
                reason="spilled",
            )
        )
    kitchen.produce("Cookies", "Cookie", 1, 24)
    with read_scope() as session:
        item = load_item_outflows(session, flour, 2)
        lots = load_lot_outflows(session, range(1, 20), 2)
        assert load_item_outflows(session, flour, 2, now()) == []
    assert [(one["kind"], one["quantity"], one["count"]) for one in item] == [
        ("record_batch_production", "500", 1),
        ("waste", "60", 3),
    ]
    assert [(one["quantity"], one["reason"]) for one in item[1]["largest"]] == [("30", "spilled"), ("20", "spilled")]
    assert item[0]["largest"][0]["into"] is not None
    assert item in lots.values()
