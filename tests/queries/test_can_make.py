"""What can be made from the stock, and what should be used soon."""

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from bake_tracker.clock import now
from bake_tracker.database.transaction_outcomes import statement_count
from bake_tracker.domain.stock.possible import most_times, short_of, times_to_use_up
from bake_tracker.domain.units import drawn_micros
from bake_tracker.queries.reports.expiring import load_expiring
from bake_tracker.queries.runs.can_make import load_can_make
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.handling import record_hold
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.shelf import Shelf

QUANTITIES = st.fractions(min_value=Fraction(1, 10**9), max_value=10**6, max_denominator=10**9)
STOCKS = st.integers(min_value=0, max_value=10**13)


def today() -> Any:
    return now().date()


def asked(question: Callable[[Session], Any]) -> Any:
    with read_scope() as session:
        return question(session)


def possible(slug: str) -> Any:
    return next(row for row in asked(lambda s: load_can_make(s, today())) if row["slug"] == slug)


@given(st.lists(st.tuples(QUANTITIES, STOCKS), min_size=1, max_size=4))
def test_the_most_fits_and_one_more_does_not(items: list[tuple[Fraction, int]]) -> None:
    """It rounds as recording does, at any size; when nothing limits it, the result is the largest run allowed."""
    per_one = {number: quantity for number, (quantity, _) in enumerate(items)}
    stock = {number: micros for number, (_, micros) in enumerate(items)}
    most = most_times(per_one, stock)
    assert short_of(per_one, stock, most) == {}
    assert most == 1_000_000 or short_of(per_one, stock, most + 1) != {}


@given(QUANTITIES, st.integers(min_value=1_000, max_value=10**13))
def test_a_lot_is_used_up_by_the_smallest_number_that_does(quantity: Fraction, micros: int) -> None:
    """One less would leave more than dust."""
    times = times_to_use_up(quantity, micros)
    assert micros - drawn_micros(quantity, Fraction(times)) < 1_000
    assert times == 1 or micros - drawn_micros(quantity, Fraction(times - 1)) >= 1_000


