"""The plan: what to make and buy for what is ordered, why, and whether a day is possible."""

from datetime import date, time, timedelta
from typing import Any

import pytest

from bake_tracker.clock import now
from bake_tracker.domain.errors import ValidationError
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.planning.day import load_day_check
from bake_tracker.queries.planning.reasons import load_plan_reasons
from bake_tracker.queries.planning.week import load_plan
from bake_tracker.services.catalog.products import record_product
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.orders.change import record_order_cancellation
from bake_tracker.services.orders.standing import record_standing_order, record_standing_order_day
from bake_tracker.services.stock.handling import record_hold
from support.kitchen import Kitchen
from support.shelf import OrderBook
from support.undoing import lot_id, reverse
from support.web import statements


class Planner:
    """A bakery with three boxes and six cookies on hand, and orders for the days to come."""

    def __init__(self, kitchen: Kitchen) -> None:
        self.kitchen, self.book = kitchen, OrderBook(kitchen)
        self.at = now()
        with read_scope() as session:
            self.today = load_bakery(session).local_day(self.at)

    def day(self, ahead: int) -> date:
        return self.today + timedelta(days=ahead)

    def order(self, item: str, quantity: Any, ahead: int, **more: Any) -> dict[str, Any]:
        line = self.book.line(self.kitchen.ids[item], quantity)
        return self.book.order(line, due_on=self.day(ahead), **more)

    def plan(self, **days: Any) -> Any:
        with read_scope() as session:
            return load_plan(session, self.at, **days)

    def why(self, line: int) -> Any:
        with read_scope() as session:
            return load_plan_reasons(session, line, self.at)

    def check(self, ahead: int) -> Any:
        with read_scope() as session:
            return load_day_check(session, self.day(ahead), self.at)

    def lines(self, **days: Any) -> list[tuple[str, str, str]]:
        return [(one["what"], one["slug"], one["batches"]) for one in self.plan(**days)["lines"]]


@pytest.fixture
def planner(kitchen: Kitchen) -> Planner:
    return Planner(kitchen)


def test_what_is_ordered_is_packed_and_baked_in_whole_batches(planner: Planner) -> None:
    """Three of twelve boxes are on hand, and six of the cookies for the others."""
    taken = planner.order("Box", 12, 2)
    plan = planner.plan()
    assert planner.lines() == [("bake", "cookies", "2"), ("pack", "box", "9")]
    assert [one["day"] for one in plan["lines"]] == [planner.day(2).isoformat()] * 2
    assert [(one["item_slug"], one["quantity"]) for one in plan["lines"][0]["gives"]] == [("cookie", "48")]
    assert [(one["item_slug"], one["quantity"]) for one in plan["lines"][1]["takes"]] == [
        ("carton", "9"),
        ("cookie", "54"),
    ]
    for line in plan["lines"]:
        assert [(one["order_id"], one["recipient"]) for one in line["wanted_by"]] == [(taken["order_id"], "Ada")]
    assert (plan["short"], plan["buy"], plan["late"], plan["problems"]) == ([], [], [], [])


def test_executing_the_plan_leaves_nothing_short_and_nothing_to_make(planner: Planner) -> None:
    """Each line is recorded as it stands, then the orders are handed over."""
    orders = [planner.order("Box", 12, 0), planner.order("Cookie", 31, 0)]
    plan = planner.plan()
    assert plan["short"] == []
    for line in plan["lines"]:
        if line["what"] == "bake":
            planner.kitchen.produce("Cookies", "Cookie", int(line["batches"]), int(line["gives"][0]["quantity"]))
        else:
            planner.kitchen.assemble("Box", int(line["batches"]))
    assert planner.lines() == []
    for order in orders:
        planner.book.hand_over(order)
    assert planner.plan()["late"] == []


def test_only_what_is_left_of_orders_in_force_counts(planner: Planner) -> None:
    """A part was handed over; others were cancelled, undone, or are due after the days asked for."""
    order = planner.order("Box", 5, 1)
    planner.book.hand_over(order, {"line": 1, "quantity": 3})
    planner.book.cancel(planner.order("Box", 50, 1))
    reverse(planner.order("Box", 60, 1), "typed twice")
    planner.order("Box", 70, 9)
    assert planner.lines() == [("bake", "cookies", "1"), ("pack", "box", "2")]
    assert planner.lines(until=planner.day(0)) == []
    assert planner.lines(since=planner.day(9))[-1] == ("pack", "box", "70")


