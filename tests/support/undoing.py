"""Helpers for undoing, holding and moving."""

from datetime import date
from typing import Any

from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.production.bake_and_pack import record_bake_and_pack
from bake_tracker.services.reversal import record_reversal
from bake_tracker.services.stock.handling import record_hold, record_release, record_transfer
from support.kitchen import Kitchen

SHELF = (
    "SELECT code, remaining_micros, remaining_cost_micros, on_hold, usable_until, location, expires_on "
    "FROM lot WHERE remaining_micros > 0 ORDER BY id"
)


def shelf(kitchen: Kitchen) -> list[Any]:
    return [tuple(row) for row in kitchen.rows(SHELF)]


def reverse(operation: Any, reason: str = "mistyped", **more: Any) -> dict[str, Any]:
    key = operation if isinstance(operation, str) else operation["operation_id"]
    return dict(run_in_transaction(lambda s: record_reversal(key, reason, session=s, **more)))


def lot_id(kitchen: Kitchen, beginning: str) -> int:
    return int(kitchen.rows("SELECT id FROM lot WHERE code LIKE :code ORDER BY id", code=f"{beginning}%")[0][0])


def bake_and_pack(kitchen: Kitchen) -> dict[str, Any]:
    ids = kitchen.ids
    return dict(
        run_in_transaction(
            lambda s: record_bake_and_pack(ids["Cookies"], ids["Cookie"], 1, 24, ids["Box"], 4, session=s)
        )
    )


def drift() -> list[Any]:
    with read_scope() as session:
        return verify_ledger(session)["drift"]


def hold(kitchen: Kitchen, beginning: str) -> dict[str, Any]:
    return dict(run_in_transaction(lambda s: record_hold([lot_id(kitchen, beginning)], "smells", session=s)))


def release(kitchen: Kitchen, beginning: str, until: date | None = None) -> dict[str, Any]:
    key = lot_id(kitchen, beginning)
    return dict(run_in_transaction(lambda s: record_release([key], "fine", session=s, usable_until=until)))


def move(kitchen: Kitchen, beginning: str, place: str | None, quantity: int | None = None) -> dict[str, Any]:
    key = lot_id(kitchen, beginning)
    return dict(run_in_transaction(lambda s: record_transfer(key, place, session=s, quantity=quantity)))
