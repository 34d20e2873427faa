"""A recall holds what is left, lists who has the rest, and adds up."""

from datetime import date
from typing import Any

import pytest

from bake_tracker.domain.errors import ConflictError, LotNotFoundError
from bake_tracker.domain.stock.recall import Recall
from bake_tracker.queries.stock.recall import load_recall
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.recall import record_recall
from support.kitchen import Kitchen
from support.shelf import Shelf, sold
from support.undoing import drift, hold, lot_id, release, reverse, shelf

STATES = "SELECT code, on_hold FROM lot ORDER BY id"


def recall(lot: int, **more: Any) -> dict[str, Any]:
    return dict(run_in_transaction(lambda s: record_recall(lot, session=s, **more)))


def found(lot: int, **more: Any) -> Recall:
    with read_scope() as session:
        return load_recall(session, lot, **more)


def test_a_recall_holds_all_that_is_left_and_a_reversal_releases_it(kitchen: Kitchen) -> None:
    """Lots already on hold are named; unrelated stock is not held; the ledger agrees throughout."""
    sold(kitchen)
    held_before = hold(kitchen, "cookie")["lots"]
    before = shelf(kitchen)
    done = recall(lot_id(kitchen, "flour"), reason="metal in the mill")
    assert [lot["lot_code"].rpartition("-2026")[0] for lot in done["held"]] == ["flour", "flour", "box"]
    assert (done["affected_count"], done["held_count"], done["held_before_count"]) == (4, 3, 1)
    assert done["held_before"] == held_before
    states = {str(row.code): bool(row.on_hold) for row in kitchen.rows(STATES)}
    assert {code.partition("-")[0] for code, on_hold in states.items() if not on_hold} == {"sugar", "carton", "cookie"}
    assert drift() == []
    reverse(done, "not that lot")
    assert shelf(kitchen) == before
    assert drift() == []


def test_a_recall_says_where_everything_is_and_it_adds_up(kitchen: Kitchen) -> None:
    """It lists lots, runs and customers, and for every lot everything that came in and went out."""
    sold(kitchen)
    flour = found(lot_id(kitchen, "flour"))
    columns = ("brought", "used", "on_hand", "waste", "handed_over", "adjusted", "split_out", "remainder")
    balance = {
        one["lot_code"].partition("-2026")[0] + one["lot_code"][-2:]: [dict(one)[name] for name in columns]
        for one in flour["balance"]
    }
    assert balance == {
        "flour-1": ["10000", "1000", "4000", "0", "0", "1000", "4000", "0"],
        "flour/1": ["4000", "0", "4000", "0", "0", "0", "0", "0"],
        "cookie-1": ["46", "24", "21", "2", "0", "-1", "0", "0"],
        "box-1": ["4", "0", "2", "0", "2", "0", "0", "0"],
    }
    assert flour["is_balanced"]
    assert [(run["kind"], run["reference"], run["made"]) for run in flour["runs"]] == [
        ("baked", "production:1", "46"),
        ("packed", "assembly:1", "4"),
    ]
    handed_over = [(one["kind"], one["recipient"], one["event"], one["quantity"]) for one in flour["handed_over"]]
    assert handed_over == [("gift", "Ada & Żółć 馬", "Fair <b>", "1"), ("sale", None, None, "1")]
    box = found(lot_id(kitchen, "box"))
    assert len(box["lots"]) == 1
    assert {step["from_lot_code"].partition("-")[0] for step in box["trace"]["back"]} == {
        "cookie",
        "carton",
        "flour",
        "sugar",
    }


def test_a_recall_of_what_is_gone_is_recorded_and_holds_nothing(kitchen: Kitchen) -> None:
    """A recall whose hold was released cannot be undone before that release is undone; an unknown lot has no recall."""
    kitchen.simple_bakery()
    flour = lot_id(kitchen, "flour")
    Shelf(kitchen).adjust("waste", {"lot_id": flour, "quantity": 10_000}, reason="moths")
    done = recall(flour)
    assert (done["held"], done["affected_count"], done["reason"]) == ([], 1, "recall of flour-20260101-1")
    held = recall(lot_id(kitchen, "sugar"))
    release(kitchen, "sugar")
    with pytest.raises(ConflictError):
        reverse(held)
    for ask in (recall, found):
        with pytest.raises(LotNotFoundError):
            ask(4711)


def two_deliveries(kitchen: Kitchen) -> list[int]:
    """Flour of one code in two deliveries, the first used up in cookies, and sugar of another item with that code."""
    kitchen.simple_bakery()
    old = lot_id(kitchen, "flour")
    Shelf(kitchen).adjust("waste", {"lot_id": old, "quantity": 10_000}, reason="moths")
    days = {"received_on": date(2026, 1, 1), "lot_code": "M-7"}
    lots = [kitchen.receive("Flour", 500, "g", **days, expires_on=date(2099, 1, 31))["lot_id"]]
    kitchen.produce("Cookies", "Cookie", 1, 24)
    lots += [kitchen.receive("Flour", 1, "kg", **days)["lot_id"], kitchen.receive("Sugar", 1, "kg", **days)["lot_id"]]
    return lots


def test_one_recall_takes_all_lots_of_a_code(kitchen: Kitchen) -> None:
    """A supplier recalls by the code; whatever was made from any of these lots is held in the same operation."""
    first, second, third = two_deliveries(kitchen)
    key = {"operation_id": "019aa000-0000-7000-8000-000000000014"}
    done = recall(second, same_code=True, **key)
    assert [lot["lot_id"] for lot in done["same_code"]] == [second, first, third]
    assert {lot["lot_code"].partition("-")[0] for lot in done["held"]} == {"M", "cookie"}
    assert (done["lot_id"], done["affected_count"], done["held_count"]) == (second, 4, 3)
    assert recall(second, same_code=True, **key) == done
    with pytest.raises(ConflictError):
        recall(second, **key)
    whole = found(second, same_code=True)
    assert [lot["lot_id"] for lot in whole["same_code"]] == [second, first, third]
    assert whole["trace"]["same_code"] == whole["same_code"]
    assert (whole["is_balanced"], len(whole["lots"]), whole["lot"]["lot_id"]) == (True, 4, second)
    assert [run["reference"] for run in whole["runs"]] == ["production:1"]
    assert {lot["level"] for lot in whole["same_code"]} == {0}
    assert drift() == []
    reverse(done, "false alarm")
    assert {bool(row.on_hold) for row in kitchen.rows(STATES)} == {False}
    assert drift() == []


def test_without_asking_for_the_code_a_recall_is_about_one_lot(kitchen: Kitchen) -> None:
    """The answer then has no extra field, nor does it for a code that only one lot has."""
    first, second, _ = two_deliveries(kitchen)
    assert "same_code" not in recall(second)
    assert {row.id for row in kitchen.rows("SELECT id FROM lot WHERE on_hold")} == {second}
    cookie = lot_id(kitchen, "cookie")
    assert "same_code" not in found(first)
    assert "same_code" not in found(cookie, same_code=True)
    assert found(cookie, same_code=True) == found(cookie)
    for ask in (recall, found):
        with pytest.raises(LotNotFoundError):
            ask(4711, same_code=True)
