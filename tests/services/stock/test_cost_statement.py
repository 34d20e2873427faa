"""Costs that come later: they reach what is left and what was made of it, and can be undone."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.database.transaction_outcomes import statement_count
from bake_tracker.domain.errors import (
    ConflictError,
    DeliveryNotFoundError,
    DependentsError,
    LotNotFoundError,
    UnitConversionError,
    ValidationError,
)
from bake_tracker.queries.explain.origins import explain_lots
from bake_tracker.queries.operations.history import load_operation, load_runs
from bake_tracker.queries.reports.prices import load_prices
from bake_tracker.queries.reports.stock_value import load_stock_value
from bake_tracker.queries.reports.stock_value_days import load_stock_value_by_day
from bake_tracker.queries.reports.usage import load_recipients, load_usage, load_waste
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope
from bake_tracker.services.production.correction import record_production_correction
from bake_tracker.services.reversal import record_reversal
from bake_tracker.services.stock.cost_statement import record_cost_statement
from bake_tracker.services.stock.handling import record_transfer
from bake_tracker.testing import OperationLog
from support.kitchen import Kitchen
from support.shelf import Shelf, drift

pytest_plugins = ["bake_tracker.testing"]


@pytest.fixture
def shelf(kitchen: Kitchen) -> Shelf:
    """Ten kilos of flour without a price; a bun of 100 g of it, for which nothing else is needed."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Buns", {"Flour": (100, "g")}, {"Bun": 1})
    kitchen.receive("Flour", 10, "kg", lot_code="LATE", received_on=date(2026, 1, 5))
    return Shelf(kitchen)


def state(*lines: Mapping[str, Any], kind: str = "invoice", **more: Any) -> Any:
    return run_in_transaction(lambda s: record_cost_statement(list(lines), session=s, kind=kind, **more))


def asked(question: Any) -> Any:
    with read_scope() as session:
        return question(session)


def worth(shelf: Shelf) -> dict[str, int | None]:
    """What is left of each lot, in millionths."""
    return {row[0]: row[1] for row in shelf.kitchen.rows("SELECT code, remaining_cost_micros FROM lot ORDER BY id")}


def sell(shelf: Shelf, lot: Any, quantity: int = 1, **more: Any) -> Any:
    return shelf.adjust("sale", {"lot_id": lot, "quantity": quantity}, **more)


def test_an_invoice_reaches_the_bun_that_was_sold_before_it_came(shelf: Shelf, operation_log: OperationLog) -> None:
    """12.00 for ten kilos: 0.12 went with the bun, 11.88 is on hand; undone, all is unknown again."""
    bun = shelf.kitchen.produce("Buns", "Bun", 1, 1)
    sale = sell(shelf, bun["lot_id"])
    done = state({"lot_id": shelf.lot("LATE").id, "cost": 12}, document="4711")
    assert done["lots"] == [
        {
            "lot_id": shelf.lot("LATE").id,
            "lot_code": "LATE",
            "before": None,
            "after": "12.00",
            "on_hand_change": "11.88",
            "passed_on_change": "0.12",
        }
    ]
    assert done["total_change"] == "12.00"
    assert worth(shelf) == {"LATE": 11_880_000, bun["lot_code"]: 0}
    (run,) = asked(lambda s: load_runs(s, 5))
    assert (run["cost_as_recorded"], run["cost"]) == (None, "0.12")
    (sold,) = asked(lambda s: load_operation(s, sale["operation_id"]))["movements"]
    assert (sold["cost_as_recorded"], sold["cost"]) == (None, "-0.12")
    (story,) = asked(lambda s: explain_lots(s, [bun["lot_id"]]))
    assert (story["cost"], story["unit_cost"], story["used"][0]["cost"]) == ("0.12", "0.12", "0.12")
    assert asked(lambda s: load_prices(s, shelf.kitchen.ids["Flour"]))["purchases"][0]["cost"] == "12.00"
    assert drift() == []
    shelf.reverse(done)
    assert worth(shelf) == {"LATE": None, bun["lot_code"]: None}
    assert drift() == []
    assert operation_log.one("record_cost_statement").fields["total_change"] == "12.00"
    operation_log.assert_one_outcome_each()


def test_the_same_request_again_answers_the_same(shelf: Shelf) -> None:
    """Another request with its id is refused."""
    line = {"lot_id": shelf.lot("LATE").id, "cost": 12}
    first = state(line, operation_id="01a20931-0000-7000-8000-000000000001")
    assert first == state(line, operation_id="01a20931-0000-7000-8000-000000000001")
    with pytest.raises(ConflictError):
        state(line | {"cost": 13}, operation_id="01a20931-0000-7000-8000-000000000001")


