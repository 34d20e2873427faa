"""Accepting a plan: it is kept as it was shown, for days that have no other, until it is undone."""

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from functools import partial
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.errors import AcceptedPlanNotFoundError, ConflictError, ValidationError
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.planning.accepted import load_accepted_plan
from bake_tracker.queries.planning.actual import PlanActual, load_plan_actual
from bake_tracker.queries.planning.week import load_plan
from bake_tracker.services.catalog.recipe_makes import record_recipe_makes
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.planning.batch_options import record_recipe_batches
from bake_tracker.services.planning.par_levels import record_par_level
from bake_tracker.services.planning.plan import record_plan
from bake_tracker.services.stock.handling import record_transfer
from bake_tracker.testing import OperationLog
from support.depth import rounds
from support.kitchen import Kitchen
from support.shelf import OrderBook, Shelf
from support.tampering import named_after
from support.undoing import drift, hold, reverse
from support.warm.at_once import two_workers
from support.web import statements

pytest_plugins = ["bake_tracker.testing"]


class Planner:
    """A bakery with three boxes and six cookies on hand, where twelve boxes are ordered for tomorrow."""

    def __init__(self, kitchen: Kitchen) -> None:
        self.kitchen, self.book = kitchen, OrderBook(kitchen)
        with read_scope() as session:
            self.today = load_bakery(session).local_day(now())
        self.order("Box", 12, 1)

    def day(self, ahead: int) -> date:
        return self.today + timedelta(days=ahead)

    def order(self, item: str, quantity: int, ahead: int) -> None:
        self.book.order(self.book.line(self.kitchen.ids[item], quantity), due_on=self.day(ahead))

    def plan(self, **days: Any) -> Any:
        with read_scope() as session:
            return load_plan(session, now(), **days)

    def accept(self, inputs: str | None = None, **more: Any) -> dict[str, Any]:
        """Accept the plan as it is now, or the one with these inputs."""
        days = {name: more[name] for name in ("since", "until") if name in more}
        code = inputs or self.plan(**days)["inputs"]
        return dict(run_in_transaction(lambda s: record_plan(code, session=s, **more)))


@pytest.fixture
def planner(kitchen: Kitchen) -> Planner:
    return Planner(kitchen)


def test_an_accepted_plan_is_kept_as_it_was_shown(planner: Planner, operation_log: OperationLog) -> None:
    """Its lines are those of the plan; the plan names it from then on, and is otherwise as before."""
    shown = planner.plan()
    done = planner.accept()
    fields = ("line", "what", "day", "recipe_id", "slug", "name", "batches", "gives")
    assert done["lines"] == [{name: one[name] for name in fields} for one in shown["lines"]]
    assert [(one["what"], one["batches"]) for one in done["lines"]] == [("bake", "2"), ("pack", "9")]
    span = {"plan_id": done["plan_id"], "since": shown["since"], "until": shown["until"]}
    assert planner.plan() == {**shown, "accepted": [span]}
    line = operation_log.one("record_plan", "success")
    assert {name: line.fields[name] for name in ("plan_id", "line_count")} == {
        "plan_id": done["plan_id"],
        "line_count": 2,
    }
    with read_scope() as session:
        view = load_accepted_plan(session, done["plan_id"])
    assert {name: view[name] for name in span} == span  # type: ignore[literal-required]
    assert (view["lines"], view["inputs"]) == (done["lines"], shown["inputs"])
    assert drift() == []


