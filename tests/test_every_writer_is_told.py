"""Every public writer is found, called once, and ends in exactly one outcome line of its own name."""

import importlib
import inspect
import pkgutil
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from kitchen import Kitchen
from sqlalchemy import text
from sqlalchemy.orm import Session

from bake_tracker import services
from bake_tracker.domain.errors import ValidationError
from bake_tracker.services import (
    access_service,
    adjustment_service,
    allergen_service,
    assembly_service,
    bake_and_pack_service,
    batch_production_service,
    catalog_service,
    correction_service,
    delivery_service,
    goods_service,
    handling_service,
    import_service,
    label_service,
    measure_service,
    names_service,
    page_import_service,
    product_service,
    rate_service,
    recall_service,
    receiving_service,
    recipe_service,
    reversal_service,
    seal_service,
    stocktake_service,
)
from bake_tracker.services.database import run_in_transaction, session_scope
from bake_tracker.services.operations import Kind
from bake_tracker.testing import OperationLog

pytest_plugins = ["bake_tracker.testing"]

Writer = Callable[..., Mapping[str, Any]]


def writers_of(module: ModuleType) -> dict[str, Writer]:
    """The public ``record_*`` functions that a module defines."""
    return {
        f"{module.__name__.rpartition('.')[2]}.{name}": function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("record_") and function.__module__ == module.__name__
    }


def all_writers() -> dict[str, Writer]:
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(services.__path__, "bake_tracker.services.")
    ]
    return {name: function for module in modules for name, function in writers_of(module).items()}


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
    return access_service.record_user(name, SECRET, "owner", session=session)["user_id"]


def a_token(session: Session) -> int:
    return access_service.record_api_token(a_user(session), "Till", "baker", SECRET + str(uuid4()), session=session)[
        "api_token_id"
    ]


SECRET = "a planted secret that must be nowhere: " + "x" * 9