def test_a_loss_takes_its_share_and_a_box_the_rest(shelf: Shelf) -> None:
    """Ten buns planned and eight baked; two are boxed, and one of the boxes is given away."""
    shelf.kitchen.good("Box", {"Bun": 2})
    baked = shelf.kitchen.produce("Buns", "Bun", 10, 8, loss_reason="burnt")
    box = shelf.kitchen.assemble("Box", 2)
    shelf.adjust("gift", {"lot_id": box["lot_id"], "quantity": 1})
    done = state({"lot_id": shelf.lot("LATE").id, "cost": Decimal("10.00")})
    assert done["lots"][0]["passed_on_change"] == "1.00"
    assert worth(shelf) == {"LATE": 9_000_000, baked["lot_code"]: 400_000, box["lot_code"]: 200_000}
    (loss,) = asked(load_waste)
    assert (loss["kind"], loss["quantity"], loss["cost"]) == ("loss", "2", "0.20")
    used = {row["used_for"]: row["cost"] for row in asked(load_usage)}
    assert used == {"baked": "1.00", "packed": "0.40", "gift": "0.20"}
    assert drift() == []


def test_what_is_undone_after_a_statement_comes_back_at_the_stated_cost(shelf: Shelf) -> None:
    """The sale, then the statement, then the bake: nothing is left behind in any order."""
    bun = shelf.kitchen.produce("Buns", "Bun", 1, 1)
    sale = sell(shelf, bun["lot_id"])
    done = state({"lot_id": shelf.lot("LATE").id, "cost": 12})
    back = shelf.reverse(sale)
    assert back["lots"][0]["cost"] == "0.12"
    assert worth(shelf) == {"LATE": 11_880_000, bun["lot_code"]: 120_000}
    assert drift() == []
    shelf.reverse(done)
    assert worth(shelf) == {"LATE": None, bun["lot_code"]: None}
    assert drift() == []
    state({"lot_id": shelf.lot("LATE").id, "cost": 24})
    shelf.reverse(bun)
    assert worth(shelf) == {"LATE": 24_000_000, bun["lot_code"]: 0}
    assert drift() == []


def test_what_used_a_stated_cost_is_undone_before_the_statement(shelf: Shelf) -> None:
    """A later bake took the flour at its new cost; a correction needs no undoing."""
    late = shelf.lot("LATE").id
    done = state({"lot_id": late, "cost": 12})
    bun = shelf.kitchen.produce("Buns", "Bun", 1, 1)
    assert bun["total_ingredient_cost"] == "0.12"
    with pytest.raises(DependentsError):
        shelf.reverse(done)
    state({"lot_id": late, "cost": 24}, kind="correction")
    assert worth(shelf) == {"LATE": 23_760_000, bun["lot_code"]: 240_000}
    assert shelf.reverse(done, cascade=True)["reversed_count"] == 3
    assert worth(shelf) == {"LATE": None, bun["lot_code"]: 0}
    assert drift() == []


def test_a_correction_of_a_run_keeps_what_was_stated_since(shelf: Shelf) -> None:
    """Undoing the correction records the first yield again, at the cost of now."""
    bun = shelf.kitchen.produce("Buns", "Bun", 10, 10)
    fixed = run_in_transaction(
        lambda s: record_production_correction(bun["operation_id"], 8, "miscounted", session=s, cascade=False)
    )
    state({"lot_id": shelf.lot("LATE").id, "cost": 10})
    assert drift() == []
    again = run_in_transaction(lambda s: record_reversal(fixed["operation_id"], "it was right", session=s))
    assert again["production"]["total_ingredient_cost"] == "1.00"
    assert drift() == []


def test_a_product_of_two_unpriced_lots_waits_for_both_invoices(shelf: Shelf) -> None:
    """A part of its cost would look like all of it."""
    shelf.kitchen.ingredient("Butter")
    shelf.kitchen.recipe("Rolls", {"Flour": (100, "g"), "Butter": (50, "g")}, {"Roll": 1})
    butter = shelf.kitchen.receive("Butter", 100, "g", lot_code="B")
    roll = shelf.kitchen.produce("Rolls", "Roll", 1, 1)
    sell(shelf, roll["lot_id"])
    first = state({"lot_id": shelf.lot("LATE").id, "cost": 12})
    assert worth(shelf) == {"LATE": 11_880_000, "B": None, roll["lot_code"]: None}
    assert asked(lambda s: load_runs(s, 1))[0]["cost"] is None
    assert drift() == []
    second = state({"lot_id": butter["lot_id"], "cost": 1})
    assert worth(shelf) == {"LATE": 11_880_000, "B": 500_000, roll["lot_code"]: 0}
    assert asked(lambda s: load_runs(s, 1))[0]["cost"] == "0.62"
    assert drift() == []
    with pytest.raises(DependentsError):
        shelf.reverse(first)
    shelf.reverse(second)
    shelf.reverse(first)
    assert worth(shelf) == {"LATE": None, "B": None, roll["lot_code"]: None}
    assert drift() == []


