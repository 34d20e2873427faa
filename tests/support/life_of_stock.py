"""Rows for every history table that a batch and a box leave empty."""

from datetime import date

from bake_tracker.clock import now
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.planning.week import load_plan
from bake_tracker.services.buying.purchase_order import record_purchase_order
from bake_tracker.services.catalog.measures import record_piece_weight
from bake_tracker.services.catalog.product_change import record_product_change
from bake_tracker.services.catalog.products import record_product
from bake_tracker.services.catalog.rates import record_recipe_rate
from bake_tracker.services.catalog.things import record_supplier
from bake_tracker.services.catalog.unit_change import record_unit_change
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.orders.hand_over import record_hand_over
from bake_tracker.services.orders.order import record_order
from bake_tracker.services.orders.standing import (
    record_standing_order,
    record_standing_order_day,
    record_standing_order_stop,
)
from bake_tracker.services.planning.plan import record_plan
from bake_tracker.services.reversal import record_reversal
from bake_tracker.services.stock.adjustment import record_adjustment
from bake_tracker.services.stock.cost_statement import record_cost_statement
from bake_tracker.services.stock.delivery import record_delivery
from bake_tracker.services.stock.handling import record_hold, record_transfer
from bake_tracker.services.stock.stocktake import record_stocktake
from support.kitchen import Kitchen

FIRST = date(2026, 12, 1)


def fill_the_life_of_stock(kitchen: Kitchen) -> None:
    """Sugar is spilt, counted, split, held, delivered, billed and baked with a rate; eggs are kept in another unit.

    Cookies are ordered, once and every day, and handed over; the plan is accepted; sugar is ordered and comes.
    """
    lot = kitchen.receive("Sugar", 1, "kg", 2)["lot_id"]
    passed_over = kitchen.receive("Sugar", 1, "g", 0, received_on=date(2025, 12, 1))["lot_id"]
    mistyped = kitchen.receive("Sugar", 9, "kg", 2)["operation_id"]
    mill = run_in_transaction(lambda s: record_supplier("Watermill", session=s))["supplier_id"]
    line = {"item_id": kitchen.ids["Sugar"], "quantity": 1, "unit": "kg"}
    sheet = {"lot_id": lot, "percent_left": 50, "expected": 1_000}
    egg = kitchen.ingredient("Egg", "each")
    kitchen.receive("Egg", 30, "each", 8)
    for work in (
        lambda s: record_adjustment("waste", [{"lot_id": lot, "quantity": 10}], session=s, reason="spilt"),
        lambda s: record_stocktake([sheet], session=s, notes="Monday", moved="after"),
        lambda s: record_transfer(lot, "Cellar", session=s, quantity=100),
        lambda s: record_hold([lot, passed_over], "smells", session=s),
        lambda s: record_delivery([line], session=s, supplier_id=mill, document="7"),
        lambda s: record_piece_weight(kitchen.ids["Sugar"], 10, 45, "g", session=s, source="our scale"),
        lambda s: record_reversal(mistyped, "mistyped", session=s),
        lambda s: record_piece_weight(egg, 1, 53, "g", session=s),
        lambda s: record_unit_change(egg, "g", session=s),
        lambda s: record_recipe_rate(kitchen.ids["Cookies"], 12, 3, session=s),
    ):
        run_in_transaction(work)
    delivered = kitchen.rows("SELECT max(id) FROM lot WHERE cost_micros IS NULL")[0][0]
    run_in_transaction(
        lambda s: record_cost_statement([{"lot_id": delivered, "cost": 3}], session=s, kind="invoice", document="8")
    )
    kitchen.produce("Cookies", "Cookie", 1, 20)
    record_a_run_with_two_products(kitchen)
    cookies = [{"item_id": kitchen.ids["Cookie"], "quantity": 2, "price": 1}]
    order_id = run_in_transaction(lambda s: record_order(cookies, session=s, due_on=date(2026, 12, 4)))["order_id"]
    run_in_transaction(lambda s: record_hand_over(order_id=order_id, session=s))
    daily = run_in_transaction(lambda s: record_standing_order(cookies, "FREQ=DAILY", session=s, starts_on=FIRST))
    key = daily["standing_order_id"]
    run_in_transaction(lambda s: record_standing_order_day(key, FIRST, session=s))
    run_in_transaction(lambda s: record_standing_order_stop(key, FIRST, session=s, reason="closed"))
    accept_the_plan(kitchen)
    buy_sugar(kitchen)


def accept_the_plan(kitchen: Kitchen) -> None:
    """Cookies are ordered for a day to come, and the plan that makes them is accepted."""
    with read_scope() as session:
        today = load_bakery(session).local_day(now())
    cookies = [{"item_id": kitchen.ids["Cookie"], "quantity": 500}]
    run_in_transaction(lambda s: record_order(cookies, session=s, due_on=today))
    with read_scope() as session:
        code = load_plan(session, now())["inputs"]
    run_in_transaction(lambda s: record_plan(code, session=s))


def buy_sugar(kitchen: Kitchen) -> None:
    """Sugar is ordered by the bag and comes."""
    bag = run_in_transaction(lambda s: record_product(kitchen.ids["Sugar"], "Fine", 1, "kg", session=s))["product_id"]
    terms = {"least_packs": 2, "prices": [{"price": 2}]}
    run_in_transaction(lambda s: record_product_change(bag, terms, session=s))
    mill = run_in_transaction(lambda s: record_supplier("Sugar mill", session=s))["supplier_id"]
    bags, friday = [{"product_id": bag, "packs": 2}], date(2026, 12, 4)
    sent = run_in_transaction(lambda s: record_purchase_order(mill, bags, session=s, wanted_on=friday))
    key = sent["purchase_order_id"]
    run_in_transaction(lambda s: record_delivery(session=s, purchase_order_id=key))


def record_a_run_with_two_products(kitchen: Kitchen) -> None:
    """Sugar becomes glaze and syrup."""
    kitchen.recipe("Glazing", {"Sugar": (10, "g")}, {"Glaze": 2, "Syrup": 4})
    kitchen.produce("Glazing", "Glaze", 1, 1, outputs=[{"finished_unit_id": kitchen.ids["Syrup"], "actual_yield": 2}])
