"""Plan an undo: post the opposite of an operation, after undoing everything that depends on it."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from graphlib import TopologicalSorter
from heapq import heappop, heappush

from bake_tracker.domain.errors import Dependent

DEEPEST = 50
"""How deep the tree of dependents nests, because a starter fed daily would nest for years."""

NEVER: Mapping[str, str] = {
    "record_seal": "a seal is a proof, not a change; a new seal covers newer operations",
    "record_reversal": "record the undone operation again instead",
    "record_user": "disable the user instead; the history still needs the name",
    "record_user_change": "set the old role, or disable or enable the user again",
    "record_password": "set another password; the old one is not stored",
    "record_api_token": "revoke the token instead",
    "record_api_token_revocation": "create a new token; the old one is not stored",
}
"""Operations that cannot be undone, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A posted movement of a lot that ``lot_made_by`` made or received."""

    movement_id: int
    operation_id: str
    lot_id: int
    lot_code: str
    lot_made_by: str
    quantity_micros: int
    cost_micros: int | None
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Undoable:
    """An operation: its name, when it was recorded, and its parent."""

    operation_id: str
    name: str
    recorded_at: str
    parent_id: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """``later`` must be undone before ``earlier``, because of this lot or this catalogue entry."""

    earlier: str
    later: str
    lot_code: str | None
    thing: str | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """What is left of a lot, in millionths; the cost is None if unknown."""

    quantity_micros: int
    cost_micros: int | None

    @property
    def is_possible(self) -> bool:
        """Whether a lot can hold this: nothing below zero, and no cost without quantity."""
        if self.quantity_micros < 0 or (self.cost_micros or 0) < 0:
            return False
        return self.quantity_micros > 0 or not self.cost_micros

    def without(self, one: Posted) -> "Holding":
        """What is left after this movement is undone."""
        cost = None if self.cost_micros is None or one.cost_micros is None else self.cost_micros - one.cost_micros
        return Holding(self.quantity_micros - one.quantity_micros, cost)


def undo_order(operations: Mapping[str, Undoable], posted: Iterable[Posted], links: Iterable[Link]) -> list[str]:
    """The order to undo operations in: latest first, and dependents before what they depend on."""
    last = dict.fromkeys(operations, 0)
    for one in posted:
        last[one.operation_id] = max(last[one.operation_id], one.movement_id)
    sorter = TopologicalSorter[str](dict.fromkeys(operations, ()))
    for link in links:
        sorter.add(link.earlier, link.later)
    sorter.prepare()
    latest_first = sorted(operations, key=lambda key: (last[key], operations[key].recorded_at, key), reverse=True)
    rank = {key: position for position, key in enumerate(latest_first)}
    ready: list[int] = []
    order: list[str] = []
    while sorter.is_active():
        for key in sorter.get_ready():
            heappush(ready, rank[key])
        order.append(latest_first[heappop(ready)])
        sorter.done(order[-1])
    return order


def with_parents(touched: Iterable[str], operations: Mapping[str, Undoable]) -> set[str]:
    """These operations and all their parents."""
    found: set[str] = set()
    for key in touched:
        around: str | None = key
        while around is not None and around in operations and around not in found:
            found.add(around)
            around = operations[around].parent_id
    return found


def impossible_lots(
    posted: Iterable[Posted], holdings: Mapping[int, Holding], operation_ids: Collection[str]
) -> set[int]:
    """The lots that would fall below zero if all of these operations were undone.

    For a lot with a cost statement among them, only the quantity counts: its cost may be unknown again.
    """
    left, stated = dict(holdings), set[int]()
    for one in posted:
        if one.operation_id in operation_ids:
            left[one.lot_id] = left[one.lot_id].without(one)
            if not one.quantity_micros:
                stated.add(one.lot_id)
    return {
        lot_id
        for lot_id, holding in left.items()
        if not (holding.quantity_micros >= 0 if lot_id in stated else holding.is_possible)
    }


def dependents_tree(roots: Iterable[str], operations: Mapping[str, Undoable], links: Iterable[Link]) -> list[Dependent]:
    """The tree of operations that depend on ``roots``; one that depends on several is listed under the first."""
    by_earlier: dict[str, list[Link]] = {}
    for link in links:
        by_earlier.setdefault(link.earlier, []).append(link)
    seen = set(roots)
    found: list[Dependent] = []
    to_look_at = deque((root, found, 1) for root in sorted(seen))
    while to_look_at:
        earlier, below, depth = to_look_at.popleft()
        nodes: dict[str, Dependent] = {}
        for link in by_earlier.get(earlier, ()):
            if link.later in seen and link.later not in nodes:
                continue
            seen.add(link.later)
            user = operations[link.later]
            node = nodes.setdefault(
                link.later,
                {
                    "operation_id": link.later,
                    "operation": user.name,
                    "recorded_at": user.recorded_at,
                    "lots": [],
                    "things": [],
                    "dependents": [],
                },
            )
            for name, among in ((link.lot_code, node["lots"]), (link.thing, node["things"])):
                if name is not None and name not in among:
                    among.append(name)
        below.extend(nodes.values())
        # Below the deepest level, dependents go beside each other, because JSON cannot nest without limit.
        to_look_at.extendleft(
            (node["operation_id"], node["dependents"] if depth < DEEPEST else below, depth + 1)
            for node in reversed(nodes.values())
        )
    return found
