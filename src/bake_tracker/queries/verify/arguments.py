"""Verify operations against their own arguments: the fingerprint of the call, and the rows that repeat what it said."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from fractions import Fraction
from itertools import chain
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import call_fingerprint
from bake_tracker.models import Base, Operation
from bake_tracker.queries.verify.drift import Drift, Told, drift, in_batches

_SAID: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "adjustment": {
        "record_adjustment": {name: name for name in ("kind", "reason", "recipient_id", "event_id", "happened_at")},
        "record_hand_over": {"happened_at": "happened_at"},
        "record_return": {"reason": "reason", "happened_at": "happened_at", "of_operation_id": "handed_over_by"},
    },
    "stocktake": {"record_stocktake": {"counted_at": "counted_at", "notes": "notes"}},
    "delivery": {
        "record_delivery": {name: name for name in ("supplier_id", "document", "delivered_on", "notes")},
    },
    "order_version": {
        "record_order": {
            name: name for name in ("recipient_id", "event_id", "due_on", "how", "place", "reference", "note")
        },
        "record_order_cancellation": {"order_id": "order_id", "reason": "reason"},
        "record_order_change": {"order_id": "order_id"},
    },
    "standing_order": {
        "record_standing_order": {name: name for name in ("recipient_id", "starts_on", "rule", "how", "place", "note")},
    },
    "standing_order_stop": {
        "record_standing_order_stop": {name: name for name in ("standing_order_id", "since", "until", "reason")},
    },
    "standing_order_day": {
        "record_standing_order_day": {"standing_order_id": "standing_order_id", "day": "day"},
    },
    "hand_over": {
        "record_hand_over": {name: name for name in ("order_id", "happened_at", "note")},
    },
    "purchase_order_version": {
        "record_purchase_order": {name: name for name in ("supplier_id", "wanted_on", "note")},
        "record_purchase_order_cancellation": {"purchase_order_id": "purchase_order_id", "reason": "reason"},
        "record_purchase_order_change": {"purchase_order_id": "purchase_order_id"},
    },
    "accepted_plan_version": {"record_plan": {"inputs": "inputs", "first_on": "since", "last_on": "until"}},
    "purchase_order_receipt": {"record_delivery": {"purchase_order_id": "purchase_order_id"}},
    "cost_statement": {
        "record_cost_statement": {
            name: name for name in ("kind", "document", "stated_at", "share_by", "delivery_id", "notes")
        }
    },
    "lot_hold": {
        "record_hold": {"reason": "reason"},
        "record_release": {"reason": "reason", "usable_until": "usable_until"},
    },
    "transfer": {"record_transfer": {name: name for name in ("lot_id", "to_location", "reason")}},
    "reversal": {"record_reversal": {name: name for name in ("reversed_operation_id", "reason")}},
    "production_run": {
        "record_batch_production": {
            **{name: name for name in ("recipe_id", "finished_unit_id", "num_batches", "scale_factor", "produced_at")},
            **{name: name for name in ("event_id", "loss_reason", "notes")},
            "actual_yield_micros": "actual_micros",
        }
    },
    "assembly_run": {
        "record_assembly": {
            name: name for name in ("finished_good_id", "quantity", "assembled_at", "event_id", "notes")
        }
    },
    "lot": {
        "record_receipt": {
            **{name: name for name in ("item_id", "received_on", "expires_on", "supplier_id", "product_id")},
            "code": "lot_code",
        }
    },
}
"""For each table and operation: the columns that repeat an argument, and its name."""
_ACTIONS = {"record_hold": "hold", "record_recall": "hold", "record_release": "release"}
_CHOSEN = {
    "happened_at",
    "of_operation_id",
    "counted_at",
    "stated_at",
    "delivered_on",
    "produced_at",
    "assembled_at",
    "received_on",
    "expires_on",
    "first_on",
    "last_on",
    "code",
}
"""Columns that the program fills in if the argument was left out."""
_fingerprinted = select(Operation.id, Operation.name, Operation.fingerprint, Operation.arguments).order_by(Operation.id)
_calls = select(Operation.id, Operation.name, Operation.arguments).where(
    Operation.id.in_(bindparam("ids", expanding=True))
)


def argument_drift(session: Session, told: Told) -> Iterator[Drift]:
    """Every call that does not match its fingerprint, and every row that differs from what its call said."""
    yield from _fingerprints(session, told)
    for name in _SAID:
        yield from _rows(session, name, told)


def _fingerprints(session: Session, told: Told) -> Iterator[Drift]:
    for call in chain.from_iterable(in_batches(session, _fingerprinted, told, "calls")):
        expected = call_fingerprint(call.name, call.arguments)
        if call.fingerprint != expected:
            yield drift("fingerprint of a call", call.id, expected, call.fingerprint)


def _rows(session: Session, name: str, told: Told) -> Iterator[Drift]:
    table = Base.metadata.tables[name]
    rows = select(table).order_by(table.c.operation_id, table.c.id)
    for batch in in_batches(session, rows, told, name.replace("_", " ")):
        ids = list({row.operation_id for row in batch})
        calls = {call.id: call for call in session.execute(_calls, {"ids": ids})}
        said = {key: _read(call.arguments) for key, call in calls.items()}
        for row in batch:
            call = calls.get(row.operation_id)
            if call is None:
                continue  # a row without its operation is reported elsewhere
            for column, argument in _SAID[name].get(call.name, {}).items():
                value = said[call.id].get(argument, ...)
                if value is ... or (value is None and column in _CHOSEN):
                    continue
                found = row._mapping[column]
                if not _is_same(column, value, found):
                    yield drift(f"{name} {column}", f"{call.id} ({name} {row.id})", value, found)
            if name == "lot_hold" and row.action != (action := _ACTIONS.get(call.name, row.action)):
                yield drift("lot_hold action", f"{call.id} ({name} {row.id})", action, row.action)


def _read(arguments: str) -> dict[str, Any]:
    try:
        found = json.loads(arguments)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_same(column: str, said: Any, found: Any) -> bool:
    """Whether a stored value is what the arguments say, which hold times, days and factors as text."""
    try:
        if isinstance(found, datetime):
            return datetime.fromisoformat(said) == found
        if isinstance(found, date):
            return date.fromisoformat(said) == found
        if column == "scale_factor":
            return Fraction(said) == Fraction(found)
    except (TypeError, ValueError, ArithmeticError):
        return False
    return bool(said == found)