CALLS: dict[str, Callable[[Kitchen, Session], Any]] = {
    "access_service.record_user": lambda _, s: access_service.record_user("Eve", SECRET, "baker", session=s),
    "access_service.record_user_change": lambda _, s: access_service.record_user_change(
        a_user(s), role="owner", session=s
    ),
    "access_service.record_password": lambda _, s: access_service.record_password(a_user(s), SECRET, session=s),
    "access_service.record_api_token": lambda _, s: access_service.record_api_token(
        a_user(s), "Till", "viewer", SECRET + str(uuid4()), session=s
    ),
    "access_service.record_api_token_revocation": lambda _, s: access_service.record_api_token_revocation(
        a_token(s), session=s
    ),
    "adjustment_service.record_adjustment": lambda k, s: adjustment_service.record_adjustment(
        "waste", [{"item_id": k.ids["Flour"], "quantity": 1}], session=s
    ),
    "allergen_service.record_allergens": lambda k, s: allergen_service.record_allergens(
        k.ids["Flour"], ["wheat"], session=s
    ),
    "label_service.record_label_filed": lambda k, s: label_service.record_label_filed(
        k.ids["Cookie"], "flour (wheat), sugar", ["wheat"], session=s
    ),
    "assembly_service.record_assembly": lambda k, s: assembly_service.record_assembly(k.ids["Box"], 1, session=s),
    "batch_production_service.record_batch_production": lambda k, s: batch_production_service.record_batch_production(
        k.ids["Cookies"], k.ids["Cookie"], 1, 24, session=s
    ),
    "catalog_service.record_bakery": lambda _, s: catalog_service.record_bakery(name="Corner", session=s),
    "catalog_service.record_event": lambda _, s: catalog_service.record_event("Fair", session=s),
    "catalog_service.record_item": lambda _, s: catalog_service.record_item("ingredient", "Salt", "g", session=s),
    "catalog_service.record_recipient": lambda _, s: catalog_service.record_recipient("Ada", session=s),
    "catalog_service.record_supplier": lambda _, s: catalog_service.record_supplier("Watermill", session=s),
    "delivery_service.record_delivery": lambda k, s: delivery_service.record_delivery(
        [{"item_id": k.ids["Flour"], "quantity": 25, "unit": "kg", "total_cost": 30}],
        session=s,
        supplier_id=catalog_service.record_supplier("Windmill", session=s)["supplier_id"],
    ),
    "goods_service.record_good_components": lambda k, s: goods_service.record_good_components(
        k.ids["Box"], [{"item_id": k.ids["Cookie"], "quantity": 4}], session=s
    ),
    "handling_service.record_hold": lambda k, s: handling_service.record_hold([a_lot(s)], "smells", session=s),
    "handling_service.record_release": lambda k, s: handling_service.record_release(
        [a_lot(s)], "smells fine", session=s, usable_until=date(2100, 1, 1)
    ),
    "handling_service.record_transfer": lambda k, s: handling_service.record_transfer(a_lot(s), "Cellar", session=s),
    "reversal_service.record_reversal": lambda k, s: reversal_service.record_reversal(a_run(s), "mistyped", session=s),
    "correction_service.record_production_correction": lambda k, s: correction_service.record_production_correction(
        a_run(s), 20, "mistyped", session=s
    ),
    "import_service.record_import": lambda _, s: import_service.record_import(EXPORT, session=s),
    "names_service.record_name": lambda k, s: names_service.record_name("AP Flour", k.ids["Flour"], session=s),
    "bake_and_pack_service.record_bake_and_pack": lambda k, s: bake_and_pack_service.record_bake_and_pack(
        k.ids["Cookies"], k.ids["Cookie"], 1, 24, k.ids["Box"], 2, session=s
    ),
    "measure_service.record_density": lambda k, s: measure_service.record_density(
        k.ids["Flour"], 1, "cup", 120, "g", session=s
    ),
    "measure_service.record_piece_weight": lambda k, s: measure_service.record_piece_weight(
        k.ids["Flour"], 12, 600, "g", session=s
    ),
    "product_service.record_product": lambda k, s: product_service.record_product(
        k.ids["Flour"], "Type 550", 25, "kg", session=s, package_type="bag"
    ),
    "page_import_service.record_recipe_page": lambda _, s: page_import_service.record_recipe_page(
        "Shortbread",
        ["500 g flour", "2 tsp vanilla"],
        session=s,
        yields=["24 fingers"],
        choices={"create_missing": True},
    ),
    "rate_service.record_recipe_rate": lambda k, s: rate_service.record_recipe_rate(k.ids["Cookies"], 12, 3, session=s),
    "recall_service.record_recall": lambda k, s: recall_service.record_recall(a_lot(s), session=s),
    "receiving_service.record_receipt": lambda k, s: receiving_service.record_receipt(
        k.ids["Flour"], 1, "kg", session=s
    ),
    "recipe_service.record_recipe": lambda k, s: recipe_service.record_recipe(
        "Bread", [{"item_id": k.ids["Flour"], "quantity": 500, "unit": "g"}], session=s
    ),
    "recipe_service.record_recipe_yield": lambda k, s: recipe_service.record_recipe_yield(
        k.ids["Cookies"], k.ids["Cookie"], 30, session=s
    ),
    "seal_service.record_seal": lambda _, s: seal_service.record_seal(session=s),
    "stocktake_service.record_stocktake": lambda k, s: stocktake_service.record_stocktake(
        [{"lot_id": a_lot(s), "percent_left": 50}], session=s
    ),
}
"""One successful call of each writer, in a simple bakery that has a batch of cookies."""

WRITERS = all_writers()


def outcomes_of(log: pytest.LogCaptureFixture, name: str) -> list[dict[str, Any]]:
    lines = [record.__dict__ for record in log.records if record.name.startswith("bake_tracker.services")]
    return [line for line in lines if line["operation"] == name and line["outcome"] != "started"]


def assert_told_once(log: pytest.LogCaptureFixture, qualified_name: str) -> dict[str, Any]:
    """Fail unless the writer's call ended in one success line of its own name."""
    name = qualified_name.rpartition(".")[2]
    outcomes = outcomes_of(log, name)
    assert [line["outcome"] for line in outcomes] == ["success"], (
        f"{qualified_name} must end in exactly one outcome line: run its body inside `recording`"
    )
    return outcomes[0]


def assert_registered(writers: Mapping[str, Writer]) -> None:
    missing = sorted(writers.keys() - CALLS.keys())
    assert not missing, f"no call of {', '.join(missing)}: add one to CALLS in {__name__}.py, so that its line is seen"


def test_every_writer_has_a_call_here() -> None:
    """A new ``record_*`` without a registered call fails; so does a call of a writer that is gone."""
    assert_registered(WRITERS)
    assert CALLS.keys() - WRITERS.keys() == set()


