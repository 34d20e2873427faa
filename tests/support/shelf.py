"""Helpers for tests of the shelf: waste, counts, deliveries and orders, one transaction each, and lots by code."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any

from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.services.buying.change import record_purchase_order_cancellation, record_purchase_order_change
from bake_tracker.services.buying.purchase_order import record_purchase_order
from bake_tracker.services.catalog import things
from bake_tracker.services.catalog.allergens import record_allergens
from bake_tracker.services.catalog.product_change import record_product_change
from bake_tracker.services.catalog.products import record_product
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.orders.change import record_order_cancellation, record_order_change
from bake_tracker.services.orders.hand_over import record_hand_over
from bake_tracker.services.orders.order import record_order
from bake_tracker.services.reversal import record_reversal
from bake_tracker.services.stock.adjustment import record_adjustment
from bake_tracker.services.stock.delivery import record_delivery
from bake_tracker.services.stock.stocktake import check_stocktake, record_stocktake
from support.kitchen import Kitchen
from support.undoing import lot_id, move, reverse

Lines = Sequence[Mapping[str, Any]]
FRIDAY = date(2026, 12, 4)


class Shelf:
    """Adjust, count and deliver in a kitchen."""

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
        return run_in_transaction(lambda s: things.record_recipient(name, session=s))["recipient_id"]

    def supplier(self, name: str) -> int:
        return run_in_transaction(lambda s: things.record_supplier(name, session=s))["supplier_id"]

    def lot(self, code: str) -> Any:
        """The first lot whose code begins with this: id, code, remaining quantity and remaining cost in millionths."""
        return self.kitchen.rows(
            "SELECT id, code, remaining_micros, remaining_cost_micros FROM lot WHERE code LIKE :code ORDER BY id",
            code=f"{code}%",
        )[0]

    def everything(self) -> list[Any]:
        """Every lot with its remaining quantity and cost."""
        return self.kitchen.rows("SELECT id, remaining_micros, remaining_cost_micros FROM lot ORDER BY id")


def drift() -> list[Any]:
    """The drift that ``verify`` finds."""
    with read_scope() as session:
        return verify_ledger(session)["drift"]


def allergens(kitchen: Kitchen, item: str, *contains: str) -> None:
    run_in_transaction(lambda s: record_allergens(kitchen.ids[item], contains, session=s))


def stated(kitchen: Kitchen) -> Kitchen:
    kitchen.simple_bakery()
    allergens(kitchen, "Flour", "wheat")
    allergens(kitchen, "Sugar")
    return kitchen


def sold(kitchen: Kitchen) -> Kitchen:
    """Flour split and baked, boxes given, sold, dropped, found and counted; one run undone; unrelated butter."""
    kitchen.simple_bakery()
    shelf = Shelf(kitchen)
    move(kitchen, "flour", "Cellar", 4_000)
    kitchen.produce("Cookies", "Cookie", 2, 46)
    reverse(kitchen.produce("Cookies", "Cookie", 1, 24), "typed twice")
    kitchen.assemble("Box", 4)
    fair = run_in_transaction(lambda s: things.record_event("Fair <b>", session=s))["event_id"]
    ada = run_in_transaction(lambda s: things.record_recipient("Ada & Żółć 馬", session=s, household="Lovelace"))[
        "recipient_id"
    ]
    box, cookie = lot_id(kitchen, "box"), lot_id(kitchen, "cookie")
    shelf.adjust("gift", {"lot_id": box, "quantity": 1}, recipient_id=ada, event_id=fair)
    shelf.adjust("sale", {"lot_id": box, "quantity": 1})
    shelf.adjust("waste", {"lot_id": cookie, "quantity": 2}, reason="dropped")
    shelf.adjust("correction", {"lot_id": cookie, "quantity": 1}, reason="found")
    shelf.count({"lot_id": lot_id(kitchen, "flour"), "percent_left": 40})
    return kitchen


class OrderBook:
    """A simple bakery with boxes, cookies and a customer; each method runs one transaction of its own."""

    def __init__(self, kitchen: Kitchen, *, boxes: int = 3) -> None:
        kitchen.simple_bakery()
        kitchen.produce("Cookies", "Cookie", 1, 24)
        if boxes:
            kitchen.assemble("Box", boxes)
        self.kitchen, self.box, self.cookie = kitchen, kitchen.ids["Box"], kitchen.ids["Cookie"]
        self.ada = run_in_transaction(lambda s: things.record_recipient("Ada", session=s))["recipient_id"]
        self.fair = run_in_transaction(lambda s: things.record_event("Fair", session=s))["event_id"]

    def order(self, *lines: Any, **more: Any) -> dict[str, Any]:
        """Two boxes at 12 each and six cookies for Ada on Friday, or what is given."""
        wanted = list(lines) or [self.line(self.box, 2, price=12), self.line(self.cookie, 6)]
        asked = {"due_on": FRIDAY, "due_time": time(14, 30), "recipient_id": self.ada, **more}
        return dict(run_in_transaction(lambda s: record_order(wanted, session=s, **asked)))

    def line(self, item_id: int, quantity: Any, **more: Any) -> dict[str, Any]:
        return {"item_id": item_id, "quantity": quantity, **more}

    def change(self, order: dict[str, Any], **changes: Any) -> dict[str, Any]:
        return dict(run_in_transaction(lambda s: record_order_change(order["order_id"], changes, session=s)))

    def cancel(self, order: dict[str, Any], reason: str = "no party") -> dict[str, Any]:
        return dict(run_in_transaction(lambda s: record_order_cancellation(order["order_id"], reason, session=s)))

    def hand_over(self, order: dict[str, Any] | None = None, *lines: Any, **more: Any) -> dict[str, Any]:
        asked = {"order_id": order["order_id"] if order else None, **more}
        return dict(run_in_transaction(lambda s: record_hand_over(list(lines) or None, session=s, **asked)))


class Buyer:
    """A simple bakery that buys flour and sugar from a mill; each method runs one transaction of its own."""

    def __init__(self, kitchen: Kitchen) -> None:
        if "Flour" not in kitchen.ids:
            kitchen.simple_bakery()
        self.kitchen, self.flour, self.sugar = kitchen, kitchen.ids["Flour"], kitchen.ids["Sugar"]
        self.mill = run_in_transaction(lambda s: things.record_supplier("Mill", session=s))["supplier_id"]
        self.bag, self.sack = (self._product(self.flour, name, size) for name, size in (("Type 550", 25), ("Rye", 10)))
        self.box = self._product(self.sugar, "Fine", 1)
        prices = [{"price": 20}, {"from_packs": 4, "price": 18}]
        run_in_transaction(lambda s: record_product_change(self.bag, {"prices": prices}, session=s))

    def _product(self, item_id: int, name: str, size: int) -> int:
        asked = {"package_type": "bag", "supplier_id": self.mill}
        done = run_in_transaction(lambda s: record_product(item_id, name, size, "kg", session=s, **asked))  # type: ignore[arg-type]
        return done["product_id"]

    def order(self, *lines: Any, **more: Any) -> dict[str, Any]:
        """Four bags of flour at the price of its terms and two boxes of sugar at 1.50 for Friday, or what is given."""
        wanted = list(lines) or [self.line(self.bag, 4), self.line(self.box, 2, price=Decimal("1.50"))]
        asked = {"wanted_on": FRIDAY, **more}
        return dict(run_in_transaction(lambda s: record_purchase_order(self.mill, wanted, session=s, **asked)))

    def line(self, product_id: int, packs: Any, **more: Any) -> dict[str, Any]:
        return {"product_id": product_id, "packs": packs, **more}

    def change(self, order: dict[str, Any], **changes: Any) -> dict[str, Any]:
        key = order["purchase_order_id"]
        return dict(run_in_transaction(lambda s: record_purchase_order_change(key, changes, session=s)))

    def cancel(self, order: dict[str, Any], reason: str = "sold out") -> dict[str, Any]:
        key = order["purchase_order_id"]
        return dict(run_in_transaction(lambda s: record_purchase_order_cancellation(key, reason, session=s)))

    def came(self, order: dict[str, Any], *lines: Any, **more: Any) -> dict[str, Any]:
        """All that is left of the order, or these lines of goods."""
        asked = {"purchase_order_id": order["purchase_order_id"], **more}
        return dict(run_in_transaction(lambda s: record_delivery(list(lines) or None, session=s, **asked)))

    def goods(self, item_id: int, quantity: Any, unit: str = "kg", **more: Any) -> dict[str, Any]:
        return {"item_id": item_id, "quantity": quantity, "unit": unit, **more}