CHANGES: dict[str, Callable[[Planner], object]] = {
    "the orders": lambda planner: planner.order("Box", 1, 2),
    "the stock": lambda planner: planner.kitchen.receive("Flour", 1, "kg", 1),
    "the recipes and boxes": lambda planner: run_in_transaction(
        lambda s: record_recipe_batches(planner.kitchen.ids["Cookies"], session=s, step="half")
    ),
    "what the shelf is to have": lambda planner: run_in_transaction(
        lambda s: record_par_level(planner.kitchen.ids["Box"], 40, session=s)
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_plan_that_changed_since_it_was_shown_is_refused(planner: Planner, what: str) -> None:
    """The refusal names what changed, and nothing else; nothing is recorded."""
    code = planner.plan()["inputs"]
    CHANGES[what](planner)
    with pytest.raises(ConflictError, match=f"no longer the one that was shown: {what} changed; look at it again"):
        planner.accept(code)
    assert planner.plan()["accepted"] == []


def test_a_refusal_names_everything_that_changed(planner: Planner) -> None:
    """Other days were shown, and a lot was put on hold."""
    code = planner.plan()["inputs"]
    hold(planner.kitchen, "flour")
    with pytest.raises(ConflictError, match="the days and the stock changed"):
        planner.accept(code, until=planner.day(2))


def test_days_have_one_accepted_plan(planner: Planner) -> None:
    """Days before and after one can have another; the refusal names the plan that is in the way."""
    planner.order("Box", 4, 5)
    done = planner.accept(since=planner.day(1), until=planner.day(3))
    for since, until in ((0, 1), (3, 6), (2, 2), (0, 6)):
        with pytest.raises(ConflictError, match=rf"already: plan {done['plan_id']} \(.*undo it first"):
            planner.accept(since=planner.day(since), until=planner.day(until))
    later = planner.accept(since=planner.day(4), until=planner.day(6))
    accepted = [one["plan_id"] for one in planner.plan()["accepted"]]
    assert accepted == [done["plan_id"], later["plan_id"]]
    assert planner.plan(until=planner.day(0))["accepted"] == []


def test_an_undone_plan_frees_its_days(planner: Planner) -> None:
    """It cannot be found any more, and its number is not given again."""
    before = planner.plan()
    done = planner.accept()
    reverse(done)
    assert planner.plan() == before
    with read_scope() as session, pytest.raises(AcceptedPlanNotFoundError):
        load_accepted_plan(session, done["plan_id"])
    assert planner.accept()["plan_id"] > done["plan_id"]
    assert drift() == []


def test_the_same_call_again_answers_the_same(planner: Planner) -> None:
    """A repeat is not refused although the days have a plan by then."""
    code, key = planner.plan()["inputs"], "018f0000-0000-7000-8000-000000000001"
    first = planner.accept(code, operation_id=key)
    assert planner.accept(code, operation_id=key) == first


def test_a_plan_that_makes_nothing_is_refused(planner: Planner) -> None:
    """Nothing is wanted today."""
    with pytest.raises(ConflictError, match="nothing to accept"):
        planner.accept(until=planner.day(0))


def test_days_that_are_over_are_refused(planner: Planner) -> None:
    """What was not made yesterday cannot be made then."""
    with pytest.raises(ValidationError, match="must not be before today"):
        planner.accept(since=planner.day(-1))


@pytest.mark.parametrize("code", ["", "abc", "0" * 53])
def test_something_else_than_a_code_is_refused(planner: Planner, code: str) -> None:
    """The refusal says which code is meant."""
    with pytest.raises(ValidationError, match="the code that was shown with the plan"):
        run_in_transaction(lambda s: record_plan(code, session=s))


def test_two_people_accept_at_once(planner: Planner) -> None:
    """One plan is accepted, and the other person hears of it."""
    accept = partial(record_plan, planner.plan()["inputs"])
    with two_workers() as at_once:
        for _ in range(rounds(2, 100)):
            ended = at_once(accept, accept)
            assert {one[0]: count for one, count in ended.items()} == {"done": 1, "ConflictError": 1}
            (accepted,) = planner.plan()["accepted"]
            with read_scope() as session:
                reverse(load_accepted_plan(session, accepted["plan_id"])["operation_id"])
    assert drift() == []


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE accepted_plan_line SET quantity_micros = quantity_micros + 1", "answer: lines"),
        ("UPDATE accepted_plan_line SET batches = '7'", "answer: lines"),
        ("UPDATE accepted_plan_version SET inputs = 'x'", "answer: inputs"),
        ("DELETE FROM accepted_plan_line", "answer: lines"),
        ("DELETE FROM accepted_plan_version", "first version of an accepted plan"),
    ],
)
def test_a_plan_that_somebody_changed_in_the_database_is_found(planner: Planner, statement: str, what: str) -> None:
    """Verify compares each plan with the answer of its operation."""
    planner.accept()
    assert what in named_after(statement)


