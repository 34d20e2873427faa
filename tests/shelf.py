"""Short words for tests of the shelf: waste, counts and deliveries, each one transaction, and lots by code."""

from collections.abc import Mapping, Sequence
from typing import Any

from kitchen import Kitchen

from bake_tracker.queries.verification import verify_ledger
from bake_tracker.services import catalog_service
from bake_tracker.services.adjustment_service import record_adjustment
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.delivery_service import record_delivery
from bake_tracker.services.reversal_service import record_reversal
from bake_tracker.services.stocktake_service import check_stocktake, record_stocktake

Lines = Sequence[Mapping[str, Any]]


class Shelf:
    """What is done to the shelf of a kitchen."""

    def __init__(self, kitchen: Kitchen) -> None:
        self.kitchen = kitchen

    def adjust(self, kind: str, *lines: Mapping[str, Any], **more: Any) -> Any:
        return run_in_transaction(lambda s: record_adjustment(kind, list(lines), session=s, **more))

    def count(self, *lines: Mapping[str, Any], **more: Any) -> Any:
        return run_in_transaction(lambda s: record_stocktake(list(lines), session=s, **more))

    def look(self, *lines: Mapping[str, Any], **more: Any) -> Any:
        with read_scope() as session:
            return check_stocktake(list(lines), session=session, **more)

    def deliver(self, *lines: Mapping[str, Any], **more: Any) -> Any:
        return run_in_transaction(lambda s: record_delivery(list(lines), session=s, **more))

    def reverse(self, result: Mapping[str, Any], **more: Any) -> Any:
        return run_in_transaction(lambda s: record_reversal(result["operation_id"], "mistyped", session=s, **more))

    def recipient(self, name: str) -> int:
        return run_in_transaction(lambda s: catalog_service.record_recipient(name, session=s))["recipient_id"]

    def supplier(self, name: str) -> int:
        return run_in_transaction(lambda s: catalog_service.record_supplier(name, session=s))["supplier_id"]

    def lot(self, code: str) -> Any:
        """What is in the first lot whose code begins so: its id, and what is left and what that costs in millionths."""
        return self.kitchen.rows(
            "SELECT id, code, remaining_micros, remaining_cost_micros FROM lot WHERE code LIKE :code ORDER BY id",
            code=f"{code}%",
        )[0]

    def everything(self) -> list[Any]:
        """Every lot with what it holds and what that costs."""
        return self.kitchen.rows("SELECT id, remaining_micros, remaining_cost_micros FROM lot ORDER BY id")


def drift() -> list[Any]:
    """What ``verify`` finds."""
    with read_scope() as session:
        return verify_ledger(session)["drift"]