def test_what_is_due_first_has_the_stock(planner: Planner) -> None:
    """The boxes on hand go to tomorrow's order, though the other was taken first."""
    planner.order("Box", 3, 4)
    tomorrow = planner.order("Box", 3, 1)
    (bake, pack) = planner.plan()["lines"]
    assert (bake["day"], pack["day"]) == (planner.day(4).isoformat(),) * 2
    assert tomorrow["order_id"] not in [one["order_id"] for one in pack["wanted_by"]]


def test_a_shortage_says_for_whom_and_what_cannot_be_used(planner: Planner) -> None:
    """All flour is on hold; the plan suggests the packages that are on file, at their last price."""
    planner.order("Cookie", 30, 1)
    flour = planner.kitchen.ids["Flour"]
    bag = run_in_transaction(
        lambda s: record_product(flour, "Type 550", session=s, package_quantity=25, package_unit="kg")
    )["product_id"]
    used_up = planner.kitchen.receive("Flour", 25, "kg", 20, product_id=bag)
    held = [lot_id(planner.kitchen, "flour"), used_up["lot_id"]]
    run_in_transaction(lambda s: record_hold(held, "smells odd", session=s))
    plan = planner.plan()
    (short,) = plan["short"]
    assert (short["item_slug"], short["quantity"], short["why"], short["unusable"]) == ("flour", "500", "buy", "34500")
    assert [one["recipient"] for one in short["wanted_by"]] == ["Ada"]
    (buy,) = plan["buy"]
    assert (buy["order_on"], buy["cost"], buy["left_over"]) == (planner.day(1).isoformat(), "20.00", "24500")
    assert [(pack["name"], pack["count"], pack["holds"]) for pack in buy["packs"]] == [("Type 550", 1, "25000")]


def test_what_nothing_makes_is_told_apart_from_what_is_to_be_bought(planner: Planner) -> None:
    """A cake without a recipe cannot be bought, and no package of cartons is on file."""
    planner.kitchen.item("finished_unit", "Cake", "each")
    planner.order("Cake", 1, 1)
    planner.order("Box", 200, 1)
    plan = planner.plan()
    assert {one["item_slug"]: one["why"] for one in plan["short"]} == {
        "cake": "make", "carton": "buy", "flour": "buy", "sugar": "buy",
    }  # fmt: skip
    assert {one["item_slug"]: one["packs"] for one in plan["buy"]} == {"carton": [], "flour": [], "sugar": []}


def test_what_was_due_before_is_late_and_planned_for_today(planner: Planner) -> None:
    """So is what was due this morning."""
    planner.order("Cookie", 30, -2)
    planner.order("Box", 1, 0, due_time=time(0, 0))
    plan = planner.plan()
    assert [(one["day"], one["is_late"]) for one in plan["lines"]] == [(planner.today.isoformat(), False)]
    assert [one["due_on"] for one in plan["late"]][:1] == [planner.day(-2).isoformat()]


def test_what_usually_goes_wrong_is_baked_too(planner: Planner) -> None:
    """A third was lost lately, so forty-eight good cookies need three batches."""
    for _ in range(3):
        planner.kitchen.produce("Cookies", "Cookie", 2, 32, loss_reason="burnt")
    reverse(planner.kitchen.produce("Cookies", "Cookie", 1, 0, loss_reason="typed wrong"), "typed wrong")
    planner.order("Cookie", 150, 1)
    (line,) = planner.plan()["lines"]
    why = planner.why(1)
    assert (line["batches"], line["gives"][0]["quantity"]) == ("3", "51")
    assert why["good_percent"] == "71.4"


def test_every_number_of_a_line_opens(planner: Planner) -> None:
    """It shows who wants the product, what is on hand, and where the ingredients come from."""
    ann = planner.order("Box", 5, 1)
    bob = planner.order("Cookie", 4, 1)
    why = planner.why(1)
    (product,) = why["products"]
    assert (product["wanted"], product["quantity"], product["left_over"]) == ("16", "24", "14")
    assert [(row["quantity"], row["lot_code"] is not None) for row in product["from_stock"]] == [("6", True)]
    boxes, cookies = sorted(product["wanted_by"], key=lambda row: row["line"] is None)
    assert (boxes["quantity"], boxes["line"], boxes["made_of_it"]) == ("12", 2, "box")
    assert [row["order"]["order_id"] for row in boxes["because"]] == [ann["order_id"]]
    assert (cookies["quantity"], cookies["order"]["order_id"]) == ("4", bob["order_id"])
    flour = next(one for one in why["takes"] if one["item_slug"] == "flour")
    assert (flour["quantity"], flour["missing"], flour["taken_from"][0]["lot_code"]) == ("500", "0", "flour-20260101-1")
    with pytest.raises(ValidationError, match="has lines 1 to 2"):
        planner.why(3)


