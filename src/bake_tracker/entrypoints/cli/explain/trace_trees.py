"""Draw where a lot came from and where it went; each lot is shown in full once."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from rich.tree import Tree

from bake_tracker.domain.amounts import amount, amount_of
from bake_tracker.domain.stock.recall import Step, Trace, TracedLot
from bake_tracker.entrypoints.cli.state import out, twig

DEEPEST = 20
"""Deeper steps would not fit the width, so the tree names the lot to continue with."""

_VERBS = {
    "waste": "thrown away",
    "spoilage": "spoiled",
    "gift": "given away",
    "sample": "given as a sample",
    "sale": "sold",
    "sent back": "sent back",
    "correction": "corrected",
    "stocktake": "corrected by a count",
}

Direction = Literal["back", "forward"]


def show_trace(trace: Trace, directions: Sequence[Direction] = ("back", "forward")) -> None:
    """Print the lot, or each that has its code, what it was made of and what was made of it."""
    lots = {one["lot_id"]: one for one in trace["lots"]}
    for lot in trace.get("same_code") or [trace["lot"]]:
        tree = Tree(twig(lot_line(lot), "bold"), guide_style="dim")
        if "back" in directions:
            _grow(tree.add(twig("came from", "dim")), lot, trace["back"], lots, "back")
        if "forward" in directions:
            _grow(tree.add(twig("went to", "dim")), lot, trace["forward"], lots, "forward")
        out.print(tree)


def lot_line(lot: TracedLot) -> str:
    """A lot on one line: code, quantity, item, origin and what is left."""
    what = amount_of(lot["quantity"], lot["unit"], lot["item_slug"])
    return f"{lot['lot_code']}: {what}, {origin(lot)}; {state_of(lot)}"


def origin(lot: TracedLot) -> str:
    """How the lot was made or received, when and from whom."""
    if lot["split_from"]:
        return f"split from {lot['split_from']}"
    if lot["brought_by"] != "received":
        return f"{lot['brought_by']} on {lot['brought_on']}" + (f", {lot['reference']}" if lot["reference"] else "")
    source = f" from {lot['supplier']}" if lot["supplier"] else ""
    document = f", document {lot['reference']}" if lot["reference"] else ""
    return f"received on {lot['brought_on']}{source}{document}"


def state_of(lot: TracedLot) -> str:
    """How much of the lot is left, and where it is."""
    if lot["state"] in ("used up", "undone"):
        return lot["state"]
    place = f" in {lot['location']}" if lot["location"] else ""
    return f"{amount(lot['on_hand'], lot['unit'])} {lot['state']}{place}"


def to_whom(step: Step) -> str:
    """The customer who got it, and the event."""
    name = f" to {step['recipient']}" if step["recipient"] else ""
    household = f" ({step['household']})" if step["household"] else ""
    return f"{name}{household}" + (f" for {step['event']}" if step["event"] else "")


def _grow(root: Tree, lot: TracedLot, steps: Sequence[Step], lots: dict[int, TracedLot], direction: Direction) -> None:
    """Draw the steps without recursion, because a lot may be thousands of steps away."""
    end: Literal["into_lot_id", "from_lot_id"] = "into_lot_id" if direction == "back" else "from_lot_id"
    if not any(step[end] == lot["lot_id"] for step in steps):
        root.add(
            twig("nothing: it was received" if direction == "back" else "nothing: none of it has been used", "dim")
        )
        return
    of_lot: defaultdict[int | None, list[Step]] = defaultdict(list)
    for step in steps:
        of_lot[step[end]].append(step)
    told: set[int] = set()
    to_tell = [(root, lot["lot_id"], 0)]
    while to_tell:
        branch, lot_id, depth = to_tell.pop()
        if not of_lot[lot_id]:
            continue
        if lot_id in told:
            branch.add(twig("shown above", "dim"))
            continue
        if depth >= DEEPEST:
            branch.add(twig(f"continues with: bake trace {lots[lot_id]['lot_code']}", "dim"))
            continue
        told.add(lot_id)
        below = []
        for step in of_lot[lot_id]:
            other = step["from_lot_id" if direction == "back" else "into_lot_id"]
            text = _back_line(step, lots) if direction == "back" else _forward_line(step, lots)
            twigs = branch.add(twig(text, "yellow" if step["undone_because"] is not None else ""))
            if other is not None:
                below.append((twigs, other, depth + 1))
        to_tell.extend(reversed(below))


def _forward_line(step: Step, lots: dict[int, TracedLot]) -> str:
    what = f"{amount(step['quantity'], step['unit'])} {_done(step)}"
    if step["into_lot_id"] is None:
        lost = ", a total loss" if step["kind"] in ("baked", "packed") else ""
        return f"{what.removesuffix(',')}{lost}{_because(step)}"
    lot = lots[step["into_lot_id"]]
    state = "" if step["undone_because"] is not None else f"; {state_of(lot)}"
    return f"{what} into {lot['lot_code']}: {amount(lot['quantity'], lot['unit'])}{state}{_because(step)}"


def _back_line(step: Step, lots: dict[int, TracedLot]) -> str:
    return f"{amount(step['quantity'], step['unit'])} of {lot_line(lots[step['from_lot_id']])}{_because(step)}"


def _done(step: Step) -> str:
    reference = f", {step['reference']}," if step["reference"] and step["kind"] in ("baked", "packed") else ""
    who = to_whom(step) if step["kind"] not in ("baked", "packed") else ""
    back = f", of which {amount(step['came_back'], step['unit'])} came back" if "came_back" in step else ""
    event = f" for {step['event']}" if step["event"] and not who else ""
    return f"{_VERBS.get(step['kind'], step['kind'])}{who} on {step['on']}{reference}{event}{back}"


def _because(step: Step) -> str:
    undone = f" (undone: {step['undone_because']})" if step["undone_because"] is not None else ""
    return (f": {step['reason']}" if step["reason"] else "") + undone
