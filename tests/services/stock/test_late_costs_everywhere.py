"""A cost that comes later reaches several products, what came back, corrected counts, and lots that were named."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.errors import DependentsError
from bake_tracker.queries.explain.origins import explain_lots
from bake_tracker.queries.operations.history import load_operation
from bake_tracker.queries.reports.usage import load_recipients, load_usage, load_waste
from bake_tracker.queries.reports.yields import load_run_yields, load_yields_by_month
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.cost_statement import record_cost_statement
from bake_tracker.services.stock.returns import record_return
from support.kitchen import Kitchen
from support.shelf import Shelf, drift

TODAY = now().replace(hour=0, minute=0, second=0, microsecond=0)


def day(number: int) -> datetime:
    """Noon in the last thirty days: ``day(0)`` is the first of them."""
    return TODAY - timedelta(days=30 - number) + timedelta(hours=12)


@pytest.fixture
def shelf(kitchen: Kitchen) -> Shelf:
    """Ten kilos of dough without a price; 2 kg of it make 20 croissants or 40 rolls."""
    kitchen.ingredient("Dough")
    kitchen.recipe("Lam", {"Dough": (2, "kg")}, {"Croissant": 20, "Roll": 40})
    kitchen.receive("Dough", 10, "kg", lot_code="LATE", received_on=day(0).date())
    return Shelf(kitchen)


def invoice(shelf: Shelf, cost: Any, **more: Any) -> Any:
    line = {"lot_id": shelf.lot("LATE").id, "cost": cost}
    return run_in_transaction(lambda s: record_cost_statement([line], session=s, kind="invoice", **more))


def worth(shelf: Shelf) -> dict[str, int | None]:
    return {row[0]: row[1] for row in shelf.kitchen.rows("SELECT code, remaining_cost_micros FROM lot ORDER BY id")}


def asked(question: Any) -> Any:
    with read_scope() as session:
        return question(session)


def back(sale: Mapping[str, Any], lot: int, quantity: Any, **more: Any) -> Any:
    lines = [{"lot_id": lot, "quantity": quantity}]
    return run_in_transaction(
        lambda s: record_return(lines, session=s, handed_over_by=sale["operation_id"], put="stock", **more)
    )


def test_every_product_of_a_run_has_its_share_and_its_loss(shelf: Shelf) -> None:
    """A quarter of 2 kg for 4.00 is for rolls, of which 8 of 10 came out."""
    rolls = {"finished_unit_id": shelf.kitchen.ids["Roll"], "actual_yield": 8, "share": Fraction(1, 4)}
    run = shelf.kitchen.produce("Lam", "Croissant", 1, 15, outputs=[rolls], loss_reason="burnt")
    croissant, roll = (one["lot_code"] for one in run["outputs"])
    done = invoice(shelf, 20)
    assert done["lots"][0]["passed_on_change"] == "4.00"
    assert worth(shelf) == {"LATE": 16_000_000, croissant: 3_000_000, roll: 800_000}
    (lost,) = asked(load_waste)
    assert (lost["item_slug"], lost["quantity"], lost["cost"]) == ("roll", "2", "0.20")
    rows = asked(lambda s: load_run_yields(s, limit=1))
    assert [(row["product_slug"], row["cost"]) for row in rows] == [("croissant", "3.00"), ("roll", "1.00")]
    assert [row["cost"] for row in asked(load_yields_by_month)] == ["3.00", "1.00"]
    (story,) = asked(lambda s: explain_lots(s, [run["outputs"][1]["lot_id"]]))
    assert (story["cost"], story["cost_as_recorded"], story["loss_cost"], story["unit_cost"]) == (
        "0.80",
        None,
        "0.20",
        "0.10",
    )
    assert drift() == []
    shelf.reverse(done)
    assert worth(shelf) == {"LATE": None, croissant: None, roll: None}
    assert drift() == []


def test_the_loss_of_a_run_is_known_with_the_last_of_its_costs(shelf: Shelf) -> None:
    """The priced butter and the dough of the invoice cost 5.00 for ten, and one of the ten was lost."""
    shelf.kitchen.ingredient("Butter")
    shelf.kitchen.recipe("Brioche", {"Dough": (2, "kg"), "Butter": (1, "kg")}, {"Bun": 10})
    shelf.kitchen.receive("Butter", 1, "kg", 3, received_on=day(0).date())
    shelf.kitchen.produce("Brioche", "Bun", 1, 9, produced_at=day(1), loss_reason="burnt")
    assert [row["cost"] for row in asked(load_waste)] == [None]
    invoice(shelf, 10)
    rows = asked(lambda s: load_waste(s, since=day(2).date()))
    assert [(row["quantity"], row["cost"]) for row in rows] == [("0", "0.50")]
    more = {"lot_id": shelf.lot("LATE").id, "amount": 5}
    run_in_transaction(lambda s: record_cost_statement([more], session=s, kind="freight"))
    assert [row["cost"] for row in asked(lambda s: load_waste(s, since=day(2).date()))] == ["0.60"]
    assert drift() == []


def test_what_came_back_before_the_invoice_is_not_paid_by_the_customer(shelf: Shelf) -> None:
    """Of ten croissants at 0.20, four were sold and three came back; she pays for one."""
    lot = shelf.kitchen.produce("Lam", "Croissant", 1, 20)["lot_id"]
    ada = shelf.recipient("Ada")
    sale = shelf.adjust("sale", {"lot_id": lot, "quantity": 4}, recipient_id=ada)
    returned = back(sale, lot, 3)
    assert returned["total_cost"] is None
    done = invoice(shelf, 20)
    assert worth(shelf)["LATE"] == 16_000_000
    (row,) = shelf.kitchen.rows("SELECT remaining_cost_micros FROM lot WHERE id = :lot", lot=lot)
    assert row[0] == 3_800_000
    (got,) = asked(load_recipients)
    assert (got["quantity"], got["came_back"], got["cost"]) == ("1", "3", "0.20")
    used = {row["used_for"]: row["cost"] for row in asked(load_usage) if row["item_slug"] == "croissant"}
    assert used == {"sale": "0.80", "return": "-0.60"}
    (came,) = asked(lambda s: load_operation(s, returned["operation_id"]))["movements"]
    assert (came["cost_as_recorded"], came["cost"]) == (None, "0.60")
    assert drift() == []
    shelf.reverse(returned)
    (row,) = shelf.kitchen.rows("SELECT remaining_cost_micros FROM lot WHERE id = :lot", lot=lot)
    assert row[0] == 3_200_000
    shelf.reverse(done)
    assert set(worth(shelf).values()) == {None}
    assert drift() == []


def test_what_comes_back_after_the_invoice_costs_what_is_known_now(shelf: Shelf) -> None:
    """The sale had no cost when it was recorded; the statement cannot be undone under the return."""
    lot = shelf.kitchen.produce("Lam", "Croissant", 1, 20)["lot_id"]
    sale = shelf.adjust("sale", {"lot_id": lot, "quantity": 4})
    done = invoice(shelf, 20)
    returned = back(sale, lot, 1)
    assert returned["total_cost"] == "0.20"
    assert back(sale, lot, 3)["total_cost"] == "0.60"
    (row,) = shelf.kitchen.rows("SELECT remaining_cost_micros FROM lot WHERE id = :lot", lot=lot)
    assert row[0] == 4_000_000
    assert drift() == []
    with pytest.raises(DependentsError):
        shelf.reverse(done)
    assert shelf.reverse(done, cascade=True)["reversed_count"] == 3
    assert drift() == []


def test_a_count_that_had_seen_a_late_baking_does_not_hide_its_cost(shelf: Shelf) -> None:
    """2 kg for 4.00 went into croissants; the correction of the count gives the lot as much again."""
    late = shelf.lot("LATE").id
    shelf.count({"lot_id": late, "counted": 8_000}, counted_at=day(15))
    run = shelf.kitchen.produce("Lam", "Croissant", 1, 20, produced_at=day(10), count_saw="before")
    assert shelf.kitchen.stock("Dough") == 8_000
    done = invoice(shelf, 20, stated_at=day(12))
    assert worth(shelf) == {"LATE": 16_000_000, run["lot_code"]: 4_000_000}
    assert drift() == []
    shelf.adjust("waste", {"lot_id": late, "quantity": 1_000}, happened_at=day(11), count_saw="before")
    assert worth(shelf) == {"LATE": 16_000_000, run["lot_code"]: 4_000_000}
    (wasted,) = [row for row in asked(load_waste) if row["kind"] == "waste"]
    assert wasted["cost"] == "2.00"
    assert drift() == []
    shelf.reverse(done, cascade=True)
    assert set(worth(shelf).values()) == {None}
    assert drift() == []


def test_a_statement_is_dated_when_it_was_stated_and_asks_no_count(shelf: Shelf) -> None:
    """A count after it is not altered, and neither is one before; the reversal is at the same moment."""
    shelf.count({"lot_id": shelf.lot("LATE").id, "counted": 9_000}, counted_at=day(15))
    done = invoice(shelf, 20, stated_at=day(12))
    assert worth(shelf) == {"LATE": 18_000_000}
    back_again = shelf.reverse(done)
    times = shelf.kitchen.rows(
        "SELECT operation_id, count(*) FROM movement WHERE quantity_micros = 0 AND happened_at = "
        "(SELECT min(stated_at) FROM cost_statement) GROUP BY operation_id"
    )
    assert {str(row[0]) for row in times} == {done["operation_id"], back_again["operation_id"]}
    assert drift() == []


def test_a_lot_that_was_named_passes_its_cost_on(shelf: Shelf) -> None:
    """The policy would have taken the older lot."""
    shelf.kitchen.receive("Dough", 2, "kg", 1, lot_code="OLD", received_on=day(0).date() - timedelta(days=9))
    used = [{"lot_id": shelf.lot("LATE").id, "quantity": 2_000}]
    run = shelf.kitchen.produce("Lam", "Croissant", 1, 20, used=used)
    invoice(shelf, 20)
    assert worth(shelf) == {"LATE": 16_000_000, "OLD": 1_000_000, run["lot_code"]: 4_000_000}
    assert drift() == []
