"""Every public writer, one successful call of each, and one request of its route."""

import inspect
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from types import ModuleType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from bake_tracker.clock import now
from bake_tracker.domain.access import Role
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.planning.week import load_plan
from bake_tracker.services import assembly_service, batch_production_service, reversal, seal
from bake_tracker.services.access import accounts
from bake_tracker.services.buying import change as buying_change
from bake_tracker.services.buying import purchase_order
from bake_tracker.services.catalog import (
    allergens,
    edits,
    goods,
    labels,
    measures,
    names,
    product_change,
    products,
    rates,
    recipe_makes,
    recipes,
    settings,
    things,
    unit_change,
)
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.importing import recipe_page
from bake_tracker.services.importing import tables as import_service
from bake_tracker.services.kinds import functions
from bake_tracker.services.orders import change, hand_over, order, standing
from bake_tracker.services.planning import batch_options, par_levels, plan, purchases
from bake_tracker.services.production import bake_and_pack, correction
from bake_tracker.services.stock import (
    adjustment,
    cost_statement,
    delivery,
    handling,
    recall,
    receipt,
    returns,
    stocktake,
)
from support.kitchen import Kitchen

if TYPE_CHECKING:  # tests of the services do not need the web
    from starlette.testclient import TestClient

    from support.web import Web

Writer = Callable[..., Mapping[str, Any]]
Sent = tuple[str, str, Any]
PASSWORD = "a loaf of rye bread"


def writers_of(module: ModuleType) -> dict[str, Writer]:
    """The public ``record_*`` functions that a module defines."""
    return {
        name: function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("record_") and function.__module__ == module.__name__
    }


EXPORT = {
    "application": "bake-tracker",
    "version": "4.2",
    "suppliers": [{"name": "Mill", "slug": "mill", "supplier_type": "physical"}],
}


def a_lot(session: Session) -> int:
    return int(session.execute(text("SELECT max(id) FROM lot")).scalar_one())


def a_lot_of(session: Session, item_id: int) -> int:
    lots = text("SELECT max(id) FROM lot WHERE item_id = :item AND remaining_micros > 1000000")
    return int(session.execute(lots, {"item": item_id}).scalar_one())


def a_run(session: Session) -> str:
    return str(session.execute(text("SELECT operation_id FROM production_run")).scalars().first())


def a_user(session: Session) -> int:
    name = f"Ada {uuid4()}"  # unique, because every writer may be called in the same bakery
    return accounts.record_user(name, SECRET, "owner", session=session)["user_id"]


def a_token(session: Session) -> int:
    return accounts.record_api_token(a_user(session), "Till", "baker", SECRET + str(uuid4()), session=session)[
        "api_token_id"
    ]


def weighed_item(session: Session) -> int:
    """Return an ingredient in g of which a piece weighs 50 g; without stock, since each lot would have its own line."""
    item_id = things.record_item("ingredient", f"Egg {uuid4()}", "g", session=session)["item_id"]
    measures.record_piece_weight(item_id, 1, 50, "g", session=session)
    return item_id


def an_order(kitchen: Kitchen, session: Session) -> int:
    lines = [{"item_id": kitchen.ids["Cookie"], "quantity": 2, "price": 1}]
    return order.record_order(lines, session=session, due_on=date(2026, 12, 4))["order_id"]


def a_purchase(kitchen: Kitchen, session: Session) -> int:
    bag = products.record_product(kitchen.ids["Flour"], f"Type {uuid4()}", 25, "kg", session=session)["product_id"]
    mill = things.record_supplier(f"Mill {uuid4()}", session=session)["supplier_id"]
    lines = [{"product_id": bag, "packs": 4, "price": 18}]
    # Long after any day of a test, so that a plan for today cannot count on it.
    sent = purchase_order.record_purchase_order(mill, lines, session=session, wanted_on=date(2099, 12, 4))
    return sent["purchase_order_id"]


def accept_plan(kitchen: Kitchen, session: Session) -> Mapping[str, Any]:
    """Somebody wants a thousand cookies today, and the plan for them is accepted."""
    today = load_bakery(session).local_day(now())
    order.record_order([{"item_id": kitchen.ids["Cookie"], "quantity": 1_000}], session=session, due_on=today)
    return plan.record_plan(load_plan(session, now())["inputs"], session=session)