_numbers = count()
_lines = st.lists(
    st.tuples(
        st.sampled_from(["g", "kg", "cup", "tbsp", "oz"]),
        st.fractions(min_value=Fraction(1, 7), max_value=40, max_denominator=7),
        st.decimals(min_value=1, max_value=5000, places=3),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(_lines, st.fractions(min_value=Fraction(1, 3), max_value=3, max_denominator=3), st.integers(1, 5))
def test_the_largest_possible_run_passes_the_check_and_one_more_does_not(
    kitchen: Kitchen, lines: Any, of_sub: Fraction, per_box: int
) -> None:
    """A recipe with a sub-recipe and shared ingredients, and a box, are judged by the checks that recording uses."""
    mark = next(_numbers)
    for number, (_, _, stock) in enumerate(lines):
        kitchen.ingredient(f"Thing {mark} {number}")
        kitchen.density(f"Thing {mark} {number}", 1, "cup", 120, "g")
        kitchen.receive(f"Thing {mark} {number}", stock, "g", 1)
    parts = {f"Thing {mark} {number}": (quantity, unit) for number, (unit, quantity, _) in enumerate(lines)}
    kitchen.recipe(f"Sub {mark}", parts)
    kitchen.recipe(f"Bake {mark}", {**parts, f"Sub {mark}": (of_sub, "batch")}, {f"Bun {mark}": 7})
    kitchen.receive(f"Bun {mark}", 23, "each")
    kitchen.good(f"Box {mark}", {f"Bun {mark}": per_box})
    for name, check in ((f"Bake {mark}", kitchen.can_produce), (f"Box {mark}", kitchen.can_assemble)):
        most = possible(name.lower().replace(" ", "-"))["count"]
        answers = [check(name, times) for times in (most, most + 1) if times]
        assert [answer.get("can_produce", answer.get("can_assemble")) for answer in answers][-2:] == (
            [True, False] if most else [False]
        )


@pytest.fixture
def bakery(kitchen: Kitchen) -> Kitchen:
    """The simple bakery with 30 cookies, of which 24 are on hold, and an icing for iced cookies."""
    kitchen.simple_bakery()
    lot = kitchen.produce("Cookies", "Cookie", 1, 24)["lot_id"]
    kitchen.receive("Cookie", 8, "each", 1)
    kitchen.recipe("Icing", {"Sugar": (1, "kg")})
    kitchen.recipe("Iced", {"Icing": (Fraction(1, 2), "batch"), "Cookie": (4, "each")}, {"Iced Cookie": 4})
    kitchen.ingredient("Salt")
    kitchen.recipe("Brine", {"Salt": (1, "cup")}, {"Jar": 1})
    run_in_transaction(lambda s: record_hold([lot], "smells", session=s))
    return kitchen


def test_the_item_that_stops_the_next_one_is_named_with_its_stock(bakery: Kitchen) -> None:
    """Held lots are listed separately, and so is a recipe that could make what is missing."""
    box = possible("box")
    assert (box["count"], box["problem"]) == (1, None)
    assert box["stopped_by"] == [
        {
            "item_slug": "cookie",
            "unit": "each",
            "needed": "12",
            "usable": "8",
            "unusable": "24",
            "made_by": [{"recipe_slug": "cookies", "batches": 19}],
        }
    ]
    cookies = possible("cookies")
    assert [(one["item_slug"], one["needed"], one["usable"]) for one in cookies["stopped_by"]] == [
        ("flour", "10000", "9500"),
        ("sugar", "5000", "4750"),
    ]


@pytest.mark.one_database
def test_a_sub_recipe_counts_by_its_ingredients_and_an_item_by_its_stock(bakery: Kitchen) -> None:
    """As in a production, half a batch of icing is half a kilogram of sugar, and held cookies do not count."""
    iced = possible("iced")
    assert (iced["count"], iced["sub_recipes"]) == (2, ["icing"])
    assert [one["item_slug"] for one in iced["stopped_by"]] == ["cookie"]
    assert (possible("icing")["count"], possible("icing")["makes"]) == (4, [])


@pytest.mark.one_database
def test_a_recipe_that_cannot_be_calculated_says_why(bakery: Kitchen) -> None:
    """An unknown density does not count as zero."""
    brine = possible("brine")
    assert (brine["count"], brine["stopped_by"]) == (None, [])
    assert "salt: cannot convert cup to g" in brine["problem"]


def test_an_expiring_lot_lists_its_possible_uses(bakery: Kitchen) -> None:
    """Lots drawn before it count too; an expired or held lot can go into nothing."""
    for name, quantity, days in (("EGGS", 3, 2), ("MORE", 4, 5), ("FAR", 4, 60), ("OLD", 1, -1)):
        bakery.ids.setdefault("Egg", bakery.ids.get("Egg") or bakery.ingredient("Egg", "each"))
        bakery.receive("Egg", quantity, "each", quantity, lot_code=name, expires_on=today() + timedelta(days=days))
    bakery.receive("Salt", 1, "kg", lot_code="SALT", expires_on=today())
    bakery.recipe("Omelette", {"Egg": (2, "each")}, {"Plate": 1})
    bakery.recipe("Cake", {"Egg": (1, "each"), "Flour": (5, "kg")}, {"Slice": 1})
    run_in_transaction(lambda s: record_hold([Shelf(bakery).lot("MORE").id], "cracked", session=s))
    rows = asked(lambda s: load_expiring(s, today(), 7))
    told = [(row["lot_code"], row["days_left"], row["state"], row["value"]) for row in rows]
    assert told == [
        ("OLD", -1, "expired", "1.00"),
        ("SALT", 0, "open", None),
        ("EGGS", 2, "open", "3.00"),
        ("MORE", 5, "on hold", "4.00"),
    ]
    uses = {row["lot_code"]: [(use["slug"], use["possible"], use["to_use_up"]) for use in row["uses"]] for row in rows}
    assert uses == {"OLD": [], "SALT": [], "EGGS": [("cake", 1, 3), ("omelette", 3, 2)], "MORE": []}
    assert [row["lot_code"] for row in asked(lambda s: load_expiring(s, today(), 0))] == ["OLD", "SALT"]


@pytest.mark.one_database
def test_a_lot_that_was_released_expires_when_its_release_says(bakery: Kitchen, bake: CommandLine) -> None:
    """The label's date no longer counts."""
    bakery.receive("Salt", 1, "kg", lot_code="SALT", expires_on=today() - timedelta(days=3))
    until = today() + timedelta(days=5)
    assert bake("release", "SALT", "--reason", "it is salt", "--until", str(until)).code == 0
    (row,) = bake("expiring", "--within", "5", "--json").json
    assert (row["usable_until"], row["days_left"], row["state"]) == (str(until), 5, "open")
    assert bake("expiring", "--within", "4", "--json").json == []


def test_as_many_statements_however_much_can_be_made(kitchen: Kitchen) -> None:
    """The list of what can be made takes six statements, and the list of what expires takes seven."""

    def statements() -> list[int]:
        counted = []
        for question in (lambda s: load_can_make(s, today()), lambda s: load_expiring(s, today(), 30)):
            with read_scope() as session:
                session.connection()
                before = statement_count()
                question(session)
                counted.append(statement_count() - before)
        return counted

    kitchen.simple_bakery()
    small = statements()
    for number in range(12):
        kitchen.ingredient(f"Thing {number}")
        kitchen.receive(f"Thing {number}", 1, "kg", 1, expires_on=today())
        kitchen.recipe(f"Bake {number}", {f"Thing {number}": (1, "g"), "Cookies": (1, "batch")}, {f"Bun {number}": 1})
        kitchen.good(f"Sack {number}", {f"Bun {number}": 2})
    assert small == statements() == [6, 7]


@pytest.mark.one_database
def test_the_command_line_shows_it_all(bakery: Kitchen, bake: CommandLine, tmp_path: Any) -> None:
    """The output is a table, JSON or a file; a recipe that makes nothing by itself is shown as part of others."""
    table = bake("can-make").out
    assert "box" in table
    assert "cookie (cookies can make it: 19 batches; 24 expired or on hold)" in " ".join(table.split())
    assert "Each row assumes that you make nothing else" in table
    assert [row["slug"] for row in bake("can-make", "--json").json if not row["makes"]] == ["icing"]
    file = tmp_path / "possible.csv"
    assert bake("can-make", "--csv", str(file)).code == 0
    lines = file.read_text("utf-8-sig").splitlines()
    assert (lines[0], len(lines)) == ("what,slug,how_many,stopped_by,needs,has,unit", 7)