def read_actual(plan_id: int) -> PlanActual:
    with read_scope() as session:
        return load_plan_actual(session, plan_id)


def actual_of(plan_id: int) -> dict[str, tuple[str, ...]]:
    """The state of each line of a plan and its figures: planned, made, handed over, wasted and left to make."""
    figures = ("planned", "made", "handed_over", "wasted", "left_to_make")
    lines = read_actual(plan_id)["lines"]
    rows: list[Any] = [(line, product) for line in lines for product in line["products"]]
    return {line["what"]: (line["state"], *(product[name] for name in figures)) for line, product in rows}


def test_an_accepted_plan_is_compared_with_what_came_of_it(planner: Planner) -> None:
    """A line counts the later runs of its day, until they are undone; a box that was moved and sold is handed over."""
    planner.order("Box", 5, 0)
    kitchen, shelf = planner.kitchen, Shelf(planner.kitchen)
    done = planner.accept(until=planner.today)["plan_id"]
    nothing = {"bake": ("planned", "24", "0", "0", "0", "24"), "pack": ("planned", "2", "0", "0", "0", "2")}
    assert actual_of(done) == nothing
    baked = kitchen.produce("Cookies", "Cookie", 1, 20)
    assert actual_of(done) == {**nothing, "bake": ("begun", "24", "20", "0", "0", "4")}
    packed = kitchen.assemble("Box", 2)
    run_in_transaction(lambda s: record_transfer(packed["lot_id"], "Shop", session=s, quantity=1))
    (moved,) = kitchen.rows("SELECT id FROM lot WHERE parent_lot_id = :lot", lot=packed["lot_id"])
    shelf.adjust("sale", {"lot_id": moved[0], "quantity": 1})
    shelf.adjust("waste", {"lot_id": packed["lot_id"], "quantity": 1})
    assert actual_of(done)["pack"] == ("done", "2", "2", "1", "1", "0")
    kitchen.produce("Cookies", "Cookie", 1, 24, produced_at=now() - timedelta(days=2))
    assert actual_of(done)["bake"] == ("begun", "24", "20", "0", "0", "4")
    reverse(baked, cascade=True)
    assert actual_of(done) == nothing


def test_a_product_of_a_run_that_gave_none_of_it_takes_nothing_from_the_others(planner: Planner) -> None:
    """Only glaze came out; what is sold of it is not counted as syrup, in as many statements as for one line."""
    kitchen, shelf = planner.kitchen, Shelf(planner.kitchen)
    each = {"Glaze": 2, "Syrup": 4}
    kitchen.recipe("Glazing", {"Sugar": (10, "g")}, each)
    makes = [
        {"finished_unit_id": kitchen.ids[name], "quantity": quantity, "share": Fraction(1, 2)}
        for name, quantity in each.items()
    ]
    run_in_transaction(lambda s: record_recipe_makes(kitchen.ids["Glazing"], makes, session=s, together=True))
    for item in ("Glaze", "Syrup"):
        planner.order(item, 2, 0)
    done = planner.accept(until=planner.today)["plan_id"]
    outputs = [{"finished_unit_id": kitchen.ids["Syrup"], "actual_yield": 0}]
    made = kitchen.produce("Glazing", "Glaze", 1, 2, outputs=outputs)
    shelf.adjust("sale", {"lot_id": made["lot_id"], "quantity": 1})
    with statements() as told:
        (line,) = read_actual(done)["lines"]
    figures = {one["item_name"]: (one["made"], one["handed_over"]) for one in line["products"]}
    assert figures == {"Glaze": ("2", "1"), "Syrup": ("0", "0")}
    assert len([one for one in told if one.startswith(("SELECT", "WITH"))]) == 5
