"""Every public writer, and one successful call of each."""

import inspect
from collections.abc import Callable, Mapping
from datetime import date
from types import ModuleType
from typing import Any
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from bake_tracker.services import assembly_service, batch_production_service, reversal, seal
from bake_tracker.services.access import accounts
from bake_tracker.services.catalog import allergens, goods, labels, measures, names, products, rates, recipes, things
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.importing import recipe_page
from bake_tracker.services.importing import tables as import_service
from bake_tracker.services.kinds import functions
from bake_tracker.services.production import bake_and_pack, correction
from bake_tracker.services.stock import adjustment, delivery, handling, recall, receipt, stocktake
from support.kitchen import Kitchen

Writer = Callable[..., Mapping[str, Any]]


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


def a_run(session: Session) -> str:
    return str(session.execute(text("SELECT operation_id FROM production_run")).scalars().first())


def a_user(session: Session) -> int:
    name = f"Ada {uuid4()}"  # another each time: every writer may be called in one bakery
    return accounts.record_user(name, SECRET, "owner", session=session)["user_id"]


def a_token(session: Session) -> int:
    return accounts.record_api_token(a_user(session), "Till", "baker", SECRET + str(uuid4()), session=session)[
        "api_token_id"
    ]


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
    "record_event": lambda _, s: things.record_event("Fair", session=s),
    "record_item": lambda _, s: things.record_item("ingredient", "Salt", "g", session=s),
    "record_recipient": lambda _, s: things.record_recipient("Ada", session=s),
    "record_supplier": lambda _, s: things.record_supplier("Watermill", session=s),
    "record_delivery": lambda k, s: delivery.record_delivery(
        [{"item_id": k.ids["Flour"], "quantity": 25, "unit": "kg", "total_cost": 30}],
        session=s,
        supplier_id=things.record_supplier("Windmill", session=s)["supplier_id"],
    ),
    "record_good_components": lambda k, s: goods.record_good_components(
        k.ids["Box"], [{"item_id": k.ids["Cookie"], "quantity": 4}], session=s
    ),
    "record_hold": lambda k, s: handling.record_hold([a_lot(s)], "smells", session=s),
    "record_release": lambda k, s: handling.record_release(
        [a_lot(s)], "smells fine", session=s, usable_until=date(2100, 1, 1)
    ),
    "record_transfer": lambda k, s: handling.record_transfer(a_lot(s), "Cellar", session=s),
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
    "record_recipe_page": lambda _, s: recipe_page.record_recipe_page(
        "Shortbread",
        ["500 g flour", "2 tsp vanilla"],
        session=s,
        yields=["24 fingers"],
        choices={"create_missing": True},
    ),
    "record_recipe_rate": lambda k, s: rates.record_recipe_rate(k.ids["Cookies"], 12, 3, session=s),
    "record_recall": lambda k, s: recall.record_recall(a_lot(s), session=s),
    "record_receipt": lambda k, s: receipt.record_receipt(k.ids["Flour"], 1, "kg", session=s),
    "record_recipe": lambda k, s: recipes.record_recipe(
        "Bread", [{"item_id": k.ids["Flour"], "quantity": 500, "unit": "g"}], session=s
    ),
    "record_recipe_yield": lambda k, s: recipes.record_recipe_yield(k.ids["Cookies"], k.ids["Cookie"], 30, session=s),
    "record_seal": lambda _, s: seal.record_seal(session=s),
    "record_stocktake": lambda k, s: stocktake.record_stocktake([{"lot_id": a_lot(s), "percent_left": 50}], session=s),
}
"""One successful call of each writer, in a simple bakery that has a batch of cookies."""


WRITERS: dict[str, Writer] = {
    name: function for name, function in sorted(functions().items()) if name.startswith("record_")
}
"""The function of every kind of operation that writes, from the registry."""


def record_everything(kitchen: Kitchen) -> None:
    """One operation of every kind, one inside another among them."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    # A run is corrected before anything is packed of it.
    for writer, call in sorted(CALLS.items(), key=lambda one: (one[0] != "record_production_correction", one[0])):
        if writer != "record_reversal":
            run_in_transaction(lambda session, call=call: call(kitchen, session))
    receipt = kitchen.receive("Sugar", 1, "kg")
    run_in_transaction(lambda s: reversal.record_reversal(receipt["operation_id"], "mistyped", session=s))


def assert_registered(writers: Mapping[str, Writer]) -> None:
    missing = sorted(writers.keys() - CALLS.keys())
    assert not missing, f"no call of {', '.join(missing)}: add one to CALLS in tests/support/writers.py"