def test_two_recipes_that_share_the_flour_are_short_together(planner: Planner) -> None:
    """Each alone is possible; the check of the whole day lists what both of them take."""
    planner.kitchen.recipe("Rolls", {"Flour": (500, "g")}, {"Roll": 10})
    planner.order("Cookie", 294, 1)
    planner.order("Roll", 100, 1)
    assert planner.kitchen.can_produce("Cookies", 12)["can_produce"]
    assert planner.kitchen.can_produce("Rolls", 10)["can_produce"]
    check = planner.check(1)
    assert not check["is_possible"]
    flour = check["items"][0]
    told = (flour["item_slug"], flour["quantity"], flour["from_stock"], flour["missing"])
    assert told == ("flour", "11000", "9500", "1500")
    assert flour["lines"] == [1, 2]
    planner.kitchen.receive("Flour", 1500, "g", 3)
    assert planner.check(1)["is_possible"]
    assert planner.check(2)["items"] == []


def test_a_standing_order_is_planned_for_until_its_day_is_taken(planner: Planner) -> None:
    """A day counts as an order would, until an order is taken for it; if that is cancelled, nothing is wanted."""
    lines = [planner.book.line(planner.kitchen.ids["Box"], 12)]
    asked = {"starts_on": planner.day(2), "recipient_id": planner.book.ada, "due_time": time(7, 30)}
    daily = run_in_transaction(lambda s: record_standing_order(lines, "FREQ=DAILY;INTERVAL=30", session=s, **asked))
    key = daily["standing_order_id"]
    before = planner.lines()
    (packed,) = (one for one in planner.plan()["lines"] if one["what"] == "pack")
    assert packed["gives"][0]["quantity"] == "9"  # three are on hand
    (who,) = packed["wanted_by"]
    assert (who["source"], who["standing_order_id"], who["order_id"]) == ("standing", key, None)
    assert who["recipient"] == "Ada"
    (boxes,) = (one for one in planner.check(2)["items"] if one["item_name"] == "Box")
    assert (boxes["orders"], boxes["standing_orders"], boxes["for_shelf"]) == ([], [key], False)
    taken = run_in_transaction(lambda s: record_standing_order_day(key, planner.day(2), session=s))["order_id"]
    assert planner.lines() == before
    assert [one["order_id"] for one in planner.plan()["lines"][-1]["wanted_by"]] == [taken]
    run_in_transaction(lambda s: record_order_cancellation(taken, "the party is off", session=s))
    assert planner.lines() == []


def test_asking_writes_nothing_in_as_many_statements_for_many_orders(planner: Planner) -> None:
    """The number does not depend on orders, lots, recipes or batches."""
    planner.order("Box", 12, 1)

    def sent() -> int:
        before = planner.kitchen.rows("SELECT count(*) FROM operation")
        with statements() as told:
            planner.plan()
        assert planner.kitchen.rows("SELECT count(*) FROM operation") == before
        assert not [one for one in told if one.split()[0] in ("INSERT", "UPDATE", "DELETE")]
        return len([one for one in told if one.startswith("SELECT")])

    few = sent()
    planner.kitchen.recipe("Rolls", {"Flour": (500, "g")}, {"Roll": 10})
    for number in range(4):
        planner.order("Roll", 30, number)
        planner.kitchen.receive("Flour", 1, "kg", 1)
    assert sent() == few == 22


@pytest.mark.parametrize(
    ("since", "until", "field"), [(0, -1, "until"), (400, None, "since"), (0, 400, "until")]
)  # fmt: skip
def test_days_that_make_no_plan_are_refused(planner: Planner, since: int, until: int | None, field: str) -> None:
    """The refusal names the argument."""
    with pytest.raises(ValidationError) as refused:
        planner.plan(since=planner.day(since), until=None if until is None else planner.day(until))
    assert [problem["field"] for problem in refused.value.problems] == [field]
