"""What a seal covers, and how it is hashed, byte for byte the same on every database."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

COVERED: Mapping[str, tuple[str, ...]] = {
    "operation": (
        "id",
        "name",
        "fingerprint",
        "arguments",
        "result",
        "recorded_at",
        "parent_id",
        "transaction_id",
        "attempt",
        "actor",
    ),
    "lot": (
        "id",
        "item_id",
        "code",
        "is_made",
        "received_on",
        "expires_on",
        "quantity_micros",
        "cost_micros",
        "supplier_id",
        "product_id",
        "operation_id",
        "parent_lot_id",
    ),
    "movement": ("id", "operation_id", "lot_id", "quantity_micros", "cost_micros", "reason"),
    "passed_over_lot": ("id", "operation_id", "lot_id", "state", "usable_until"),
    "production_run": (
        "id",
        "operation_id",
        "recipe_id",
        "finished_unit_id",
        "num_batches",
        "scale_factor",
        "expected_yield_micros",
        "actual_yield_micros",
        "status",
        "lot_id",
        "total_cost_micros",
        "loss_cost_micros",
        "produced_at",
        "event_id",
        "loss_reason",
        "notes",
        "snapshot_sha256",
    ),
    "production_output": (
        *("id", "operation_id", "production_run_id", "finished_unit_id", "share", "expected_yield_micros"),
        *("actual_yield_micros", "lot_id", "total_cost_micros", "loss_cost_micros"),
    ),
    "assembly_run": (
        "id",
        "operation_id",
        "finished_good_id",
        "quantity",
        "lot_id",
        "total_cost_micros",
        "assembled_at",
        "event_id",
        "notes",
    ),
    "reversal": ("id", "operation_id", "reversed_operation_id", "reason"),
    "adjustment": (
        *("id", "operation_id", "lot_id", "kind", "quantity_micros", "reason"),
        *("recipient_id", "event_id", "happened_at", "of_operation_id", "credit_micros"),
    ),
    "stocktake": ("id", "operation_id", "counted_at", "notes"),
    "stocktake_line": (
        *("id", "operation_id", "stocktake_id", "lot_id", "expected_micros", "counted_micros", "percent_left"),
    ),
    "count_answer": ("id", "operation_id", "stocktake_line_id", "saw", "quantity_micros"),
    "lot_hold": (
        *("id", "operation_id", "lot_id", "action", "reason", "usable_until"),
        *("was_on_hold", "was_usable_until", "happened_at"),
    ),
    "transfer": (
        *("id", "operation_id", "lot_id", "new_lot_id", "quantity_micros"),
        *("from_location", "to_location", "reason", "happened_at"),
    ),
    "unit_change": ("id", "operation_id", "item_id", "new_item_id", "factor", "lot_id", "new_lot_id", "happened_at"),
    "delivery": ("id", "operation_id", "supplier_id", "document", "delivered_on", "notes"),
    "customer_order": ("id", "operation_id"),
    "order_version": (
        *("id", "operation_id", "order_id", "status", "recipient_id", "event_id", "due_on", "due_time"),
        *("how", "place", "reference", "note", "reason"),
    ),
    "order_line": ("id", "operation_id", "order_version_id", "line", "item_id", "quantity_micros", "price_micros"),
    "hand_over": (
        *("id", "operation_id", "order_id", "order_version_id", "recipient_id", "event_id", "happened_at", "note"),
    ),
    "hand_over_line": (
        *("id", "operation_id", "hand_over_id", "line", "item_id", "quantity_micros"),
        *("price_micros", "amount_micros"),
    ),
    "purchase_order": ("id", "operation_id"),
    "purchase_order_version": (
        *("id", "operation_id", "purchase_order_id", "status", "supplier_id", "wanted_on", "note", "reason"),
    ),
    "purchase_order_line": (
        *("id", "operation_id", "purchase_order_version_id", "product_id", "item_id"),
        *("packs", "quantity_micros", "price_micros"),
    ),
    "purchase_order_receipt": (
        *("id", "operation_id", "purchase_order_id", "purchase_order_version_id", "product_id", "lot_id"),
    ),
    "standing_order": (
        *("id", "operation_id", "recipient_id", "starts_on", "rule", "due_time", "how", "place", "note"),
    ),
    "standing_order_line": (
        *("id", "operation_id", "standing_order_id", "line", "item_id", "quantity_micros", "price_micros"),
    ),
    "standing_order_stop": ("id", "operation_id", "standing_order_id", "since", "until", "reason"),
    "standing_order_day": ("id", "operation_id", "standing_order_id", "day", "order_id"),
    "accepted_plan": ("id", "operation_id"),
    "accepted_plan_version": ("id", "operation_id", "accepted_plan_id", "first_on", "last_on", "inputs"),
    "accepted_plan_line": (
        *("id", "operation_id", "accepted_plan_version_id", "line", "day", "recipe_id", "item_id"),
        *("batches", "quantity_micros"),
    ),
    "cost_statement": (
        *("id", "operation_id", "kind", "document", "stated_at", "share_by"),
        *("delivery_id", "notes", "last_movement_id"),
    ),
    "cost_statement_line": ("id", "operation_id", "cost_statement_id", "lot_id", "movement_id", "cost_micros"),
    "item_measure": (
        *("id", "operation_id", "item_id", "kind", "value", "source", "measured_on"),
        *("lot_id", "corrects_id", "since_lot_id", "last_lot_id"),
    ),
    "run_rate": ("production_run_id", "operation_id", "labour_micros", "overhead_micros"),
    "catalog_change": ("id", "operation_id", "thing", "key", "before", "after"),
}
"""The history that an operation owns, table by table: written once, by that operation.