def order_too_many(kitchen: Kitchen, session: Session) -> None:
    """A customer wants more cookies than the flour is for, and the mill sells flour."""
    mill = things.record_supplier("Wind mill", session=session)["supplier_id"]
    of = {"session": session, "supplier_id": mill}
    cheapest = products.record_product(kitchen.ids["Flour"], "Type 1050", 25, "kg", **of)["product_id"]
    product_change.record_product_change(cheapest, {"prices": [{"price": Decimal("0.01")}]}, session=session)
    lines, today = [{"item_id": kitchen.ids["Cookie"], "quantity": 5_000}], load_bakery(session).local_day(now())
    order.record_order(lines, session=session, due_on=today)


def order_suggested(kitchen: Kitchen, session: Session) -> Any:
    order_too_many(kitchen, session)
    return purchases.record_suggested_purchases(session=session)


TUESDAYS, TUESDAY = "FREQ=WEEKLY;BYDAY=TU", date(2026, 12, 1)


def a_standing_order(kitchen: Kitchen, session: Session) -> int:
    lines = [{"item_id": kitchen.ids["Cookie"], "quantity": 2, "price": 1}]
    done = standing.record_standing_order(lines, TUESDAYS, session=session, starts_on=TUESDAY)
    return done["standing_order_id"]


def soon(_: int) -> date:
    """A day that is within a week, whatever the day."""
    return (now() + timedelta(days=6)).date()


SECRET = "a planted secret that must be nowhere: " + "x" * 9