@pytest.mark.parametrize("writer", sorted(WRITERS))
def test_a_writer_ends_in_one_outcome_line(kitchen: Kitchen, log: pytest.LogCaptureFixture, writer: str) -> None:
    """One success line of its own name, with every field its kind promises, and one row."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    log.clear()
    result = run_in_transaction(lambda session: CALLS[writer](kitchen, session))
    line = assert_told_once(log, writer)
    assert line["operation_id"] == result["operation_id"]
    name = writer.rpartition(".")[2]
    assert kitchen.rows("SELECT name FROM operation WHERE id = :id", id=result["operation_id"]) == [(name,)]
    kind = next(kind for kind in kinds_of(WRITERS[writer]) if kind.name == name)
    assert {f"ctx_{field}" if field == "name" else field for field in kind.success_fields} <= set(line["bake_fields"])


def kinds_of(writer: Writer) -> list[Kind]:
    return [value for value in vars(inspect.getmodule(writer)).values() if isinstance(value, Kind)]


@pytest.mark.parametrize("writer", sorted(WRITERS))
def test_a_writer_that_is_undone_ends_in_one_outcome_line(
    kitchen: Kitchen, operation_log: OperationLog, writer: str
) -> None:
    """It had succeeded when its caller failed: it and what was made inside it are told once each, as rolled back."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    operation_log.clear()
    with pytest.raises(ZeroDivisionError), session_scope() as session:
        CALLS[writer](kitchen, session)
        raise ZeroDivisionError
    assert operation_log.outcomes(writer.rpartition(".")[2]) == ["rolled_back"]
    assert {line.outcome for line in operation_log.ends} == {"rolled_back"}
    operation_log.assert_one_outcome_each()


@pytest.mark.parametrize("writer", sorted(WRITERS))
def test_a_writer_that_refuses_ends_in_one_outcome_line(
    kitchen: Kitchen, operation_log: OperationLog, writer: str
) -> None:
    """Arguments that cannot be meant are refused as such, and told once, as a refusal and not as an error."""
    wrong = {
        name: object()
        for name, parameter in inspect.signature(WRITERS[writer]).parameters.items()
        if parameter.default is inspect.Parameter.empty and name != "session"
    }
    wrong["operation_id"] = "no UUID"
    with pytest.raises(ValidationError), session_scope() as session:
        WRITERS[writer](session=session, **wrong)
    assert operation_log.outcomes(writer.rpartition(".")[2]) == ["validation_failed"]
    operation_log.assert_one_outcome_each()


def test_every_writer_is_held_to_the_one_door_to_the_ledger() -> None:
    """The import contract names each module that has a writer."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
    contracts = {contract["name"]: contract for contract in project["tool"]["importlinter"]["contracts"]}
    held = set(contracts["Only stock_ledger writes movements"]["source_modules"])
    assert {function.__module__ for function in WRITERS.values()} - held == set()


@pytest.mark.parametrize("writer", sorted(WRITERS))
def test_a_writer_takes_the_callers_session_and_operation_id(writer: str) -> None:
    """Both keyword-only; the session is required and the id may be left out."""
    parameters = inspect.signature(WRITERS[writer]).parameters
    assert parameters["session"].kind is parameters["operation_id"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["session"].default is inspect.Parameter.empty
    assert parameters["operation_id"].default is None


def forgetful_module() -> ModuleType:
    """A service whose writer is not registered, and does not run inside ``recording``."""
    module = ModuleType("bake_tracker.services.forgetful_service")

    def record_gift(*, session: Session) -> dict[str, Any]:
        return {"operation_id": "none"}

    record_gift.__module__ = module.__name__
    vars(module)["record_gift"] = record_gift
    return module


def test_a_writer_without_a_call_is_found() -> None:
    """The message says what to do."""
    with pytest.raises(AssertionError, match=r"no call of forgetful_service\.record_gift: add one to CALLS"):
        assert_registered({**WRITERS, **writers_of(forgetful_module())})


def test_a_writer_that_bypasses_recording_is_found(log: pytest.LogCaptureFixture, kitchen: Kitchen) -> None:
    """It leaves no outcome line, and the message says what to do."""
    writers = writers_of(forgetful_module())
    assert list(writers) == ["forgetful_service.record_gift"]
    run_in_transaction(lambda session: writers["forgetful_service.record_gift"](session=session))
    with pytest.raises(AssertionError, match=r"record_gift must end in exactly one outcome line"):
        assert_told_once(log, "forgetful_service.record_gift")