def delivered(shelf: Shelf) -> Any:
    shelf.kitchen.ingredient("Sugar")
    lines = [
        {"item_id": shelf.kitchen.ids["Flour"], "quantity": 2, "unit": "kg", "total_cost": 4, "lot_code": "MF"},
        {"item_id": shelf.kitchen.ids["Sugar"], "quantity": 1, "unit": "kg", "total_cost": 4, "lot_code": "MS"},
    ]
    return shelf.deliver(*lines, supplier_id=shelf.supplier("Mill"), document="DN-7")


@pytest.mark.parametrize(("share_by", "flour"), [("value", "4.50"), ("weight", "6.00"), ("quantity", "6.00")])
def test_the_lots_of_a_delivery_share_freight(shelf: Shelf, share_by: str, flour: str) -> None:
    """They share it by cost, weight or quantity; a credit takes it off again."""
    came = delivered(shelf)
    freight = {"kind": "freight", "share_by": share_by, "delivery_id": came["delivery_id"]}
    done = state({"amount": 9}, **freight)
    assert done["lots"][0]["on_hand_change"] == flour
    assert done["total_change"] == "9.00"
    state({"amount": -9}, **{**freight, "kind": "credit"})
    assert (worth(shelf)["MF"], worth(shelf)["MS"]) == (4_000_000, 4_000_000)
    assert drift() == []


def test_freight_by_weight_needs_the_weight_of_pieces(shelf: Shelf) -> None:
    """The refusal says what to measure."""
    shelf.kitchen.ingredient("Egg", "each")
    line = {"item_id": shelf.kitchen.ids["Egg"], "quantity": 12, "unit": "each", "total_cost": 3}
    came = shelf.deliver(line, supplier_id=shelf.supplier("Farm"))
    with pytest.raises(UnitConversionError):
        state({"amount": 9}, kind="freight", share_by="weight", delivery_id=came["delivery_id"])


def test_reports_of_earlier_days_do_not_change(shelf: Shelf) -> None:
    """The cost counts from the day of the statement, in the value of each day and in what was used."""
    old = datetime(2026, 1, 10, 12, tzinfo=UTC)
    bun = shelf.kitchen.produce("Buns", "Bun", 1, 1, produced_at=old)
    ada = shelf.recipient("Ada")
    sell(shelf, bun["lot_id"], happened_at=old + timedelta(days=1), recipient_id=ada)
    shelf.kitchen.receive("Flour", 1, "kg", 2, received_on=date(2026, 1, 6))
    since, today = date(2026, 1, 1), now().date()
    days, used = asked(lambda s: load_stock_value_by_day(s, since, today)), asked(load_usage)
    done = state({"lot_id": shelf.lot("LATE").id, "cost": 12}, stated_at=datetime(2026, 2, 3, 12, tzinfo=UTC))
    after = asked(lambda s: load_stock_value_by_day(s, since, today))
    changed = [row["day"] for row, was in zip(after, days, strict=True) if row != was]
    assert changed[0] == "2026-02-03"
    assert (after[-1]["total"], asked(lambda s: load_stock_value(s, now()))["value"]) == ("13.88", "13.88")
    rows = asked(load_usage)
    assert [row for row in rows if row["month"] == "2026-01"] == used
    told = {(row["month"], row["used_for"]): (row["quantity"], row["cost"]) for row in rows if row not in used}
    assert told == {("2026-02", "baked"): ("0", "0.12"), ("2026-02", "sale"): ("0", "0.12")}
    (got,) = asked(load_recipients)
    assert (got["quantity"], got["cost"], got["first_on"], got["last_on"]) == ("1", "0.12", "2026-01-11", "2026-01-11")
    shelf.reverse(done)
    assert asked(lambda s: load_stock_value_by_day(s, since, today)) == days
    assert asked(load_usage) == used


def test_each_day_keeps_its_value_when_something_is_undone_later(shelf: Shelf) -> None:
    """What a statement added to an undone sale no longer counts."""
    bun = shelf.kitchen.produce("Buns", "Bun", 1, 1)
    sale = sell(shelf, bun["lot_id"])
    since = today = now().date()
    state({"lot_id": shelf.lot("LATE").id, "cost": 12})
    shelf.reverse(sale)
    (row,) = asked(lambda s: load_stock_value_by_day(s, since - timedelta(days=1), today))[1:]
    assert (row["ingredient"], row["finished_unit"]) == ("11.88", "0.12")
    (before,) = asked(lambda s: load_stock_value_by_day(s, since - timedelta(days=1), today))[:1]
    assert before["total"] == "0.00"


def refused(match: str, *lines: Mapping[str, Any], **more: Any) -> None:
    with pytest.raises(ValidationError, match=match):
        state(*lines, **more)


