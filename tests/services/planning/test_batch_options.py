"""What one mix of a recipe may be: set, undone, and kept to by the plan."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import RecipeNotFoundError, ValidationError
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.planning.inputs import load_batch_options
from bake_tracker.queries.planning.week import load_plan
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.planning.batch_options import record_recipe_batches
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.undoing import drift, reverse
from support.web import Web, submit


def set_batches(kitchen: Kitchen, **options: Any) -> dict[str, Any]:
    return dict(run_in_transaction(lambda s: record_recipe_batches(kitchen.ids["Cookies"], session=s, **options)))


def options() -> list[tuple[int, Any, Any]]:
    with read_scope() as session:
        return [(one.parts, one.smallest, one.largest) for one in load_batch_options(session).values()]


def planned(book: OrderBook, cookies: int) -> Any:
    """The batches and mixes for so many cookies, of which none is on hand."""
    with read_scope() as session:
        day = load_bakery(session).local_day(now()) + timedelta(days=1)
    book.hand_over(book.order(book.line(book.cookie, 24), due_on=day))
    book.order(book.line(book.cookie, cookies), due_on=day)
    with read_scope() as session:
        (line,) = load_plan(session, now())["lines"]
    return line["batches"], [(mix["count"], mix["size"]) for mix in line.get("mixes", [])]


def test_batches_are_set_and_undone(kitchen: Kitchen) -> None:
    """An undo brings back what was set before."""
    kitchen.simple_bakery()
    first = set_batches(kitchen, step="half", largest=3)
    second = set_batches(kitchen, step="quarter", smallest=Fraction(1, 2), largest=Fraction(5, 2))
    assert (second["smallest"], second["largest"]) == ("0.5", "2.5")
    assert options() == [(4, Fraction(1, 2), Fraction(5, 2))]
    reverse(second, "mistyped")
    assert options() == [(2, None, Fraction(3))]
    reverse(first, "mistyped")
    assert options() == []
    assert drift() == []


@pytest.mark.parametrize(
    "wrong",
    [{"step": "third"}, {"largest": 0}, {"largest": 101}, {"smallest": 2, "largest": 1}, {"largest": Fraction(1, 2)}],
)
def test_a_mix_that_cannot_be_made_is_refused(kitchen: Kitchen, wrong: dict[str, Any]) -> None:
    """Nothing is set."""
    kitchen.simple_bakery()
    with pytest.raises(ValidationError):
        set_batches(kitchen, **wrong)
    assert options() == []
    with pytest.raises(RecipeNotFoundError):
        run_in_transaction(lambda s: record_recipe_batches(999, session=s))


def test_the_plan_has_the_least_dough_in_the_fewest_mixes(kitchen: Kitchen) -> None:
    """300 of 24 a batch are 13 batches, 312: three mixes of four and one of one."""
    book = OrderBook(kitchen, boxes=0)
    set_batches(kitchen, largest=4)
    assert planned(book, 300) == ("13", [(3, "4"), (1, "1")])


def test_half_batches_leave_less_over(kitchen: Kitchen) -> None:
    """30 are one and a half batches; without options they are two."""
    book = OrderBook(kitchen, boxes=0)
    done = set_batches(kitchen, step="half", largest=1)
    assert planned(book, 30) == ("1.5", [(1, "1"), (1, "0.5")])
    reverse(done, "no half ones")
    with read_scope() as session:
        (line,) = load_plan(session, now())["lines"]
    assert (line["batches"], "mixes" in line) == ("2", False)


@pytest.mark.one_database
def test_the_page_sets_the_sizes_of_a_mix(kitchen: Kitchen) -> None:
    """It shows what is set, and the plan's page shows the mixes."""
    book = OrderBook(kitchen, boxes=0)
    baker = Web().let_in().browser(Role.BAKER)
    path = f"/recipes/{kitchen.ids['Cookies']}/batches"
    assert path in baker.get(f"/recipes/{kitchen.ids['Cookies']}").text
    assert submit(baker, path, path, step="half", smallest="", largest="2.5").status_code == 303
    assert 'value="2.5"' in baker.get(path).text
    assert submit(baker, path, path, step="half", smallest="3", largest="1").status_code == 422
    planned(book, 300)
    assert "12.5 batches of Cookies" in baker.get("/plan").text
    assert "5 × 2.5" in baker.get("/plan").text
    assert baker.get("/recipes/999/batches").status_code == 404