Empty columns are left out of the hash, so a column added later, empty in old rows, breaks no seal.
"""

EXCLUDED: Mapping[str, Mapping[str, str]] = {
    "lot": {
        "remaining_micros": "a cache, recomputed from the movements",
        "remaining_cost_micros": "a cache, recomputed from the movements",
        "pick_on": "a cache, recomputed from the item's policy",
        "usable_until": "changes when a lot is released past its expiry",
        "on_hold": "changes when a lot is held or released",
        "location": "changes when a lot is moved",
        "g_per_ml": "a cache, recomputed from the measures",
        "g_per_each": "a cache, recomputed from the measures",
    },
    "movement": {"happened_at": "a cache, recomputed from the operation"},
}
"""Columns of these tables that may change, and why."""

NOT_HISTORY: Mapping[str, str] = {
    "recipe_snapshot": "identified by the SHA-256 of its content, which the sealed run holds",
    "seal": "the chain itself",
    "sealed_operation": "the chain itself",
    "restoration": "belongs to this database, not to the bakery",
    "restored_operation": "belongs to this database, not to the bakery",
    "bakery_user": "belongs to this database; who added whom is a sealed operation",
    "sign_in": "belongs to this database",
    "api_token": "belongs to this database; who got a token is a sealed operation",
    "sign_in_attempts": "belongs to this database",
    "bakery": "settings; every change is a sealed operation",
    "item": "catalogue; every change is a sealed operation",
    "supplier": "catalogue; every change is a sealed operation",
    "product": "catalogue; every change is a sealed operation",
    "event": "catalogue; every change is a sealed operation",
    "recipient": "catalogue; every change is a sealed operation",
    "recipe": "catalogue; the sealed run holds the snapshot it was baked with",
    "recipe_line": "catalogue; the sealed run holds the snapshot it was baked with",
    "recipe_yield": "catalogue; the sealed run holds the snapshot it was baked with",
    "recipe_together": "catalogue; the sealed run holds the snapshot it was baked with",
    "item_allergen": "catalogue; every change is a sealed operation",
    "product_allergen": "catalogue; every change is a sealed operation",
    "product_terms": "catalogue; every change is a sealed operation",
    "item_label": "catalogue; every change is a sealed operation",
    "name_mapping": "catalogue; every change is a sealed operation",
    "recipe_rate": "catalogue; the rates of a run are sealed with the run",
    "item_in_parts": "catalogue; every change is a sealed operation",
    "par_level": "catalogue; every change is a sealed operation",
    "recipe_batch": "catalogue; every change is a sealed operation",
    "archived_item": "catalogue; every change is a sealed operation",
    "archived_supplier": "catalogue; every change is a sealed operation",
    "archived_event": "catalogue; every change is a sealed operation",
    "archived_recipient": "catalogue; every change is a sealed operation",
    "good_component": "catalogue; the movements of an assembly show what was in it",
}
"""Tables that no seal covers, and why."""


def canonical_row(table: str, values: Mapping[str, object]) -> bytes:
    """A row as one line of ASCII, the same from every database; empty values are left out."""
    filled = {name: _plain(value) for name, value in values.items() if value is not None}
    return _line([table, filled])


class SealHash:
    """The hash of one seal, fed with its operations in the order of their ids, in constant memory."""

    def __init__(
        self, number: int, previous_sha256: str | None, operation_id: str, sealed_at: object, actor: str | None
    ) -> None:
        self._hash = hashlib.sha256(
            _line(["bake-tracker seal", 1, number, previous_sha256, operation_id, _plain(sealed_at), actor])
        )
        self.operation_count = 0
        self.last_operation_id: str | None = None

    def add(self, operation_id: str, sha256: str) -> None:
        """Cover one more operation by the hash of everything it owns."""
        self._hash.update(_line([operation_id, sha256]))
        self.operation_count += 1
        self.last_operation_id = operation_id

    def sha256(self) -> str:
        """The hash of the seal over everything covered so far."""
        closed = self._hash.copy()
        closed.update(_line([self.operation_count, self.last_operation_id]))
        return closed.hexdigest()


def ids_sha256(operation_ids: Iterable[str]) -> str:
    """The hash over the ids of restored operations, in database order, for the mark of a restore."""
    found = hashlib.sha256()
    for operation_id in operation_ids:
        found.update(f"{operation_id}\n".encode())
    return found.hexdigest()


def _plain(value: object) -> object:
    if value is None or type(value) in (int, str, bool):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    # Only for values written behind the program's back: SQLite accepts a float or bytes in any column.
    return {type(value).__name__: repr(value)}


def _line(value: object) -> bytes:
    return _encode(value).encode("ascii") + b"\n"


_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":")
).encode  # made once: building an encoder for every line would take half the time