CALLS: dict[str, Callable[[Kitchen, Session], Any]] = {
    "record_user": lambda _, s: accounts.record_user("Eve", SECRET, "baker", session=s),
    "record_user_change": lambda _, s: accounts.record_user_change(a_user(s), role="owner", session=s),
    "record_password": lambda _, s: accounts.record_password(a_user(s), SECRET, session=s),
    "record_api_token": lambda _, s: accounts.record_api_token(
        a_user(s), "Till", "viewer", SECRET + str(uuid4()), session=s
    ),
    "record_api_token_revocation": lambda _, s: accounts.record_api_token_revocation(a_token(s), session=s),
    "record_adjustment": lambda k, s: adjustment.record_adjustment(
        "waste", [{"item_id": k.ids["Flour"], "quantity": 1}], session=s
    ),
    "record_allergens": lambda k, s: allergens.record_allergens(k.ids["Flour"], ["wheat"], session=s),
    "record_label_filed": lambda k, s: labels.record_label_filed(
        k.ids["Cookie"], "flour (wheat), sugar", ["wheat"], session=s
    ),
    "record_assembly": lambda k, s: assembly_service.record_assembly(k.ids["Box"], 1, session=s),
    "record_batch_production": lambda k, s: batch_production_service.record_batch_production(
        k.ids["Cookies"], k.ids["Cookie"], 1, 24, session=s
    ),
    "record_bakery": lambda _, s: things.record_bakery(name="Corner", session=s),
    "record_bakery_correction": lambda _, s: settings.record_bakery_correction(
        "set up wrong", session=s, currency="EUR" if load_bakery(s).currency == "USD" else "USD"
    ),
    "record_event_change": lambda _, s: edits.record_event_change(
        things.record_event(f"Fair {uuid4()}", session=s)["event_id"], {"archived": True}, session=s
    ),
    "record_item_change": lambda k, s: edits.record_item_change(k.ids["Flour"], {"shelf_life_days": 90}, session=s),
    "record_unit_change": lambda _, s: unit_change.record_unit_change(weighed_item(s), "each", session=s),
    "record_recipient_change": lambda _, s: edits.record_recipient_change(
        things.record_recipient(f"Ada {uuid4()}", session=s)["recipient_id"], {"household": "Lovelace"}, session=s
    ),
    "record_supplier_change": lambda _, s: edits.record_supplier_change(
        things.record_supplier(f"Mill {uuid4()}", session=s)["supplier_id"], {"name": "Old mill"}, session=s
    ),
    "record_event": lambda _, s: things.record_event("Fair", session=s),
    "record_item": lambda _, s: things.record_item("ingredient", "Salt", "g", session=s),
    "record_recipient": lambda _, s: things.record_recipient("Ada", session=s),
    "record_supplier": lambda _, s: things.record_supplier("Watermill", session=s),
    "record_delivery": lambda k, s: delivery.record_delivery(
        [{"item_id": k.ids["Flour"], "quantity": 25, "unit": "kg", "total_cost": 30}],
        session=s,
        supplier_id=things.record_supplier("Windmill", session=s)["supplier_id"],
    ),
    "record_cost_statement": lambda k, s: cost_statement.record_cost_statement(
        [{"lot_id": receipt.record_receipt(k.ids["Flour"], 1, "kg", session=s)["lot_id"], "cost": 2}],
        session=s,
        kind="invoice",
    ),
    "record_order": lambda k, s: order.record_order(
        [{"item_id": k.ids["Box"], "quantity": 60, "price": 12}], session=s, due_on=date(2026, 12, 4)
    ),
    "record_order_change": lambda k, s: change.record_order_change(
        an_order(k, s), {"due_on": date(2026, 12, 5)}, session=s
    ),
    "record_order_cancellation": lambda k, s: change.record_order_cancellation(
        an_order(k, s), "the party is off", session=s
    ),
    "record_purchase_order": lambda k, s: purchase_order.record_purchase_order(
        things.record_supplier("Bag mill", session=s)["supplier_id"],
        [
            {
                "product_id": products.record_product(k.ids["Flour"], "Type 405", 1, "kg", session=s)["product_id"],
                "packs": 10,
            }
        ],
        session=s,
        wanted_on=date(2026, 12, 4),
    ),
    "record_purchase_order_change": lambda k, s: buying_change.record_purchase_order_change(
        a_purchase(k, s), {"wanted_on": date(2026, 12, 5)}, session=s
    ),
    "record_purchase_order_cancellation": lambda k, s: buying_change.record_purchase_order_cancellation(
        a_purchase(k, s), "sold out", session=s
    ),
    "record_plan": accept_plan,
    "record_suggested_purchases": order_suggested,
    "record_hand_over": lambda k, s: hand_over.record_hand_over(order_id=an_order(k, s), session=s),
    "record_par_level": lambda k, s: par_levels.record_par_level(k.ids["Cookie"], 40, session=s, weekday="saturday"),
    "record_standing_order": lambda k, s: standing.record_standing_order(
        [{"item_id": k.ids["Box"], "quantity": 2, "price": 12}], TUESDAYS, session=s, starts_on=TUESDAY
    ),
    "record_standing_order_stop": lambda k, s: standing.record_standing_order_stop(
        a_standing_order(k, s), TUESDAY, session=s
    ),
    "record_standing_order_day": lambda k, s: standing.record_standing_order_day(
        a_standing_order(k, s), TUESDAY, session=s
    ),
    "record_standing_order_days": lambda k, s: standing.record_standing_order_days(
        soon(a_standing_order(k, s)), session=s
    ),
    "record_good_components": lambda k, s: goods.record_good_components(
        k.ids["Box"], [{"item_id": k.ids["Cookie"], "quantity": 4}], session=s
    ),
    "record_hold": lambda k, s: handling.record_hold([a_lot(s)], "smells", session=s),
    "record_release": lambda k, s: handling.record_release(
        [a_lot(s)], "smells fine", session=s, usable_until=date(2100, 1, 1)
    ),
    "record_transfer": lambda k, s: handling.record_transfer(a_lot(s), "Cellar", session=s),
    "record_return": lambda k, s: returns.record_return(
        [{"lot_id": a_lot_of(s, k.ids["Flour"]), "quantity": 1}], session=s, kind="to_supplier"
    ),
    "record_reversal": lambda k, s: reversal.record_reversal(a_run(s), "mistyped", session=s),
    "record_production_correction": lambda k, s: correction.record_production_correction(
        a_run(s), 20, "mistyped", session=s
    ),
    "record_import": lambda _, s: import_service.record_import(EXPORT, session=s),
    "record_name": lambda k, s: names.record_name("AP Flour", k.ids["Flour"], session=s),
    "record_bake_and_pack": lambda k, s: bake_and_pack.record_bake_and_pack(
        k.ids["Cookies"], k.ids["Cookie"], 1, 24, k.ids["Box"], 2, session=s
    ),
    "record_density": lambda k, s: measures.record_density(k.ids["Flour"], 1, "cup", 120, "g", session=s),
    "record_piece_weight": lambda k, s: measures.record_piece_weight(k.ids["Flour"], 12, 600, "g", session=s),
    "record_product": lambda k, s: products.record_product(
        k.ids["Flour"], "Type 550", 25, "kg", session=s, package_type="bag"
    ),
    "record_product_change": lambda k, s: product_change.record_product_change(
        products.record_product(k.ids["Flour"], "Type 812", 25, "kg", session=s)["product_id"],
        {"least_packs": 2, "prices": [{"price": 18}, {"from_packs": 10, "price": 17}]},
        session=s,
    ),
    "record_recipe_page": lambda _, s: recipe_page.record_recipe_page(
        "Shortbread",
        ["500 g flour", "2 tsp vanilla"],
        session=s,
        yields=["24 fingers"],
        choices={"create_missing": True},
    ),
    "record_recipe_batches": lambda k, s: batch_options.record_recipe_batches(
        k.ids["Cookies"], session=s, step="half", largest=3
    ),
    "record_recipe_rate": lambda k, s: rates.record_recipe_rate(k.ids["Cookies"], 12, 3, session=s),
    "record_recall": lambda k, s: recall.record_recall(a_lot(s), session=s),
    "record_receipt": lambda k, s: receipt.record_receipt(k.ids["Flour"], 1, "kg", session=s),
    "record_recipe": lambda k, s: recipes.record_recipe(
        "Bread", [{"item_id": k.ids["Flour"], "quantity": 500, "unit": "g"}], session=s
    ),
    "record_recipe_makes": lambda k, s: recipe_makes.record_recipe_makes(
        k.ids["Cookies"], [{"finished_unit_id": k.ids["Cookie"], "quantity": 30}], session=s
    ),
    "record_recipe_yield": lambda k, s: recipes.record_recipe_yield(k.ids["Cookies"], k.ids["Cookie"], 30, session=s),
    "record_seal": lambda _, s: seal.record_seal(session=s),
    "record_stocktake": lambda k, s: stocktake.record_stocktake([{"lot_id": a_lot(s), "percent_left": 50}], session=s),
}
"""One successful call of each writer, in a simple bakery that has a batch of cookies."""


