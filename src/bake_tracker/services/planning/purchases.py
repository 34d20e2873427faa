"""Order what the plan suggests to buy."""

from collections import defaultdict
from datetime import date
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import ConflictError
from bake_tracker.queries.bakery import lock_bakery
from bake_tracker.queries.planning.week import ToBuy, load_plan
from bake_tracker.services.buying.purchase_order import PurchaseOrderResult, record_purchase_order
from bake_tracker.services.operation import Kind, recording

RECORD = Kind(
    "record_suggested_purchases",
    "purchase_service",
    "Ordered what the plan suggests",
    success_fields=("order_by", "purchase_order_ids"),
)


class SuggestedPurchasesResult(TypedDict):
    """The purchase orders that were recorded together, one for each supplier and day of arrival."""

    operation_id: str
    order_by: str
    purchase_order_ids: list[int]
    purchase_orders: list[PurchaseOrderResult]


def record_suggested_purchases(
    *,
    session: Session,
    since: date | None = None,
    until: date | None = None,
    order_by: date | None = None,
    operation_id: UUID | str | None = None,
) -> SuggestedPurchasesResult:
    """Order from suppliers what the plan of these days suggests to order until ``order_by``, or until today.

    ``since`` and ``until`` are the days of the plan, as for the plan itself. Goods without a supplier are left out.
    Each purchase order is an operation inside this one; undo takes all of them back.

    Raises:
        ValidationError: a day is not allowed.
        ConflictError: nothing is to be ordered until then, or ``operation_id`` was used for something else.
    """
    with recording(RECORD, session, locals()) as operation:
        given = Arguments()
        asked = {
            name: given.day(name, value) for name, value in (("since", since), ("until", until), ("order_by", order_by))
        }
        given.done()
        if done := operation.claim(asked):
            return cast(SuggestedPurchasesResult, done)

        # Of two people who order at once, the second sees what the first ordered.
        house = lock_bakery(session)
        by = asked["order_by"] or house.local_day(operation.now)
        plan = load_plan(session, operation.now, asked["since"], asked["until"])
        groups = by_supplier_and_day(plan["buy"], by)
        if not groups:
            raise ConflictError(
                f"the plan suggests nothing to order from a supplier until {by}", order_by=by.isoformat()
            )
        orders = [
            record_purchase_order(supplier_id, lines, session=session, wanted_on=date.fromisoformat(arrives_on))
            for (supplier_id, arrives_on), lines in sorted(groups.items())
        ]
        return operation.succeed(
            SuggestedPurchasesResult(
                operation_id=operation.id,
                order_by=by.isoformat(),
                purchase_order_ids=[one["purchase_order_id"] for one in orders],
                purchase_orders=orders,
            )
        )


def by_supplier_and_day(suggested: list[ToBuy], by: date) -> dict[tuple[int, str], list[dict[str, Any]]]:
    """The lines of purchase orders for what is to be ordered until a day; a product has one line in each."""
    packs: defaultdict[tuple[int, str], defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for one in suggested:
        if one["supplier_id"] is not None and one["order_on"] <= by.isoformat():
            for pack in one["packs"]:
                packs[one["supplier_id"], one["arrives_on"]][pack["product_id"]] += pack["count"]
    return {
        key: [{"product_id": product_id, "packs": count} for product_id, count in of_order.items()]
        for key, of_order in packs.items()
        if of_order
    }
