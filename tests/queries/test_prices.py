"""What was paid, and what a recipe costs by it: an unknown part makes the whole unknown, and is named."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_tracker.database.transaction_outcomes import statement_count
from bake_tracker.domain.errors import ItemNotFoundError, UnitConversionError, ValidationError
from bake_tracker.domain.stock.pricing import Price, cost_at, margin
from bake_tracker.queries.reports.prices import load_prices
from bake_tracker.queries.reports.recipe_cost import load_recipe_cost
from bake_tracker.services.catalog.products import record_product
from bake_tracker.services.catalog.rates import record_recipe_rate
from bake_tracker.services.catalog.things import record_supplier
from bake_tracker.services.database import read_scope, run_in_transaction
from support.kitchen import Kitchen
from support.undoing import hold, move, reverse

TODAY = date(2026, 11, 23)


def prices(kitchen: Kitchen, item: str = "Flour", **more: Any) -> Any:
    with read_scope() as session:
        return load_prices(session, kitchen.ids[item], **more)


def cost(kitchen: Kitchen, recipe: str = "Cookies", batches: Any = 1, price: Any = None) -> Any:
    with read_scope() as session:
        price_micros = None if price is None else int(Decimal(price) * 10**6)
        return load_recipe_cost(session, kitchen.ids[recipe], Fraction(batches), TODAY, price_micros=price_micros)


def stocked(kitchen: Kitchen) -> Kitchen:
    """Flour: 10 kg at 2.00 a kg, then 10 kg at 3.00; sugar: 5 kg at 2.00; 24 cookies take 500 g and 250 g."""
    kitchen.simple_bakery()
    kitchen.receive("Flour", 10, "kg", 30, received_on=date(2026, 2, 1))
    return kitchen


# Costs --------------------------------------------------------------------------------------------------------------


def test_a_recipe_is_costed_by_todays_lots_by_last_prices_and_by_the_average(kitchen: Kitchen) -> None:
    """All three are given by item and in total, and as the cost of one."""
    stocked(kitchen)
    found = cost(kitchen)
    assert [found[basis] for basis in ("today", "last", "average")] == ["1.50", "2.00", "1.75"]
    assert [(row["today"], row["last"], row["average"]) for row in found["items"]] == [
        ("1.00", "1.50", "1.25"),
        ("0.50", "0.50", "0.50"),
    ]
    assert [one["each"] for one in found["makes"]] == ["0.0625", "0.083333", "0.072917"]
    assert (found["labour"], found["overhead"], found["today_in_all"]) == ("0.00", "0.00", "1.50")
    assert (found["short"], found["uncosted_lots"], found["never_bought"]) == ([], [], [])


@pytest.mark.one_database
def test_todays_cost_is_the_cost_of_producing(kitchen: Kitchen) -> None:
    """This holds even where one lot ends and the next begins: today's answer is the cost of the run."""
    stocked(kitchen).receive("Sugar", 5, "kg", 10, received_on=date(2026, 2, 1))
    asked = cost(kitchen, batches=24)
    assert asked["today"] == kitchen.produce("Cookies", "Cookie", 24, 576)["total_ingredient_cost"] == "38.00"


@pytest.mark.one_database
def test_a_shortage_makes_today_unknown_and_not_the_others(kitchen: Kitchen) -> None:
    """The shortage is named with its quantity."""
    stocked(kitchen)
    found = cost(kitchen, batches=21)
    assert (found["today"], found["last"], found["short"]) == (None, "42.00", ["sugar"])
    assert [row["missing"] for row in found["items"]] == ["0", "250"]


@pytest.mark.one_database
def test_a_lot_without_a_price_makes_today_and_the_average_unknown_and_is_named(kitchen: Kitchen) -> None:
    """There is never a partial sum; the last known price still holds."""
    stocked(kitchen)
    lot = kitchen.receive("Sugar", 1, "kg", received_on=date(2025, 1, 1))
    found = cost(kitchen)
    assert (found["today"], found["last"], found["average"]) == (None, "2.00", None)
    assert found["uncosted_lots"] == [lot["lot_code"]]
    assert found["makes"][0]["each"] is None


@pytest.mark.one_database
def test_an_item_never_received_has_no_price(kitchen: Kitchen) -> None:
    """A recipe without contents has no price either."""
    kitchen.ingredient("Saffron")
    kitchen.recipe("Buns", {"Saffron": (1, "g")}, {"Bun": 12})
    found = cost(kitchen, "Buns")
    assert (found["last"], found["never_bought"], found["short"]) == (None, ["saffron"], ["saffron"])


@pytest.mark.one_database
def test_labour_and_overhead_are_separate_and_a_price_leaves_a_margin_on_both(kitchen: Kitchen) -> None:
    """At a price of 0.50 a cookie, 0.4375 is left after the ingredients, and less after labour and overhead."""
    stocked(kitchen)
    key = kitchen.ids["Cookies"]
    run_in_transaction(lambda s: record_recipe_rate(key, Decimal("4.80"), Decimal("2.40"), session=s))
    found = cost(kitchen, price="0.50")
    today = found["makes"][0]
    assert (found["today"], found["labour"], found["overhead"], found["today_in_all"]) == (
        "1.50",
        "4.80",
        "2.40",
        "8.70",
    )
    assert (today["each"], today["margin"], today["margin_percent"]) == ("0.0625", "0.4375", "87.5")
    assert (today["each_in_all"], today["margin_in_all"], today["margin_percent_in_all"]) == (
        "0.3625",
        "0.1375",
        "27.5",
    )
    with pytest.raises(ValidationError):
        cost(kitchen, price="0")
    with pytest.raises(ValidationError):
        cost(kitchen, batches=0)


