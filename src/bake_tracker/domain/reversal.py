"""What undoing an operation takes: the opposite of what it posted, after everything that rests on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bake_tracker.domain.errors import Dependent


@dataclass(frozen=True, slots=True)
class Posted:
    """One movement as it was posted, of a lot that ``lot_made_by`` brought."""

    movement_id: int
    operation_id: str
    lot_id: int
    lot_code: str
    lot_made_by: str
    item_id: int
    quantity_micros: int
    cost_micros: int | None


@dataclass(frozen=True, slots=True)
class Undoable:
    """An operation that stands: what it is called, when it was recorded, and inside which other."""

    operation_id: str
    name: str
    recorded_at: str
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class Holding:
    """What is left of a lot now, in millionths; cost is None when unknown."""

    quantity_micros: int
    cost_micros: int | None


def brought_lots(operation_ids: Iterable[str], posted: Iterable[Posted]) -> set[int]:
    """The lots that these operations made."""
    wanted = set(operation_ids)
    return {one.lot_id for one in posted if one.operation_id in wanted and one.lot_made_by == one.operation_id}


def undo_order(operation_ids: Iterable[str], posted: Iterable[Posted], recorded_at: Mapping[str, str]) -> list[str]:
    """The latest first: what uses a lot has posted after what brought it."""
    last = dict.fromkeys(operation_ids, 0)
    for one in posted:
        if one.operation_id in last:
            last[one.operation_id] = max(last[one.operation_id], one.movement_id)
    return sorted(last, key=lambda key: (last[key], recorded_at[key], key), reverse=True)


def can_give_back(holding: Holding, quantity_micros: int, cost_micros: int | None) -> bool:
    """Whether a lot still holds what was once added to it; a lot that is empty then has no cost left either."""
    left = holding.quantity_micros - quantity_micros
    if left < 0 or (holding.cost_micros is None) != (cost_micros is None):
        return False
    if holding.cost_micros is None or cost_micros is None:
        return True
    cost_left = holding.cost_micros - cost_micros
    return cost_left >= 0 and (left > 0 or cost_left == 0)


def dependents_tree(
    roots: Iterable[str], operations: Mapping[str, Undoable], posted: Iterable[Posted]
) -> list[Dependent]:
    """Who used what ``roots`` brought, and so on; an operation that used several things stands at the first."""
    by_lot: dict[int, list[Posted]] = {}
    for one in posted:
        by_lot.setdefault(one.lot_id, []).append(one)
    seen = set(roots)

    def below(lots_of: str) -> list[Dependent]:
        found: dict[str, Dependent] = {}
        made = [lot for lot, moves in by_lot.items() if any(m.lot_made_by == lots_of for m in moves)]
        for lot in made:
            for move in by_lot[lot]:
                if move.operation_id in seen and move.operation_id not in found:
                    continue
                user = operations[move.operation_id]
                node = found.setdefault(
                    user.operation_id,
                    {
                        "operation_id": user.operation_id,
                        "operation": user.name,
                        "recorded_at": user.recorded_at,
                        "lots": [],
                        "dependents": [],
                    },
                )
                if move.lot_code not in node["lots"]:
                    node["lots"].append(move.lot_code)
                seen.add(user.operation_id)
        for node in found.values():
            node["dependents"] = below(node["operation_id"])
        return list(found.values())

    return [node for root in list(seen) for node in below(root)]