def test_what_cannot_be_stated_is_refused(shelf: Shelf) -> None:
    """The refusal says what is possible; nothing changes."""
    late = shelf.lot("LATE").id
    bun = shelf.kitchen.produce("Buns", "Bun", 1, 1)
    undone = shelf.kitchen.receive("Flour", 1, "kg", 2)
    shelf.reverse(undone)
    came = delivered(shelf)
    before = shelf.everything()
    refused(
        "at most 4.00 can be taken off, not 4.01",
        {"lot_id": shelf.lot("MF").id, "amount": Decimal("-4.01")},
        kind="credit",
    )
    refused("a credit lowers the cost", {"lot_id": late, "amount": 1}, kind="credit")
    refused("must be a number above 0", {"lot_id": late, "amount": 0}, kind="freight")
    refused("has none yet; state its whole cost first", {"lot_id": late, "amount": 1}, kind="freight")
    refused("give the amount that it changes by", {"lot_id": late, "cost": 1}, kind="freight")
    refused("either the whole cost", {"lot_id": late})
    refused("either the whole cost", {"lot_id": late, "cost": 1, "amount": 1})
    refused("has no field 'price' here", {"lot_id": late, "cost": 1, "price": 1})
    refused("must name each lot once", {"lot_id": late, "cost": 1}, {"lot_id": late, "cost": 2})
    refused("was made here", {"lot_id": bun["lot_id"], "cost": 1})
    refused("was undone", {"lot_id": undone["lot_id"], "cost": 1})
    refused(
        "must not be before lot LATE came in", {"lot_id": late, "cost": 1}, stated_at=datetime(2026, 1, 2, tzinfo=UTC)
    )
    refused("must not be in the future", {"lot_id": late, "cost": 1}, stated_at=datetime(2999, 1, 2, tzinfo=UTC))
    refused("delivery_id: is required", {"amount": 1}, kind="freight", share_by="value")
    refused("one line", {"amount": 1}, {"amount": 1}, kind="freight", share_by="value", delivery_id=came["delivery_id"])
    refused("did not come with this delivery", {"lot_id": late, "cost": 1}, delivery_id=came["delivery_id"])
    refused("must be one of invoice", {"lot_id": late, "cost": 1}, kind="gift")
    with pytest.raises(LotNotFoundError):
        state({"lot_id": 404, "cost": 1})
    with pytest.raises(DeliveryNotFoundError):
        state({"amount": 1}, kind="freight", share_by="value", delivery_id=404)
    assert shelf.everything() == before


def test_a_part_that_was_split_off_shares_the_cost_of_its_lot(shelf: Shelf) -> None:
    """The statement names the lot that came; the part cannot be stated by itself."""
    part = run_in_transaction(lambda s: _split(s, shelf.lot("LATE").id))
    refused("was split from lot LATE; name that one", {"lot_id": part["new_lot_id"], "cost": 1})
    state({"lot_id": shelf.lot("LATE").id, "cost": 10})
    assert worth(shelf) == {"LATE": 7_500_000, "LATE/1": 2_500_000}
    assert drift() == []


def _split(session: Any, lot_id: int) -> Any:
    return record_transfer(lot_id, "Cellar", session=session, quantity=2_500)


def test_as_many_statements_however_many_descendants(shelf: Shelf) -> None:
    """One bun and thirty take the same number."""

    def statements(cost: int) -> int:
        with session_scope() as session:
            session.connection()
            before = statement_count()
            record_cost_statement([{"lot_id": late, "cost": cost}], session=session, kind="correction")
            return statement_count() - before

    late = shelf.lot("LATE").id
    shelf.kitchen.produce("Buns", "Bun", 1, 1)
    state({"lot_id": late, "cost": 11})
    few = statements(12)
    for _ in range(30):
        shelf.kitchen.produce("Buns", "Bun", 1, 1)
    assert few == statements(13) <= 21


def test_a_report_that_ends_before_the_invoice_does_not_say_zero(shelf: Shelf) -> None:
    """A report of a part of the month does not know a cost that counts outside of that part; otherwise, it is 0.10."""
    at = [datetime(2026, 2, number, 12, tzinfo=UTC) for number in (4, 5)]
    shelf.adjust("waste", {"lot_id": shelf.lot("LATE").id, "quantity": 100}, happened_at=at[0])
    state({"lot_id": shelf.lot("LATE").id, "cost": 10}, stated_at=at[1])
    for load in (load_usage, load_waste):
        for until, cost in ((date(2026, 2, 4), None), (date(2026, 2, 5), "0.10"), (date.max, "0.10"), (None, "0.10")):
            (row,) = asked(lambda s, load=load, until=until: load(s, date(2026, 2, 1), until))
            assert (row["quantity"], row["cost"]) == ("100", cost)