def test_undone_moved_and_held_lots_count_as_they_should(kitchen: Kitchen) -> None:
    """A reversed receipt was never paid; a moved part is not a purchase; a held lot is on hand but not drawn."""
    stocked(kitchen)
    reverse(kitchen.receive("Flour", 1, "kg", 99, received_on=date(2026, 3, 1)))
    move(kitchen, "sugar", "Cellar", 1000)
    assert cost(kitchen)["last"] == "2.00"
    hold(kitchen, "flour")
    found = cost(kitchen)
    assert (found["today"], found["average"]) == ("2.00", "1.75")
    assert len(prices(kitchen, "Sugar")["purchases"]) == 1


@pytest.mark.one_database
def test_a_line_in_cups_without_a_density_is_refused(kitchen: Kitchen) -> None:
    """The error is the same as for producing."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Bread", {"Flour": (4, "cup")}, {"Loaf": 1})
    with pytest.raises(UnitConversionError):
        cost(kitchen, "Bread")


@given(
    st.dictionaries(st.integers(1, 5), st.integers(1, 10**12), min_size=1),
    st.dictionaries(st.integers(1, 5), st.tuples(st.integers(1, 10**12), st.integers(0, 10**12))),
)
def test_the_cost_is_the_sum_of_its_parts_or_unknown(needs: dict[int, int], paid: dict[int, tuple[int, int]]) -> None:
    """Each part is within half a millionth of the exact share."""
    found = {item: Price(*amounts) for item, amounts in paid.items()}
    costs, total = cost_at(needs, found)
    assert (total is None) == bool(needs.keys() - found.keys())
    for item, cost_micros in costs.items():
        if item in found:
            assert cost_micros is not None
            exact = Fraction(found[item].cost_micros * needs[item], found[item].quantity_micros)
            assert abs(cost_micros - exact) <= Fraction(1, 2)
    if total is not None:
        assert total == sum(one for one in costs.values() if one is not None)


@given(st.integers(1, 10**12), st.integers(0, 10**12))
def test_a_margin_and_the_cost_are_the_price(price: int, cost_micros: int) -> None:
    """This holds exactly in money, and to a tenth in per cent."""
    left, percent = margin(price, cost_micros)
    assert left is not None
    assert left + cost_micros == price
    assert abs(Fraction(percent or "x") - Fraction(left * 100, price)) <= Fraction(1, 20)


# Purchases ----------------------------------------------------------------------------------------------------------


def test_purchases_are_listed_by_product_and_supplier(kitchen: Kitchen) -> None:
    """The latest comes first, each with its price for a kg and the change from the same source's previous one."""
    kitchen.ingredient("Flour")
    flour = kitchen.ids["Flour"]
    mill = run_in_transaction(lambda s: record_supplier("Mill", session=s))["supplier_id"]
    bag = run_in_transaction(lambda s: record_product(flour, "T550", 25, "kg", session=s, package_type="bag"))
    of: dict[str, Any] = {"supplier_id": mill, "product_id": bag["product_id"]}
    kitchen.receive("Flour", 1, "bag", 20, received_on=date(2026, 1, 1), **of)
    kitchen.receive("Flour", 2, "bag", 50, received_on=date(2026, 2, 1), **of)
    kitchen.receive("Flour", 1, "kg", 2, received_on=date(2026, 3, 1))
    kitchen.receive("Flour", 1, "kg", received_on=date(2026, 3, 2))
    history = prices(kitchen)
    assert [(row["bought_on"], row["price"], row["change_percent"]) for row in history["purchases"]] == [
        ("2026-03-01", "2.00", None),
        ("2026-02-01", "1.00", "+25.0"),
        ("2026-01-01", "0.80", None),
    ]
    by_mill, alone = history["sources"]
    assert [by_mill[name] for name in ("last", "lowest", "highest", "purchases")] == ["1.00", "0.80", "1.00", 2]
    assert (by_mill["average"], by_mill["product"], by_mill["supplier"]) == ("0.933333", "T550", "Mill")
    assert (alone["last"], alone["supplier"], history["uncosted_lots"]) == ("2.00", None, 1)
    assert [row["bought_on"] for row in prices(kitchen, since=date(2026, 2, 1))["purchases"]][-1] == "2026-02-01"
    with read_scope() as session, pytest.raises(ItemNotFoundError):
        load_prices(session, 999)


def test_prices_and_costs_take_as_many_statements_however_much_was_bought(kitchen: Kitchen) -> None:
    """Purchases take three statements and costs five."""
    stocked(kitchen)
    counted = []
    for bought in (("Flour", "Sugar", "Flour"), ()):
        with read_scope() as session:
            session.connection()
            start = statement_count()
            load_prices(session, kitchen.ids["Flour"])
            middle = statement_count()
            load_recipe_cost(session, kitchen.ids["Cookies"], Fraction(1), TODAY)
            counted.append((middle - start, statement_count() - middle))
        for item in bought:
            kitchen.receive(item, 1, "kg", 2)
    assert counted == [(3, 5)] * 2