def made(owner: "TestClient", path: str, **body: Any) -> dict[str, Any]:
    answer = owner.post(f"/api/v1{path}", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def requests_of(kitchen: Kitchen, web: "Web", owner: "TestClient") -> dict[str, Sent]:
    """One request for each writer, in a simple bakery; its prerequisites are made first."""
    ids = kitchen.ids
    flour, recipe, unit, box = (ids[name] for name in ("Flour", "Cookies", "Cookie", "Box"))
    baking = {"recipe_id": recipe, "finished_unit_id": unit, "num_batches": 1, "actual_yield": 24}
    baked = [made(owner, "/productions", **baking) for _ in range(3)]  # boxes are packed from the first
    bags = [made(owner, "/receipts", item_id=flour, quantity=5, unit="kg", total_cost="6.10") for _ in range(4)]
    lots = [bag["lot_id"] for bag in bags]
    made(owner, "/holds", lot_ids=[lots[1]], reason="smells")
    supplier_id = made(owner, "/suppliers", name="Windmill")["supplier_id"]
    event = made(owner, "/events", name="Spring fair")["event_id"]
    customer = made(owner, "/recipients", name="Eve")["recipient_id"]
    olga = web.signed_in(Role.OWNER)
    eve = made(olga, "/users", name="Ada", password=PASSWORD, role="viewer")["user_id"]
    token = made(olga, f"/users/{eve}/api-tokens", name="Till", role="viewer")["api_token_id"]
    egg = made(owner, "/items", kind="ingredient", name="Egg", base_unit="g")["item_id"]
    made(owner, f"/items/{egg}/piece-weights", pieces=1, weight=50, weight_unit="g")
    made(owner, "/receipts", item_id=egg, quantity=500, unit="g", total_cost="3")
    wanted = {"due_on": "2026-12-04", "lines": [{"item_id": unit, "quantity": 2, "price": "1.20"}]}
    orders = [made(owner, "/orders", **wanted)["order_id"] for _ in range(3)]
    repeated = {"starts_on": "2026-12-01", "rule": TUESDAYS, "lines": wanted["lines"]}
    often = [made(owner, "/standing-orders", **repeated)["standing_order_id"] for _ in range(2)]
    line = {"item_id": flour, "quantity": "25", "unit": "kg", "total_cost": "31.50"}
    said = {"item_id": flour, "quantity": 1, "unit": "g"}
    sack = {"item_id": flour, "name": "Type 812", "package_quantity": 25, "package_unit": "kg"}
    sack_id = made(owner, "/products", **sack)["product_id"]
    bought = {"supplier_id": supplier_id, "wanted_on": "2099-12-04", "lines": [{"product_id": sack_id, "packs": 2}]}
    run_in_transaction(lambda s: order_too_many(kitchen, s))
    sent = [made(owner, "/purchase-orders", **bought)["purchase_order_id"] for _ in range(2)]
    page = {"name": "Shortbread", "lines": ["500 g flour", "2 tsp vanilla"], "yields": ["24 fingers"]}
    planned = owner.get("/api/v1/plan").json()  # accepted before anything else changes
    return {
        "record_plan": ("POST", "/plans", {name: planned[name] for name in ("inputs", "since", "until")}),
        "record_user": ("POST", "/users", {"name": "Eve", "password": PASSWORD, "role": "baker"}),
        "record_user_change": ("PATCH", f"/users/{eve}", {"role": "baker"}),
        "record_password": ("PUT", f"/users/{eve}/password", {"password": "another loaf of rye"}),
        "record_api_token": ("POST", f"/users/{eve}/api-tokens", {"name": "Shop", "role": "baker"}),
        "record_api_token_revocation": ("DELETE", f"/api-tokens/{token}", None),
        "record_adjustment": (
            "POST",
            "/adjustments",
            {"kind": "waste", "lines": [{"item_id": flour, "quantity": "0.5", "unit": "kg"}]},
        ),
        "record_allergens": ("PUT", f"/items/{flour}/allergens", {"contains": ["wheat"]}),
        "record_assembly": ("POST", "/assemblies", {"finished_good_id": box, "quantity": 1}),
        "record_bake_and_pack": (
            "POST",
            "/bake-and-packs",
            {**baking, "finished_good_id": box, "quantity": 2},
        ),
        "record_batch_production": ("POST", "/productions", baking),
        "record_bakery": ("PATCH", "/bakery", {"name": "Corner"}),
        "record_bakery_correction": ("POST", "/bakery/corrections", {"currency": "EUR", "reason": "set up wrong"}),
        "record_event_change": ("PATCH", f"/events/{event}", {"archived": True}),
        "record_item_change": ("PATCH", f"/items/{flour}", {"shelf_life_days": 90}),
        "record_unit_change": ("POST", f"/items/{egg}/unit-changes", {"base_unit": "each"}),
        "record_recipient_change": ("PATCH", f"/recipients/{customer}", {"household": "Lovelace"}),
        "record_supplier_change": ("PATCH", f"/suppliers/{supplier_id}", {"name": "Old mill"}),
        "record_event": ("POST", "/events", {"name": "Fair", "happens_on": "2026-12-05"}),
        "record_item": ("POST", "/items", {"kind": "ingredient", "name": "Salt", "base_unit": "g"}),
        "record_recipient": ("POST", "/recipients", {"name": "Ada"}),
        "record_supplier": ("POST", "/suppliers", {"name": "Watermill"}),
        "record_production_correction": (
            "POST",
            "/production-corrections",
            {"corrected_operation_id": baked[1]["operation_id"], "actual_yield": 20, "reason": "mistyped"},
        ),
        "record_delivery": ("POST", "/deliveries", {"supplier_id": supplier_id, "lines": [line]}),
        "record_cost_statement": (
            "POST",
            "/cost-statements",
            {"kind": "invoice", "document": "4711", "lines": [{"lot_id": lots[0], "cost": "7.20"}]},
        ),
        "record_order": ("POST", "/orders", {**wanted, "recipient_id": customer, "reference": "A-17"}),
        "record_order_change": ("PATCH", f"/orders/{orders[0]}", {"due_time": "14:30"}),
        "record_order_cancellation": ("POST", f"/orders/{orders[1]}/cancellations", {"reason": "the party is off"}),
        "record_purchase_order": ("POST", "/purchase-orders", bought),
        "record_suggested_purchases": ("POST", "/plan/purchases", {}),
        "record_purchase_order_change": ("PATCH", f"/purchase-orders/{sent[0]}", {"wanted_on": "2026-12-05"}),
        "record_purchase_order_cancellation": (
            "POST",
            f"/purchase-orders/{sent[1]}/cancellations",
            {"reason": "sold out"},
        ),
        "record_hand_over": ("POST", "/hand-overs", {"order_id": orders[2]}),
        "record_recipe_batches": ("PUT", f"/recipes/{recipe}/batches", {"step": "half", "largest": 3}),
        "record_par_level": ("PUT", "/par-levels", {"item_id": unit, "quantity": 40, "weekday": "saturday"}),
        "record_standing_order": ("POST", "/standing-orders", repeated),
        "record_standing_order_day": ("POST", f"/standing-orders/{often[0]}/days", {"day": "2026-12-01"}),
        "record_standing_order_days": ("POST", "/standing-orders/days", {"until": soon(0).isoformat()}),
        "record_standing_order_stop": ("POST", f"/standing-orders/{often[1]}/stops", {"since": "2026-12-01"}),
        "record_good_components": (
            "PUT",
            f"/goods/{box}/components",
            {"components": [{"item_id": unit, "quantity": 4}]},
        ),
        "record_hold": ("POST", "/holds", {"lot_ids": [lots[0]], "reason": "smells"}),
        "record_release": ("POST", "/releases", {"lot_ids": [lots[1]], "reason": "smells fine"}),
        "record_transfer": (
            "POST",
            "/transfers",
            {"lot_id": lots[2], "to_location": "Cellar", "quantity": 2, "unit": "kg"},
        ),
        "record_import": ("POST", "/imports", {"document": EXPORT}),
        "record_label_filed": (
            "POST",
            "/filed-labels",
            {"item_id": unit, "ingredients": "flour (wheat), sugar", "contains": ["wheat"]},
        ),
        "record_density": (
            "POST",
            f"/items/{flour}/densities",
            {"volume": 1, "volume_unit": "cup", "weight": 120, "weight_unit": "g"},
        ),
        "record_piece_weight": (
            "POST",
            f"/items/{flour}/piece-weights",
            {"pieces": 12, "weight": 600, "weight_unit": "g"},
        ),
        "record_name": ("POST", "/names", {"name": "AP Flour", "item_id": flour}),
        "record_recipe_page": (
            "POST",
            "/recipe-pages",
            {**page, "choices": {"create_missing": True, "said": {"2": said}}},
        ),
        "record_product": (
            "POST",
            "/products",
            {"item_id": flour, "name": "Type 550", "package_quantity": 25, "package_unit": "kg", "package_type": "bag"},
        ),
        "record_product_change": (
            "PATCH",
            f"/products/{sack_id}",
            {"supplier_id": supplier_id, "least_packs": 2, "order_days": ["friday"], "prices": [{"price": "18.50"}]},
        ),
        "record_recipe_rate": ("PUT", f"/recipes/{recipe}/rate", {"labour": 12, "overhead": "3.50"}),
        "record_recall": ("POST", "/recalls", {"lot_id": lots[3]}),
        "record_receipt": ("POST", "/receipts", line),
        "record_recipe": (
            "POST",
            "/recipes",
            {"name": "Bread", "lines": [{"item_id": flour, "quantity": 500, "unit": "g"}]},
        ),
        "record_recipe_makes": (
            "PUT",
            f"/recipes/{recipe}/makes",
            {"makes": [{"finished_unit_id": unit, "quantity": 30}]},
        ),
        "record_recipe_yield": ("PUT", f"/recipes/{recipe}/makes/{unit}", {"quantity": 30}),
        "record_reversal": (
            "POST",
            "/reversals",
            {"reversed_operation_id": baked[2]["operation_id"], "reason": "mistyped"},
        ),
        "record_return": (
            "POST",
            "/returns",
            {"kind": "to_supplier", "lines": [{"lot_id": lots[0], "quantity": 1, "unit": "kg", "credit": "1.20"}]},
        ),
        "record_seal": ("POST", "/seals", None),
        "record_stocktake": (
            "POST",
            "/stocktakes",
            {"lines": [{"lot_id": lots[2], "percent_left": 50}], "moved": "after"},
        ),
    }


WRITERS: dict[str, Writer] = {
    name: function for name, function in sorted(functions().items()) if name.startswith("record_")
}
"""The function of every kind of operation that writes, from the registry."""


def record_everything(kitchen: Kitchen) -> None:
    """Record one operation of every kind, including nested ones."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    # Correct a run before anything is packed from it.
    for writer, call in sorted(CALLS.items(), key=lambda one: (one[0] != "record_production_correction", one[0])):
        if writer != "record_reversal":
            run_in_transaction(lambda session, call=call: call(kitchen, session))
    receipt = kitchen.receive("Sugar", 1, "kg")
    run_in_transaction(lambda s: reversal.record_reversal(receipt["operation_id"], "mistyped", session=s))


def assert_registered(writers: Mapping[str, Writer]) -> None:
    missing = sorted(writers.keys() - CALLS.keys())
    assert not missing, f"no call of {', '.join(missing)}: add one to CALLS in tests/support/writers.py"
