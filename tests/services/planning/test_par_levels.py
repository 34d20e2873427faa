"""Par levels: set, removed, undone, and what they add to the plan."""

from datetime import date, timedelta
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import ServiceError, ValidationError
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.planning.reasons import load_plan_reasons
from bake_tracker.queries.planning.shelf import load_par_levels
from bake_tracker.queries.planning.week import load_plan
from bake_tracker.services.catalog.edits import record_item_change
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.planning.par_levels import record_par_level
from support.kitchen import Kitchen
from support.shelf import OrderBook, Shelf
from support.undoing import drift, reverse
from support.web import Web, submit


def set_par(kitchen: Kitchen, item: str, quantity: Any, **more: Any) -> dict[str, Any]:
    return dict(run_in_transaction(lambda s: record_par_level(kitchen.ids[item], quantity, session=s, **more)))


def levels() -> list[tuple[str, str, str]]:
    with read_scope() as session:
        return [(row["item_slug"], row["weekday"], row["quantity"]) for row in load_par_levels(session)]


def plan_of(*days: date) -> Any:
    with read_scope() as session:
        return load_plan(session, now(), days[0], days[-1])


def test_a_level_is_set_changed_removed_and_undone(kitchen: Kitchen) -> None:
    """Each says what was before; an undo brings that back, unless it was changed since."""
    kitchen.simple_bakery()
    first = set_par(kitchen, "Cookie", 2, unit="dozen")
    assert (first["quantity"], first["quantity_before"], first["weekday"]) == ("24", None, "every day")
    second = set_par(kitchen, "Cookie", 30)
    assert second["quantity_before"] == "24"
    set_par(kitchen, "Cookie", 0, weekday="sunday")
    assert levels() == [("cookie", "sunday", "0"), ("cookie", "every day", "30")]
    with pytest.raises(ServiceError):
        reverse(first, "mistyped")
    reverse(second, "mistyped")
    assert levels()[1] == ("cookie", "every day", "24")
    removed = set_par(kitchen, "Cookie", None, weekday="sunday")
    assert (removed["quantity"], removed["quantity_before"]) == (None, "0")
    assert levels() == [("cookie", "every day", "24")]
    reverse(removed, "still closed")
    reverse(first, "not at all")
    assert levels() == [("cookie", "sunday", "0")]
    assert drift() == []


def test_only_whole_goods_have_a_level(kitchen: Kitchen) -> None:
    """Flour is not sold, half a cookie neither, and a weekday has its name."""
    kitchen.simple_bakery()
    for item, quantity, more in (("Flour", 1, {}), ("Cookie", "0.5", {}), ("Cookie", 1, {"weekday": "someday"})):
        with pytest.raises(ValidationError):
            set_par(kitchen, item, quantity, **more)
    assert levels() == []


def test_the_shelf_is_planned_beyond_what_is_ordered(kitchen: Kitchen) -> None:
    """Five boxes are wanted: two are ordered, three are for the shelf, and three are there."""
    book = OrderBook(kitchen)
    with read_scope() as session:
        day = load_bakery(session).local_day(now()) + timedelta(days=2)
    set_par(kitchen, "Box", 5, weekday=f"{day:%A}".casefold())
    book.order(book.line(book.box, 2), due_on=day)
    pack = plan_of(day)["lines"][-1]
    assert (pack["slug"], pack["batches"]) == ("box", "2")
    assert [(one["source"], one["par_level"]) for one in pack["wanted_by"]] == [("par", "5")]
    with read_scope() as session:
        why = load_plan_reasons(session, pack["line"], now(), day, day)
    wanted = [(row["quantity"], row["order"]["source"]) for row in why["products"][0]["wanted_by"]]
    assert sorted(wanted) == [("1", "par"), ("2", "order"), ("2", "par")] or sorted(wanted) == [
        ("2", "order"),
        ("3", "par"),
    ]
    book.order(book.line(book.box, 9), due_on=day)
    pack = plan_of(day)["lines"][-1]
    assert (pack["batches"], [one["source"] for one in pack["wanted_by"]]) == ("8", ["order"])
    run_in_transaction(lambda s: record_item_change(kitchen.ids["Box"], {"archived": True}, session=s))
    assert plan_of(day)["lines"] == []


def test_what_is_sold_at_the_counter_today_is_not_wanted_again(kitchen: Kitchen) -> None:
    """Handed-over orders do not count, nor does a sale that was undone."""
    book = OrderBook(kitchen, boxes=4)
    set_par(kitchen, "Box", 3)
    sale = Shelf(kitchen).adjust("sale", {"item_id": book.box, "quantity": 2})
    reverse(Shelf(kitchen).adjust("sale", {"item_id": book.box, "quantity": 1}), "typed twice")
    with read_scope() as session:
        today = load_bakery(session).local_day(now())
    book.hand_over(book.order(book.line(book.box, 1), due_on=today))
    assert plan_of(today)["lines"] == []  # one is left, and one is wanted
    reverse(sale, "not sold")
    Shelf(kitchen).adjust("waste", {"item_id": book.box, "quantity": 3})
    assert [(one["slug"], one["batches"]) for one in plan_of(today)["lines"]][-1] == ("box", "3")


@pytest.mark.one_database
def test_the_page_sets_and_removes_a_level(kitchen: Kitchen) -> None:
    """An empty quantity removes it; a refusal keeps the form."""
    kitchen.simple_bakery()
    baker = Web().let_in().browser(Role.BAKER)
    path, cookie = "/plan/par-levels", str(kitchen.ids["Cookie"])
    assert "There are none yet" in baker.get(path).text
    assert submit(baker, path, path, item_id=cookie, weekday="saturday", quantity="40").status_code == 303
    assert "Saturday" in baker.get(path).text
    assert submit(baker, path, path, item_id=cookie, weekday="saturday", quantity="x").status_code == 422
    assert submit(baker, path, path, item_id=cookie, weekday="saturday", quantity="").status_code == 303
    assert levels() == []
