"""The model's reversal: what to undo for an operation, found by reading the journal from end to end."""

from collections.abc import Iterable
from typing import Any

from .things import Deed, Refused, Stock
from .world import World, money_text, quantity_text

REVERSAL = "record_reversal"


def reverse(world: World, of: Deed, reason: str, *, cascade: bool) -> dict[str, Any]:
    """Undo a deed, its parts and, with ``cascade``, what rests on it, latest first; refuse what cannot be undone."""
    to_undo, dependents = plan(world, of)
    if dependents and not cascade:
        raise Refused("conflict")
    told = [_undo(world, deed, reason) for deed in to_undo]
    own = next(one for one in told if one["reversed_operation_id"] is of)
    world.add("reversals", len(told))
    return {**own, "also_reversed": [one for one in told if one is not own], "reversed_count": len(told)}


def plan(world: World, of: Deed) -> tuple[list[Deed], list[Deed]]:
    """Return everything to undo, latest first, and the part of it that only rests on the deed."""
    if of.is_undone or of.name == REVERSAL:
        raise Refused("conflict")
    family = set(_standing([of]))
    wanted = set(family)
    while True:
        lacking = {lot for lot, (left, cost) in _left_without(wanted).items() if not _can_be(left, cost)}
        more = {
            later
            for later in world.journal
            if _stands(later) and later not in wanted and any(_rests(later, deed, lacking) for deed in wanted)
        }
        if not more:
            break
        wanted.update(_standing(more))
    changed = {deed for deed in wanted if deed.posted or deed.handled or deed.moved}
    changed |= {deed.parent for deed in changed if deed.parent in wanted}
    if of not in changed:
        raise Refused("conflict" if any(part.is_undone for part in of.parts) else "validation_failed")
    latest_first = sorted(changed, key=lambda deed: -deed.number)
    return latest_first, [deed for deed in latest_first if deed not in family]


def _stands(deed: Deed) -> bool:
    return not deed.is_undone and deed.name != REVERSAL


def _standing(deeds: Iterable[Deed]) -> Iterable[Deed]:
    for deed in deeds:
        if _stands(deed):
            yield deed
        yield from _standing(deed.parts)


def _rests(later: Deed, on: Deed, lacking: set[Stock]) -> bool:
    """Whether ``later`` used or handled what ``on`` added or handled, or took what it had added to a lot."""
    if any(lot.made_by == on.number for lot, _, _ in later.posted if later is not on):
        return True
    if any(lot.parent and lot.is_held and lot.made_by == on.number for lot, _, _ in later.handled):
        return True
    if later.number < on.number:
        return False
    added = {lot for lot, quantity, _ in on.posted if quantity > 0} & lacking
    return (
        any(lot in added for lot, quantity, _ in later.posted if quantity < 0)
        or bool({lot for lot, _, _ in on.handled} & {lot for lot, _, _ in later.handled})
        or bool({lot for lot, _ in on.moved} & {lot for lot, _ in later.moved})
    )


def _left_without(deeds: Iterable[Deed]) -> dict[Stock, tuple[int, int | None]]:
    left: dict[Stock, tuple[int, int | None]] = {}
    for deed in deeds:
        for lot, quantity, cost in deed.posted:
            have, worth = left.get(lot, (lot.left, lot.cost_left))
            left[lot] = (have - quantity, None if worth is None or cost is None else worth - cost)
    return left


def _can_be(left: int, cost: int | None) -> bool:
    return left >= 0 and (cost or 0) >= 0 and (left > 0 or not cost)


def _parts_since(lot: Stock, number: int) -> Iterable[Stock]:
    """Yield what was split off since, and its own parts, unless it was handled by itself."""
    for part in lot.parts:
        if part.made_by > number and not any(_stands(deed) for deed in part.handled_by):
            yield part
            yield from _parts_since(part, number)


def _undo(world: World, deed: Deed, reason: str) -> dict[str, Any]:
    if not all(_can_be(*left) for left in _left_without([deed]).values()):
        raise Refused("conflict")
    told: list[dict[str, Any]] = []
    for lot, quantity, cost in deed.posted:
        less = None if cost is None else -cost
        world.change(lot, -quantity, less)
        told.append(
            {"lot_id": lot, "lot_code": lot.code, "quantity": quantity_text(-quantity), "cost": money_text(less)}
        )
    for handled, was_held, was_until in deed.handled:
        for lot in (handled, *_parts_since(handled, deed.number)):
            world.remember(lot)
            world.set(lot, "is_held", was_held)
            world.set(lot, "until", was_until)
    for lot, was_at in deed.moved:
        world.set(lot, "place", was_at)
    if deed.split and deed.split[1].is_held and not deed.split[0].is_held:
        raise Refused("conflict")
    for total, amount in deed.costs.items():
        world.add(total, -amount)
    world.set(deed, "is_undone", True)
    return {
        "reversed_operation_id": deed,
        "reversed_operation": deed.name,
        "reason": reason,
        "lots": told,
        "catalog": [],
        "also_reversed": [],
        "reversed_count": 1,
    }
