"""The client: a method for each everyday task, and ``get`` and ``send`` for the rest of the API."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import TracebackType
from typing import Any, Literal

import httpx2

from bake_tracker.client import results
from bake_tracker.client.results import read
from bake_tracker.client.transport import Key, Sender, new_key

Quantity = Decimal | int | str
"""An exact number; a string such as "2.5" works too."""


class BakeTracker:
    """A bakery's server, and the caller's API token.

    Every change is sent with an idempotency key, generated if you give none, so a retry after a lost connection or a
    503 records it only once. Every method raises ``ProblemError`` if the server refuses and ``UnreachableError`` if it
    does not answer.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        tries: int = 4,
        timeout_s: float = 30,
        traceparent: Callable[[], str | None] | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._sender = Sender(
            base_url, token, tries=tries, timeout_s=timeout_s, traceparent=traceparent, transport=transport
        )

    def __enter__(self) -> "BakeTracker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._sender.http.close()

    # Any route.

    def get(self, path: str, **query: Any) -> Any:
        """Get the JSON at a path below ``/api/v1``."""
        return self._sender.send("GET", path, query=query).json()

    def file(self, path: str, **query: Any) -> bytes:
        """Download a file such as ``/lots/7/label.pdf`` or ``/lots/7/recall.xlsx``."""
        return self._sender.send("GET", path, query=query).content

    def send(
        self,
        method: Literal["POST", "PUT", "PATCH", "DELETE"],
        path: str,
        body: Mapping[str, Any] | None = None,
        key: Key = None,
    ) -> Any:
        """Send a change to a path below ``/api/v1``."""
        return self._sender.send(method, path, body=body, key=key or new_key()).json()

    def pages(self, path: str, field: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Every row of a list, fetched slice by slice."""
        while True:
            page = self.get(path, **query)
            yield from page[field]
            if page["next"] is None:
                return
            query["after"] = page["next"]

    # Items, lots and history.

    def add_item(
        self, kind: str, name: str, base_unit: str, *, slug: str | None = None, key: Key = None, **more: Any
    ) -> results.Item:
        """Add an ingredient, material, finished_unit or finished_good."""
        body = {"kind": kind, "name": name, "base_unit": base_unit, "slug": slug, **more}
        return self._post(results.Item, "/items", body, key)

    def items(self, *, kind: str | None = None, search: str | None = None) -> Iterator[results.ItemOnHand]:
        """Items by name, with stock on hand."""
        return (read(results.ItemOnHand, one) for one in self.pages("/items", "items", kind=kind, search=search))

    def lots(
        self, *, item_id: int | None = None, code: str | None = None, only_there: bool = False
    ) -> Iterator[results.ListedLot]:
        """Lots, newest first."""
        found = self.pages("/lots", "lots", item_id=item_id, code=code, only_there=only_there)
        return (read(results.ListedLot, one) for one in found)

    def runs(self) -> Iterator[results.Run]:
        """Productions and assemblies, newest first."""
        return (read(results.Run, one) for one in self.pages("/runs", "runs"))

    def operations(self) -> Iterator[results.Operation]:
        """Recorded operations, newest first."""
        return (read(results.Operation, one) for one in self.pages("/operations", "operations"))

    def operation(self, operation_id: str) -> results.Operation:
        """One operation; use ``get`` for its movements."""
        return read(results.Operation, self.get(f"/operations/{operation_id}"))

    # Goods in.

    def receive(
        self,
        item_id: int,
        quantity: Quantity,
        unit: str,
        *,
        total_cost: Quantity | None = None,
        lot_code: str | None = None,
        received_on: date | None = None,
        expires_on: date | None = None,
        supplier_id: int | None = None,
        key: Key = None,
        **more: Any,
    ) -> results.Receipt:
        """Receive goods as a lot."""
        body = {
            "item_id": item_id,
            "quantity": quantity,
            "unit": unit,
            "total_cost": total_cost,
            "lot_code": lot_code,
            "received_on": received_on,
            "expires_on": expires_on,
            "supplier_id": supplier_id,
            **more,
        }
        return self._post(results.Receipt, "/receipts", body, key)

    def deliver(
        self,
        supplier_id: int,
        lines: Sequence[Mapping[str, Any]],
        *,
        document: str | None = None,
        key: Key = None,
        **more: Any,
    ) -> results.Delivery:
        """Receive every line of a supplier's document as a lot: all of them or none."""
        body = {"supplier_id": supplier_id, "lines": list(lines), "document": document, **more}
        return self._post(results.Delivery, "/deliveries", body, key)

    # Baking and packing.

    def check_production(self, recipe_id: int, num_batches: int, *, scale_factor: Quantity = 1) -> results.Check:
        """Check whether there is enough stock now, and list every shortage; records nothing."""
        body = {"recipe_id": recipe_id, "num_batches": num_batches, "scale_factor": scale_factor}
        found = self._sender.send("POST", "/productions/check", body=body).json()
        return _check(found["can_produce"], found["missing_ingredients"])

    def produce(
        self,
        recipe_id: int,
        finished_unit_id: int,
        num_batches: int,
        actual_yield: Quantity,
        *,
        produced_at: datetime | None = None,
        loss_reason: str | None = None,
        notes: str | None = None,
        key: Key = None,
        **more: Any,
    ) -> results.Production:
        """Bake: take the ingredients and add the product; ``ShortageError`` lists every shortage."""
        body = {
            "recipe_id": recipe_id,
            "finished_unit_id": finished_unit_id,
            "num_batches": num_batches,
            "actual_yield": actual_yield,
            "produced_at": produced_at,
            "loss_reason": loss_reason,
            "notes": notes,
            **more,
        }
        return self._post(results.Production, "/productions", body, key)

    def check_assembly(self, finished_good_id: int, quantity: int) -> results.Check:
        """Check whether there is enough stock to pack this many now, and list every shortage; records nothing."""
        body = {"finished_good_id": finished_good_id, "quantity": quantity}
        found = self._sender.send("POST", "/assemblies/check", body=body).json()
        return _check(found["can_assemble"], found["missing_components"])

    def assemble(
        self, finished_good_id: int, quantity: int, *, notes: str | None = None, key: Key = None, **more: Any
    ) -> results.Assembly:
        """Pack: take the components and add the packed goods; ``ShortageError`` lists every shortage."""
        body = {"finished_good_id": finished_good_id, "quantity": quantity, "notes": notes, **more}
        return self._post(results.Assembly, "/assemblies", body, key)

    def bake_and_pack(
        self,
        recipe_id: int,
        finished_unit_id: int,
        num_batches: int,
        actual_yield: Quantity,
        finished_good_id: int,
        quantity: int,
        *,
        key: Key = None,
        **more: Any,
    ) -> results.BakeAndPack:
        """Bake and pack as one operation: both succeed, or neither does."""
        body = {
            "recipe_id": recipe_id,
            "finished_unit_id": finished_unit_id,
            "num_batches": num_batches,
            "actual_yield": actual_yield,
            "finished_good_id": finished_good_id,
            "quantity": quantity,
            **more,
        }
        return self._post(results.BakeAndPack, "/bake-and-packs", body, key)

    # Orders.

    def orders(
        self, *, show: Literal["open", "all"] = "open", search: str | None = None
    ) -> Iterator[results.ListedOrder]:
        """Orders by the day they are due; the open ones have something left to hand over."""
        return (read(results.ListedOrder, one) for one in self.pages("/orders", "orders", show=show, search=search))

    def take_order(
        self,
        lines: Sequence[Mapping[str, Any]],
        due_on: date,
        *,
        due_time: str | None = None,
        recipient_id: int | None = None,
        reference: str | None = None,
        key: Key = None,
        **more: Any,
    ) -> results.Order:
        """Take an order; the same order with the same reference of a customer is taken once, whatever the key."""
        body = {
            "lines": list(lines),
            "due_on": due_on,
            "due_time": due_time,
            "recipient_id": recipient_id,
            "reference": reference,
            **more,
        }
        return self._post(results.Order, "/orders", body, key)

    def hand_over(
        self,
        order_id: int | None = None,
        lines: Sequence[Mapping[str, Any]] | None = None,
        *,
        key: Key = None,
        **more: Any,
    ) -> results.HandOver:
        """Hand over all that is left of an order, or these lines of it, or goods without an order."""
        body = {"order_id": order_id, "lines": None if lines is None else list(lines), **more}
        return self._post(results.HandOver, "/hand-overs", body, key)

    # Adjustments, holds and undo.

    def adjust(
        self,
        kind: str,
        lines: Sequence[Mapping[str, Any]],
        *,
        reason: str | None = None,
        recipient_id: int | None = None,
        event_id: int | None = None,
        key: Key = None,
    ) -> results.Adjustment:
        """Record goods wasted, given away, sampled or sold, or correct a quantity."""
        body = {
            "kind": kind,
            "lines": list(lines),
            "reason": reason,
            "recipient_id": recipient_id,
            "event_id": event_id,
        }
        return self._post(results.Adjustment, "/adjustments", body, key)

    def take_back(
        self,
        handed_over_by: str,
        lines: Sequence[Mapping[str, Any]],
        *,
        put: str = "hold",
        reason: str | None = None,
        key: Key = None,
    ) -> results.Return:
        """Record goods that a customer brought back of a sale, a gift or a sample."""
        body = {"handed_over_by": handed_over_by, "lines": list(lines), "put": put, "reason": reason}
        return self._post(results.Return, "/returns", body, key)

    def send_back(
        self, lines: Sequence[Mapping[str, Any]], *, reason: str | None = None, key: Key = None
    ) -> results.Return:
        """Record goods that go back to their supplier."""
        body = {"kind": "to_supplier", "lines": list(lines), "reason": reason}
        return self._post(results.Return, "/returns", body, key)

    def hold(self, lot_ids: Sequence[int], reason: str, *, key: Key = None) -> results.Recorded:
        """Keep lots from being used until they are released."""
        return self._post(results.Recorded, "/holds", {"lot_ids": list(lot_ids), "reason": reason}, key)

    def release(
        self, lot_ids: Sequence[int], reason: str, *, usable_until: date | None = None, key: Key = None
    ) -> results.Recorded:
        """Allow lots to be used again."""
        body = {"lot_ids": list(lot_ids), "reason": reason, "usable_until": usable_until}
        return self._post(results.Recorded, "/releases", body, key)

    def recall(
        self, lot_id: int, *, reason: str | None = None, same_code: bool = False, key: Key = None
    ) -> results.Recorded:
        """Hold the rest of a lot, or of all lots with its code, and everything made from it."""
        body = {"lot_id": lot_id, "reason": reason} | ({"same_code": True} if same_code else {})
        return self._post(results.Recorded, "/recalls", body, key)

    def undo(
        self,
        operation_id: str,
        reason: str,
        *,
        cascade: bool = False,
        count_saw: str | None = None,
        key: Key = None,
    ) -> results.Reversal:
        """Undo an operation exactly; refused if later operations depend on it, unless ``cascade`` is set.

        If a lot was counted since, ``count_saw`` says whether the count had seen it: ``before`` or ``after``.
        """
        body = {"reversed_operation_id": operation_id, "reason": reason, "cascade": cascade, "count_saw": count_saw}
        return self._post(results.Reversal, "/reversals", body, key)

    def _post(self, kind: type[results.Result], path: str, body: Mapping[str, Any], key: Key) -> results.Result:
        """Send a change without the empty arguments, so that the server's defaults apply."""
        given = {name: value for name, value in body.items() if value is not None}
        return read(kind, self.send("POST", path, given, key))


def _check(possible: bool, missing: Sequence[Mapping[str, Any]]) -> results.Check:
    return results.Check(possible, [read(results.Shortage, one) for one in missing])
