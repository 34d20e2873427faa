"""Logs with a planted cause: the same seed makes the same lines, and says which field is to blame.

Twenty fields vary. Five are ids that hardly ever repeat. Three are decoys that go along with the cause: one is in more
lines than the cause, one in fewer, and one is a copy of it with mistakes. The rest have nothing to do with the outcome.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

LINES = 2_000
BAD = "conflict"
SHARE_BAD = 0.05
OPERATIONS = ("record_receipt", "record_batch_production", "record_assembly", "record_transfer", "record_sale")
IDS = ("operation_id", "transaction_id", "request_id", "trace_id", "lot_code")
DECOYS = ("host", "till", "client")
KINDS = ("category", "id", "number", "sometimes")
"""What the cause is: one of few values, one of some dozens of ids, a number that is too high, or a rare field."""


@dataclass(frozen=True, slots=True)
class Planted:
    """The lines, oldest first, and the field that makes them fail."""

    lines: list[dict[str, Any]]
    cause: str
    kind: str


def planted_log(seed: int) -> Planted:
    """A log in which 5 % of the lines fail, two thirds of them because of one field."""
    dice = Random(seed)
    kind = KINDS[seed % len(KINDS)]
    share = dice.uniform(0.045, 0.07)
    cause, tells, hides = _CAUSES[kind](dice, share)
    caused_bad = SHARE_BAD * dice.uniform(0.6, 0.75) / share
    other_bad = (SHARE_BAD - caused_bad * share) / (1 - share)
    lines = []
    for number in range(LINES):
        is_caused = dice.random() < share
        told = _unrelated(dice, number)
        told.update(tells() if is_caused else hides())
        told.update(_decoys(dice, share, is_caused=is_caused))
        is_bad = dice.random() < (caused_bad if is_caused else other_bad)
        outcome = BAD if is_bad else "success"
        told |= {
            "outcome": outcome,
            "level": "WARNING" if is_bad else "INFO",
            "message": f"{told['operation']}: {outcome}",
        }
        if is_bad:
            told["error"] = f"ConflictError: {told['operation_id']} was used before"
        lines.append({name: value for name, value in told.items() if value is not None})
    return Planted(lines, cause, kind)


def _unrelated(dice: Random, number: int) -> dict[str, Any]:
    second = number * 20
    quantity = round(dice.lognormvariate(5, 1.5), 3)
    return {
        "timestamp": f"2026-11-23T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{number:06d}Z",
        "operation": dice.choices(OPERATIONS, (40, 30, 15, 10, 5))[0],
        "operation_id": _id(dice),
        "transaction_id": _id(dice),
        "request_id": _id(dice),
        "trace_id": f"{dice.getrandbits(128):032x}",
        "lot_code": f"flour-20261123-{dice.randrange(LINES)}",
        "database_id": "0190b7a1-0000-7000-8000-000000000001",
        "actor": f"baker-{min(int(dice.paretovariate(1)), 12)}",
        "version": dice.choice(("3.1.0", "3.1.1")),
        "recipe_id": dice.randrange(1, 40),
        "supplier_id": dice.randrange(1, 8) if dice.random() < 0.4 else None,
        "quantity": str(quantity),
        "duration_ms": round(dice.lognormvariate(1.5, 0.8), 3),
        "sql_count": 5 + int(dice.expovariate(0.3)),
        "attempt": 2 if dice.random() < 0.02 else 1,
    }


def _id(dice: Random) -> str:
    return f"{dice.getrandbits(32):08x}-0000-7000-8000-{dice.getrandbits(48):012x}"


def _decoys(dice: Random, share: float, *, is_caused: bool) -> Mapping[str, Any]:
    """Fields that go along with the cause and make nothing fail themselves."""
    takes_in = is_caused or dice.random() < share
    keeps = is_caused and dice.random() < 0.6
    copied = is_caused if dice.random() < 0.85 else dice.random() < share
    return {
        "host": "shop-2" if takes_in else dice.choice(("shop-1", "shop-3", "shop-4")),
        "till": "till-9" if keeps else dice.choice(("till-1", "till-2", "till-3", None)),
        "client": "import" if copied else dice.choice(("web", "api", "cli")),
    }


def _category(dice: Random, share: float) -> tuple[str, Any, Any]:
    def hides() -> dict[str, Any]:
        return {"version": dice.choice(("3.1.0", "3.1.1", "3.1.2"))}

    return "version", lambda: {"version": "3.2.0"}, hides


def _an_id(dice: Random, share: float) -> tuple[str, Any, Any]:
    bad = dice.randrange(1, 40)
    good = [one for one in range(1, 40) if one != bad]
    return "recipe_id", lambda: {"recipe_id": bad}, lambda: {"recipe_id": dice.choice(good)}


def _number(dice: Random, share: float) -> tuple[str, Any, Any]:
    limit = dice.uniform(40, 4_000)

    def above() -> dict[str, Any]:
        return {"quantity": str(round(limit * (1 + dice.expovariate(2)), 3))}

    def below() -> dict[str, Any]:
        return {"quantity": str(round(limit * dice.random(), 3))}

    return "quantity", above, below


def _sometimes(dice: Random, share: float) -> tuple[str, Any, Any]:
    return "event_id", lambda: {"event_id": 7}, lambda: {"event_id": 3 if dice.random() < 0.1 else None}


_CAUSES = {"category": _category, "id": _an_id, "number": _number, "sometimes": _sometimes}
