"""The model's other changes of stock: adjustments, counts, holds, releases and moves."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .things import Refused, Stock, Thing
from .world import MICRO, World, money_text, quantity_text, to_base

TO_SOMEBODY = ("sample", "gift", "sale")


def adjust(
    world: World,
    kind: str,
    of: Stock | Thing,
    quantity: Decimal,
    unit: str,
    reason: str | None,
    event_id: int | None,
    at: datetime | None,
) -> dict[str, Any]:
    """Adjust by one lot, or by whatever the item's policy picks; only a correction has a sign."""
    thing = of.thing if isinstance(of, Stock) else of
    exact = to_base(thing, abs(Fraction(quantity)), unit) * MICRO
    is_more = kind == "correction" and quantity > 0
    micros = -(-exact.numerator // exact.denominator) if is_more else int(exact)
    day = world.today(at)
    if not micros:
        raise Refused("validation_failed")
    if isinstance(of, Thing):
        changes = [(lot, -taken, _less(cost)) for lot, taken, cost in world.take_all({of: micros}, day, at is not None)]
    elif (at is not None and of.received_on > day) or (kind in TO_SOMEBODY and not _may_go(of, day)):
        raise Refused("conflict")
    elif is_more:
        changes = [(of, micros, share(of, micros))]
        world.change(*changes[0])
    elif micros > of.left:
        amounts = {"needed": quantity_text(micros), "available": quantity_text(of.left), "unit": thing.unit}
        raise Refused("short", [{"slug": thing.slug, "name": thing.name, **amounts}])
    else:
        _, taken, cost = world.take(of, micros)
        changes = [(of, -taken, _less(cost))]
    _spend(world, changes)
    return {
        "kind": kind,
        "reason": reason,
        "recipient_id": None,
        "event_id": event_id,
        "happened_at": _instant(world, at),
        "lots": [
            {**_named(lot), "quantity": quantity_text(delta), "unit": lot.thing.unit, "cost": money_text(cost)}
            for lot, delta, cost in changes
        ],
        "total_cost": _total(changes),
    }


def count(
    world: World,
    lines: Sequence[tuple[Stock, Decimal, Decimal | None]],
    moved: str,
    notes: str | None,
    at: datetime | None,
) -> dict[str, Any]:
    """Count lots: each line has the lot, the quantity found, and the sheet's quantity if there was a sheet."""
    sheets = [(lot, int(found * MICRO), None if on is None else int(on * MICRO)) for lot, found, on in lines]
    if moved == "refuse" and any(on not in (None, lot.left) for lot, _, on in sheets):
        raise Refused("conflict")
    against = [(lot, found, lot.left if on is None or moved == "before" else on) for lot, found, on in sheets]
    if any(lot.left + found < expected for lot, found, expected in against):
        raise Refused("conflict")
    changes: list[tuple[Stock, int, int | None]] = []
    told: list[dict[str, Any]] = []
    for lot, found, expected in against:
        if delta := found - expected:
            changes.append((lot, delta, share(lot, delta)))
            percent = round(Fraction(delta * 1_000, expected)) if expected else None
            told.append(
                {
                    **_named(lot),
                    "unit": lot.thing.unit,
                    "expected": quantity_text(expected),
                    "counted": quantity_text(found),
                    "difference": quantity_text(delta),
                    "percent": None if percent is None else quantity_text(percent * MICRO // 10),
                    "cost": money_text(changes[-1][2]),
                }
            )
    for change in changes:
        world.change(*change)
    _spend(world, changes)
    return {
        "counted_at": _instant(world, at),
        "counted_count": len(lines),
        "different_count": len(changes),
        "lots": told,
        "cost_difference": _total(changes),
    }


def hold(world: World, lots: Sequence[Stock], reason: str) -> dict[str, Any]:
    if any(lot.is_held for lot in lots):
        raise Refused("conflict")
    return {"lots": [_handle(world, lot, is_held=True, until=None) for lot in lots], "reason": reason}


def release(world: World, lots: Sequence[Stock], reason: str, until: date | None) -> dict[str, Any]:
    today = world.today(None)
    if until is not None and until < today:
        raise Refused("validation_failed")
    for lot in lots:
        is_expired = lot.until is not None and lot.until < today
        if until is None and (is_expired or not lot.is_held):
            raise Refused("conflict")
    told = [_handle(world, lot, is_held=False, until=until) for lot in lots]
    return {"lots": told, "reason": reason, "usable_until": until.isoformat() if until else None}


def move(
    world: World, lot: Stock, place: str | None, quantity: Decimal | None, unit: str
) -> tuple[Stock | None, dict[str, Any]]:
    """Move a whole lot, or a part of it as a new lot."""
    if not lot.left:
        raise Refused("conflict")
    micros = lot.left if quantity is None else int(to_base(lot.thing, Fraction(quantity), unit) * MICRO)
    was, part = lot.place, None
    if not 0 < micros <= lot.left:
        raise Refused("validation_failed")
    if lot.left - micros >= 1_000:
        part = world.split(lot, micros, place)
        world.deed.split = (lot, part)
    else:
        micros = lot.left
        if place == was:
            raise Refused("validation_failed")
        world.set(lot, "place", place)
        world.deed.moved.append((lot, was))
    return part, {
        "lot_code": lot.code,
        "new_lot_code": part.code if part else None,
        "quantity": quantity_text(micros),
        "unit": lot.thing.unit,
        "from_location": was,
        "to_location": place,
    }


def share(lot: Stock, delta: int) -> int | None:
    """Return the cost of a signed change: at the lot's current unit cost, or at the original one if it is empty."""
    if lot.cost is None or lot.cost_left is None:
        return None
    if lot.left + delta == 0:
        return -lot.cost_left
    if lot.left:
        return round(Fraction(lot.cost_left * delta, lot.left))
    return round(Fraction(lot.cost * delta, lot.quantity))


def _may_go(lot: Stock, day: date) -> bool:
    return not lot.is_held and (lot.until is None or lot.until >= day)


def _handle(world: World, lot: Stock, *, is_held: bool, until: date | None) -> dict[str, Any]:
    world.deed.handled.append((lot, lot.is_held, lot.until))
    world.set(lot, "handled_by", [*lot.handled_by, world.deed])
    world.set(lot, "is_held", is_held)
    world.set(lot, "until", until or lot.until)
    return {**_named(lot), "quantity": quantity_text(lot.left), "unit": lot.thing.unit}


def _named(lot: Stock) -> dict[str, Any]:
    return {"lot_id": lot, "lot_code": lot.code, "item_slug": lot.thing.slug}


def _spend(world: World, changes: Sequence[tuple[Stock, int, int | None]]) -> None:
    world.spend("cost_adjusted", -sum(cost or 0 for _, _, cost in changes))


def _total(changes: Sequence[tuple[Stock, int, int | None]]) -> str | None:
    costs = [cost for _, _, cost in changes]
    return None if None in costs else money_text(sum(cost or 0 for cost in costs))


def _less(cost: int | None) -> int | None:
    return None if cost is None else -cost


def _instant(world: World, at: datetime | None) -> str:
    at = at or world.now
    return (at if at.tzinfo else at.replace(tzinfo=world.zone)).astimezone(UTC).isoformat()
